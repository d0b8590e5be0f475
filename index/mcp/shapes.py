"""What the tools give: of the shapes of `index.wire` what an assistant needs, and links.

Offsets are code points of the document's text, `end` is exclusive: `read` gives the same words by them.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from index.records import Verdict


class Shape(BaseModel):
    """A result, or a part of one; what else is in the wire's shape is left out."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Reference(Shape):
    """A document."""

    id: str
    """By which `read` and the `documents` of other tools know it."""
    title: str
    """As the document states it; empty where it does not. The same holds for `author` and `date`."""
    source: str
    """The name of its file, or its address."""
    author: str
    date: str
    """ISO 8601, as precise as stated."""
    claimed: bool
    """Whether an import brought its words and nobody has compared them with the file: say so where you cite it."""


class Location(Shape):
    """Where words stand, as a reader is told."""

    page: str
    heading: str
    paragraph: int
    label: str
    """All of it in one line, to be put into a citation: `p. 3, § Trade, ¶ 2`."""


class Sentence(Shape):
    """A sentence of a document."""

    start: int
    end: int
    text: str
    """To the letter."""


class Passage(Shape):
    """A passage of a document."""

    score: float
    """In [0, 1], higher is better; comparable among the passages of one question."""
    document: Reference
    location: Location
    """Where the pin stands."""
    start: int
    end: int
    text: str
    """The passage, to the letter."""
    pin: Sentence
    """The sentence that carries the evidence: quote this one."""
    link: str
    """To the pin."""


class Found(Shape):
    """What a search brought."""

    question: str
    hits: list[Passage]
    """Best first. A hit is what comes nearest; whether it answers the question is for its words to say."""
    notes: list[str]
    """How the question was understood, and what could not be searched, where that needs saying."""


class Statement(Shape):
    """A sentence of an answer, or of a text that was checked."""

    text: str
    markers: list[int]
    """The citations it rests on; none where nothing supports it."""
    verdict: Verdict
    """`quoted` and `supported` are borne out; all others are not, and say in what."""
    detail: str
    """What differs, in words."""


class Citation(Shape):
    """A numbered reference to the exact words."""

    marker: int
    document: Reference
    location: Location
    start: int
    end: int
    quote: str
    """The document's words from `start` to `end`, to the letter."""
    link: str
    """To these words."""


class Answer(Shape):
    """What the documents say to a question, or that they do not say it."""

    question: str
    status: Literal["answered", "abstained"]
    """`abstained`: the documents hold no answer. Say so; do not make one of the hits."""
    confidence: float
    """How likely it is that the documents hold an answer, in [0, 1]."""
    bar: float
    """The confidence from which on an answer is given."""
    statements: list[Statement]
    """The documents' own sentences, in the order in which they are read; none where there is no answer."""
    citations: list[Citation]
    """By marker, from 1."""
    hits: list[Passage]
    """Where there is no answer, the passages that come nearest; else none."""
    notes: list[str]
    """What to tell the reader beside the answer: how the question was understood, what could not be searched."""


class Checked(Shape):
    """A text, sentence by sentence, against the documents."""

    summary: str
    supported: int
    """How many statements the documents support."""
    statements: list[Statement]
    """All sentences that state something, in order, each with its verdict."""
    citations: list[Citation]
    """What supports a statement, or contradicts it; by marker, from 1."""
    notes: list[str]
    """What could not be searched: then `not found` is less sure."""


class Text(Shape):
    """A part of a document's text."""

    document: Reference
    location: Location
    """Where the part begins."""
    start: int
    end: int
    text: str
    """The document's text from `start` to `end`, to the letter."""
    characters: int
    """How many the whole document has."""
    next: int | None
    """Where to read on; null where the document ends."""
