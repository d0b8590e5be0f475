"""The readers of markup languages that people write by hand."""
