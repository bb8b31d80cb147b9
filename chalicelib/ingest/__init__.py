"""Source to raw, and what starts it."""
