"""Tests of `index.loading.sandbox`."""
