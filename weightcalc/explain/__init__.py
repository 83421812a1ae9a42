"""What a list of weights says of how it was made."""
