"""The agent score: from text to rows."""
