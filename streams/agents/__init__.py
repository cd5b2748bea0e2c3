"""The thin shells round the three cores."""
