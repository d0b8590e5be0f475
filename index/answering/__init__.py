"""Hits to an answer. `quoting` chooses the words, and `confidence` says whether the documents hold an answer at all;
`modelling` lets a language model write, and `citing` checks it; `proving` checks what somebody else wrote.
"""

from index.answering.answers import quoted
from index.answering.confidence import confidence, not_mentioned
from index.answering.modelling import written
from index.answering.proving import checked, stated
from index.answering.quoting import quotes

__all__ = ["checked", "confidence", "not_mentioned", "quoted", "quotes", "stated", "written"]
