"""What is found, answered, checked and covered, as `index.wire` writes it. Offsets are code points of a document."""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from index.api.described import Described, Offset, Share
from index.records import Status, Verdict

_DOCUMENT: JsonDict = {
    "id": "3f0b5c2a9d1e4f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd",
    "title": "On the Mode of Communication of Cholera",
    "source": "cholera.pdf",
    "author": "John Snow",
    "date": "1855",
    "claimed": False,
}
_LOCATION: JsonDict = {"page": "39", "heading": "", "paragraph": 2, "label": "p. 39, ¶ 2"}
_QUOTE: JsonDict = {
    "start": 80412,
    "end": 80473,
    "text": "Nearly all the deaths had taken place near the Broad Street pump.",
}
_CITATION: JsonDict = {
    "marker": 1,
    "document": _DOCUMENT,
    "location": _LOCATION,
    "start": _QUOTE["start"],
    "end": _QUOTE["end"],
    "quote": _QUOTE["text"],
}


def _statement(marker: int, verdict: Verdict) -> JsonDict:
    """The quotation as a statement."""
    return {
        "text": _QUOTE["text"],
        "markers": [marker],
        "verdict": verdict,
        "detail": "",
        "nearest": None,
        "is_claim": True,
    }


_TIMINGS: JsonDict = {"encode": 4.1, "search": 2.3, "evidence": 1.2}


class Reference(Described):
    """A document, as a citation names it."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    title: str
    """What the format or the text states; empty where neither does. The same holds for `author` and `date`."""
    source: str
    """The name of its file, or the address it came from. Where on the server a file is kept is never told."""
    author: str
    """In one line, as the document has it."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    claimed: bool
    """Whether a portable library brought its words, and nobody here has compared them with the file."""


class Location(Described):
    """Where words stand, as a reader is told."""

    page: str
    """The label of the page; empty where the format has none."""
    heading: str
    """The headings above, outermost first, joined by ` > `."""
    paragraph: int = Field(ge=0)
    """Counted from 1 below the nearest page or heading; 0 where the document has no paragraphs."""
    label: str
    """All of it in one line: `p. 3, § Trade, ¶ 2`."""


class Quote(Described):
    """A sentence of a document."""

    start: Offset
    """Where it begins."""
    end: Offset
    """Where it ends; the character there is not part of it."""
    text: str
    """The words from `start` to `end`, to the letter."""


class Why(Described):
    """What made a passage a hit."""

    dense: float | None
    """Cosine of question and passage; null where that side was not asked."""
    dense_rank: int | None
    """Its place among the candidates by meaning, from 1; null where it was not among them."""
    lexical: float | None
    """BM25 score; 0 where no word of the question occurs near, null where that side was not asked."""
    lexical_rank: int | None
    """Its place among the candidates by words, from 1; null where it was not among them."""
    fused: float
    """Both sides' scores, each as a share of the best, weighted; in [0, 1]."""
    evidence: float
    """How strongly the best sentence speaks to the question."""
    verbatim: bool
    """Whether it comes first because it holds the question word for word."""
    reranked: float | None
    """What the reranker says, in [0, 1]; null where there is none."""
    matched_terms: list[str]
    """The question's words that occur in the passage."""
    pin_terms: list[str]
    """Those of them that occur in the pin, the rarest first."""
    nearest_words: list[str]
    """The words of the pin that are nearest to the question in meaning; only where `explain` asks for them."""


class Hit(Described):
    """A passage that was found."""

    score: Share
    """Higher is better; comparable among the hits of one question."""
    document: Reference
    """Which document it is from."""
    location: Location
    """Where the pin stands."""
    start: Offset
    """Where the passage begins."""
    end: Offset
    """Where it ends."""
    text: str
    """The passage, to the letter."""
    pin: Quote
    """The sentence that carries the evidence."""
    runner_up: Quote | None
    """The sentence that comes next to it; null where there is no other."""
    why: Why
    """The reasons."""
    also: list["Hit"]
    """Further passages that say the same in nearly the same words, best first."""


class Found(Described):
    """What a search brought."""

    question: str
    """As it was asked, without white space around it."""
    hits: list[Hit]
    """Best first."""
    notes: list[str]
    """What the reader should know of how the question was understood, and of what could not be searched."""
    timings_ms: dict[str, float]
    """Where the time went, in milliseconds."""


