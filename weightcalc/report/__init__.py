"""Class balance as tables, files and pictures."""
