"""From an open file to the value counts of its masks."""
