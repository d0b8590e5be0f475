"""Hits to an answer. `quoting` chooses the words, and `confidence` says whether the documents hold an answer at all;
`modelling` lets a language model write, and `citing` checks it; `proving` checks what somebody else wrote,
and `second_opinion` may doubt what either of them lets pass.
"""

from index.answering.answers import quoted
from index.answering.confidence import confidence
from index.answering.modelling import written
from index.answering.proving import checked, unchecked
from index.answering.quoting import quotes
from index.answering.second_opinion import second_opinion

__all__ = ["checked", "confidence", "quoted", "quotes", "second_opinion", "unchecked", "written"]
