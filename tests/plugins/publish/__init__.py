"""Tests of index.plugins.publish: what becomes public, and the folders that hosts serve."""
