"""Hits to an answer: `quoting` chooses the words, `confidence` says whether the documents hold an answer at all,
`proving` compares what somebody else wrote with the documents.
"""

from index.answering.answers import quoted
from index.answering.confidence import confidence
from index.answering.proving import check
from index.answering.quoting import quotes

__all__ = ["check", "confidence", "quoted", "quotes"]
