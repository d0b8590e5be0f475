"""Recognises the words in pictures of pages. Only this package calls programs that do so."""
