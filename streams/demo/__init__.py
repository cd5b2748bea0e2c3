"""A story to show what Tocsin does, and the stage for it."""
