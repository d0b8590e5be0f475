"""The lexical index: finds passages by words. Only this package imports tantivy."""
