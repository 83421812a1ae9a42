"""Words for people: names escaped, columns, numbers, the voice on standard error."""
