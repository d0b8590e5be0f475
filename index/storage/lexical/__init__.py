"""Passages by words. Only this package imports tantivy."""
