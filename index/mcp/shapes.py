"""What the tools give: of the shapes of `index.wire` what an assistant needs, and links.

Offsets are code points of the document's text, `end` is exclusive: `read` gives the same words by them.
"""

from pydantic import BaseModel, ConfigDict

from index.records import Status, Verdict


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
    """The citations that decide its verdict: what bears it out, or of a contradicted sentence what says otherwise; none
    where it is unverified."""
    verdict: Verdict
    """`verbatim` and `supported` are borne out by the documents; `contradicted` and `unverified` are not."""
    detail: str
    """What differs, what is not in the source, or why it could not be checked; words it names between asterisks."""
    nearest: int | None
    """Of an unverified sentence, the citation that comes nearest. It was not found to bear the sentence out: never cite
    it as if it did."""
    is_claim: bool
    """False for a question or a heading, which states nothing and is not checked."""


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
    status: Status
    """`unsure`: the statements came nearest and may hold the answer, or may not: say that you are not sure, and quote
    them. `abstained`: the documents hold no answer. Say so; do not make one of the hits."""
    confidence: float
    """How well what was found matches the question, in [0, 1]; not the chance that the answer is right."""
    bar: float
    """The confidence from which on an answer is given."""
    statements: list[Statement]
    """The documents' own sentences, in the order in which they are read; none where the status is `abstained`."""
    citations: list[Citation]
    """By marker, from 1."""
    hits: list[Passage]
    """Where there is no answer, the passages that come nearest; else none."""
    notes: list[str]
    """What to tell the reader beside the answer: how the question was understood, which words of it no passage mentions
    (between asterisks), what could not be searched."""


class Checked(Shape):
    """A text, sentence by sentence, against the documents."""

    summary: str
    supported: int
    """How many statements the documents bear out."""
    claims: int
    """How many statements state something."""
    statements: list[Statement]
    """All sentences, in order, each with its verdict."""
    citations: list[Citation]
    """What bears a statement out, contradicts it, or comes nearest to it; by marker, from 1."""
    notes: list[str]
    """What could not be searched: then `unverified` says less."""


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
