"""PDF to text in reading order. The only door to pypdfium2."""
