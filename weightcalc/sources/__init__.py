"""Names masks, and opens one by its name."""
