"""Pages that are written once, to be looked at."""
