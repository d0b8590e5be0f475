"""Stores a library: the catalog is the truth, the two indexes are made from it. Nothing here ranks or answers."""
