"""What is kept: the catalog, which is the truth, and the two indexes made from it."""
