"""Reads files in processes with limited memory and time. This package knows no format."""