class Statement(Described):
    """A sentence of an answer, or of a text that was checked."""

    text: str
    """Its words, without markers."""
    markers: list[int]
    """The citations that decide its verdict: what bears it out, or of a contradicted sentence what says otherwise; none
    where it is unverified."""
    verdict: Verdict
    """`verbatim`: its words stand in a source. `supported`: every part of it is accounted for by a source.
    `contradicted`: a source says otherwise. `unverified`: none of these could be proven."""
    detail: str
    """In words: what differs, what is not in the source, or why it could not be checked. Words that it names stand
    between asterisks."""
    nearest: int | None
    """Of an unverified sentence, the citation whose words come nearest, and were not found to bear it out; null where
    nothing is near."""
    is_claim: bool
    """False where it states nothing, as a question or a heading does: then it was not checked."""


class Citation(Described):
    """A numbered reference to the exact words."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CITATION]})

    marker: int = Field(ge=1)
    """Its number, by which statements name it."""
    document: Reference
    """Which document it is from."""
    location: Location
    """Where the words stand."""
    start: Offset
    """Where they begin."""
    end: Offset
    """Where they end."""
    quote: str
    """The words of the document's text from `start` to `end`, to the letter."""


class Searched(Described):
    """The size of what was searched."""

    passages: int
    """Passages."""
    documents: int
    """Documents."""


class Answer(Described):
    """What the documents say to a question, or that they do not say it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "question": "Where did most of the deaths occur?",
                    "status": "answered",
                    "confidence": 0.93,
                    "bar": 0.6,
                    "writer": "quote",
                    "statements": [_statement(1, "verbatim")],
                    "citations": [_CITATION],
                    "hits": [],
                    "searched": {"passages": 412, "documents": 3},
                    "notes": [],
                    "timings_ms": _TIMINGS,
                }
            ]
        }
    )

    question: str
    """As it was asked, without white space around it."""
    status: Status
    """`answered`; `unsure`: the statements came nearest and may hold an answer, but may as well not; `abstained`: the
    documents hold no answer; the first hit is the nearest there is, and no answer."""
    confidence: Share
    """How well what was found matches the question. It is not the chance that the answer is right."""
    bar: Share
    """The confidence from which on an answer is given."""
    writer: Literal["quote", "model"]
    """Whose words the statements are: the documents' own, or a language model's."""
    statements: list[Statement]
    """In the order in which they are read; none where the status is `abstained`."""
    citations: list[Citation]
    """By marker, from 1."""
    hits: list[Hit]
    """The passages that were found, best first."""
    searched: Searched
    """Among how much was searched."""
    notes: list[str]
    """What the reader should know beside the answer: how the question was understood, which words of it no passage
    mentions (these stand between asterisks), what could not be searched, what went wrong with the model."""
    timings_ms: dict[str, float]
    """Where the time went, in milliseconds."""


class Piece(Described):
    """What a model has just written; nothing of it has been checked."""

    text: str
    """To be put behind what came before."""


class Checked(Described):
    """A text, sentence by sentence, against the documents."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "summary": "1 of 2 sentences supported, 1 not verified; 1 states nothing",
                    "supported": 1,
                    "claims": 2,
                    "statements": [
                        _statement(1, "verbatim"),
                        {
                            "text": "The mayor secretly closed the pump.",
                            "markers": [],
                            "verdict": "unverified",
                            "detail": "not in the source: *mayor*, *secretly*, *closed*",
                            "nearest": 1,
                            "is_claim": True,
                        },
                        {
                            "text": "Why?",
                            "markers": [],
                            "verdict": "unverified",
                            "detail": "Not checked: a question states nothing.",
                            "nearest": None,
                            "is_claim": False,
                        },
                    ],
                    "citations": [_CITATION],
                    "notes": [],
                }
            ]
        }
    )

    summary: str
    """In a line."""
    supported: int = Field(ge=0)
    """How many statements the documents bear out: those that are `verbatim` or `supported`."""
    claims: int = Field(ge=0)
    """How many statements state something."""
    statements: list[Statement]
    """All sentences, in order, each with its verdict; also those that state nothing, which are not checked."""
    citations: list[Citation]
    """What bears a statement out, contradicts it, or comes nearest to it; by marker, from 1."""
    notes: list[str]
    """What could not be searched: then `unverified` says less."""


class Covered(Described):
    """What one document has to say."""

    document: Reference
    """Which."""
    hit: Hit | None
    """Its best passage; null where no sentence of it speaks to the question: absence is a finding, too."""


class Coverage(Described):
    """What each document has to say to a question."""

    question: str
    """As it was asked, without white space around it."""
    documents: list[Covered]
    """One each; those that speak to the question come first, the best of them foremost."""
    notes: list[str]
    """What the reader should know of what could not be searched."""
