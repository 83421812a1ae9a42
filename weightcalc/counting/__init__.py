"""Counts many masks, on any engine."""
