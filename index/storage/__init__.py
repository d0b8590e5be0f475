"""Keeps a library: the catalog, which is the truth, and the two indexes made from it. Nothing here ranks or answers."""
