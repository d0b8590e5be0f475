"""The readers of data: trees of records, and references."""
