"""Documents are unchanged when they are sent between two processes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import LoadingError, PasswordRequired
from index.loading.sandbox import messages
from index.loading.sandbox.messages import (
    Cost,
    Parsed,
    ProtocolError,
    receive_parsed,
    send_error,
    send_json,
    send_parsed,
)
from index.records import Chunk, Document, Landmark, Span
from tests.cases import cases

COST = Cost(0.25, 100.0)
WORDS = st.text(st.characters(exclude_categories=()), max_size=30)
PAGES = WORDS.map(lambda words: words.replace("\f", " "))
LANDMARKS = st.builds(
    Landmark, st.sampled_from(["page", "heading", "paragraph"]), st.integers(0, 2**31), WORDS, st.integers(0, 6)
)
SPANS = st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)).map(lambda pair: Span(*pair))
CHUNKS = st.builds(Chunk, st.integers(0, 2**31), st.integers(0, 2**31), st.lists(SPANS, max_size=5).map(tuple))
DOCUMENTS = st.builds(
    Document, *[WORDS] * 7, st.lists(LANDMARKS, max_size=9).map(tuple), st.lists(WORDS, max_size=3).map(tuple)
)


@given(DOCUMENTS, st.none() | st.lists(CHUNKS, max_size=9).map(tuple), st.lists(PAGES, max_size=4).map(tuple))
def test_document_survives_sending_and_receiving(
    document: Document, chunks: tuple[Chunk, ...] | None, pages: tuple[str, ...]
) -> None:
    """The received document equals the sent one, and nothing is left in the pipe."""
    pipe = io.BytesIO()
    send_parsed(pipe, Parsed(document, chunks, COST, pages))
    pipe.seek(0)
    assert receive_parsed(pipe) == Parsed(document, chunks, COST, pages)
    assert pipe.read() == b""


def test_long_document_is_sent_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """No frame exceeds the limit, whatever the length of the document."""
    for name, value in (("_PIECE", 10), ("_LANDMARKS", 2), ("_CHUNKS", 2)):
        monkeypatch.setattr(messages, name, value)
    monkeypatch.setattr(messages, "MAX_FRAME_BYTES", 400)
    marks = tuple(Landmark("paragraph", n) for n in range(15))
    chunks = tuple(Chunk(n, n + 1, (Span(n, n + 1),)) for n in range(15))
    document = Document("i", "s", "", "", "", "text/plain", "Häfen 🚢 " * 100, marks)
    pipe = io.BytesIO()
    send_parsed(pipe, Parsed(document, chunks, COST))
    pipe.seek(0)
    assert receive_parsed(pipe) == Parsed(document, chunks, COST)


@pytest.mark.parametrize(
    "error", [PasswordRequired("It is locked.", "Unlock it."), LoadingError("It failed.", "Fix it.")]
)
def test_error_keeps_its_type_and_message(error: LoadingError) -> None:
    """The receiver raises the error that was sent."""
    pipe = io.BytesIO()
    send_error(pipe, error, COST)
    pipe.seek(0)
    with pytest.raises(LoadingError) as caught:
        receive_parsed(pipe)
    assert (type(caught.value), str(caught.value)) == (type(error), str(error))


@pytest.mark.parametrize("name", ["SystemExit", "LibraryDamaged", "annotations", "no such thing"])
def test_unknown_error_type_becomes_a_loading_error(name: str) -> None:
    """Only subclasses of LoadingError are created from a name in an answer."""
    pipe = io.BytesIO()
    send_json(pipe, {"error": name, "message": "It failed.", "hint": ""})
    pipe.seek(0)
    with pytest.raises(LoadingError) as caught:
        receive_parsed(pipe)
    assert type(caught.value) is LoadingError


def _framed(*values: object) -> bytes:
    """Return the values as frames."""
    pipe = io.BytesIO()
    for value in values:
        send_json(pipe, value)
    return pipe.getvalue()


HEAD = {
    "stated": ["x"] * 6,
    "notes": [],
    "cost": {"seconds": 0, "megabytes": 0},
    "pieces": 0,
    "landmarks": 1,
    "chunks": None,
}


@cases(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00" * 7, id="half a length"),
        pytest.param(b"\x00" * 7 + b"\x05ab", id="half a frame"),
        pytest.param(b"\xff" * 8, id="a frame longer than any"),
        pytest.param(b"\x00" * 7 + b"\x02{]", id="no JSON"),
        pytest.param(_framed([1, 2]), id="no answer"),
        pytest.param(_framed({"pieces": 1}), id="an answer without a document"),
        pytest.param(_framed(HEAD, [["chapter", 0, "", 0]]), id="a landmark of no kind"),
        pytest.param(_framed(HEAD, [["page", "one", "", 0]]), id="a landmark nowhere"),
        pytest.param(_framed({**HEAD, "stated": ["x"]}, []), id="too little stated"),
    ],
)
def test_invalid_answer_is_a_protocol_error(answer: bytes) -> None:
    """Any malformed answer raises ProtocolError and nothing else."""
    with pytest.raises(ProtocolError):
        receive_parsed(io.BytesIO(answer))
