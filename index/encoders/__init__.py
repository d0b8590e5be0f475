"""Models that turn texts into vectors or scores. Only this package imports torch and sentence-transformers. It
knows no store and reads no documents.
"""
