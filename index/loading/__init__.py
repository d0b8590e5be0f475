"""Files to documents: one module for each format. Nothing here stores, encodes or answers."""
