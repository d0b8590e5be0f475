"""Turns hits into an answer.

`intents` reads what a question asks for, `fitness` scores how well a sentence fits it, `quoting` chooses the words and
`vicinity` the sentences that belong to them. `confidence` estimates whether the documents hold an answer at all.
`modelling` lets a language model write, and `citing` checks its text. `proving` checks what somebody else wrote.
`second_opinion` may doubt what the last two accept.
"""

from index.answering.answers import quoted, unasked
from index.answering.completeness import asked_back, is_fragment
from index.answering.confidence import confidence, not_mentioned
from index.answering.intents import understood
from index.answering.modelling import written
from index.answering.neighbourhood import reach, widened
from index.answering.proving import checked, unchecked
from index.answering.quoting import quotes
from index.answering.second_opinion import second_opinion

__all__ = [
    "asked_back",
    "checked",
    "confidence",
    "is_fragment",
    "not_mentioned",
    "quoted",
    "quotes",
    "reach",
    "second_opinion",
    "unasked",
    "unchecked",
    "understood",
    "widened",
    "written",
]
