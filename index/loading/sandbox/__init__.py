"""Reads files in processes with limited memory and time. No format is known here."""
