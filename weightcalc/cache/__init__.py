"""Value counts of masks that were read before."""
