"""Loops over pixels: a face that checks, the NumPy twin, and the C twin."""
