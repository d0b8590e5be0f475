"""Converts PDF to text in reading order. Only this package imports pypdfium2."""
