"""The agent watch: from rows to alerts."""
