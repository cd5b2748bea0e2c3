"""What answers each address: pages, their JSON twins, decisions, links from messages, and what machines ask."""

from __future__ import annotations
