"""Models that turn texts into vectors or scores. The only door to torch and sentence-transformers; no store and no
files of documents here.
"""
