"""Storage: the catalog, which is the truth, and the two indexes that are built from it."""
