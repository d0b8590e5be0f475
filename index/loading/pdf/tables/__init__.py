"""Finds the tables of a PDF page by their rules and their columns, and turns them into cells with headers."""
