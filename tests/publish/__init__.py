"""Tests of index.publish: what becomes public, and the folders that hosts serve."""
