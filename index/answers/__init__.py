"""Turns hits into an answer: quotations, or a language model's sentences, each checked. Nothing here searches."""
