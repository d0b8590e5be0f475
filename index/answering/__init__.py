"""Hits to an answer: `quoting` chooses the words, `confidence` says whether the documents hold an answer at all."""

from index.answering.answers import quoted
from index.answering.confidence import confidence
from index.answering.quoting import quotes

__all__ = ["confidence", "quoted", "quotes"]
