"""Rules on a data set, for CI."""
