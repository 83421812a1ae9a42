"""Published formulas of class weights, and weights files."""
