"""Who a file names: the values that must be hidden from a model outside the house before it sees the file."""
