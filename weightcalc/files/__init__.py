"""Small files read within bounds, and results written whole."""
