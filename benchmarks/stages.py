"""Measures the stages of `library.add` one after the other on the same files, and the encoding of a question."""

from __future__ import annotations

import statistics
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.machine import seconds
from index import Library, Settings
from index.encoders.encoder import Draft, SentenceTransformerEncoder, _pooled
from index.encoders.precision import LIBRARY_PRECISIONS
from index.encoders.pretrained import default_weights
from index.loading.loader import load
from index.records import Span
from index.storage.tables import pack_sentence_vectors, pack_vector
from index.text.chunks import Chunker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoders.encoder import Encoded, Vectors

QUESTIONS, QUESTION_WORDS = 40, 12


class CachedEncoder:
    """An encoder that has cached the vectors of all texts, to measure `add` without the encoding."""

    def __init__(self, encoder: SentenceTransformerEncoder, drafts: Sequence[Draft]) -> None:
        self._encoder = encoder
        self._encoded = dict(zip((draft.text for draft in drafts), encoder.encode(drafts), strict=True))
        self.name, self.dimension, self.max_tokens = encoder.name, encoder.dimension, encoder.max_tokens
        self.tokenizer_json = encoder.tokenizer_json
        self.count_tokens, self.encode_question = encoder.count_tokens, encoder.encode_question

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`."""
        if progress:
            progress(len(drafts))
        return self.encode_quotes(drafts)

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """See `Encoder.encode_quotes`."""
        return [self._encoded[draft.text] for draft in drafts]


def stages(files: Path, encoder: SentenceTransformerEncoder) -> list[dict[str, Any]]:
    """Return a row for each stage: milliseconds per passage, and their share of the time of `library.add`."""
    paths = sorted(files.iterdir())
    chunker = Chunker(limit=encoder.max_tokens, count_tokens=encoder.count_tokens)
    times: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = perf_counter()
        done = work()
        times[name] = perf_counter() - began
        return done

    documents = timed("read and parse", lambda: [load(path, max_bytes=10**9) for path in paths])
    chunked = timed(
        "chunk, counting tokens", lambda: [chunker.chunk(document.text, document.landmarks) for document in documents]
    )
    drafts = [
        Draft(document.text[c.start : c.end], tuple(Span(s.start - c.start, s.end - c.start) for s in c.sentences))
        for document, chunks in zip(documents, chunked, strict=True)
        for c in chunks
    ]
    tokenised, lengths = timed("tokenise", lambda: encoder._tokenised([draft.text for draft in drafts]))
    forward = encoder._document_pass()
    passed = timed("encode: forward pass", lambda: list(encoder._batched(tokenised, lengths, forward)))
    tokens = {id(tokenised[i]): rows for batch, _, split in passed for i, rows in zip(batch, split, strict=True)}
    timed("pool sentences", lambda: [_sentences(*pair, tokens) for pair in zip(drafts, tokenised, strict=True)])
    known = CachedEncoder(encoder, drafts)
    timed("pack vectors", lambda: [_pack(encoded) for encoded in known.encode(drafts)])
    timed("all but encoding: library.add of known vectors", lambda: _add(files, known))
    whole = timed("library.add", lambda: _add(files, encoder))
    return [
        {"stage": name, "ms a passage": 1000 * spent / whole, "of library.add": spent / times["library.add"]}
        for name, spent in times.items()
    ]


def questions(texts: Sequence[str], encoder: SentenceTransformerEncoder) -> list[dict[str, Any]]:
    """Return the median milliseconds to encode one question with warm Pincite and sentence-transformers."""
    short_questions = [" ".join(text.split()[:QUESTION_WORDS]) for text in texts[:QUESTIONS]]
    ways: dict[str, Callable[[str], object]] = {f"encode_question, {encoder.precision}": encoder.encode_question}
    for precision in LIBRARY_PRECISIONS:
        ways[f"sentence-transformers, {precision}"] = partial(bare(precision).encode, show_progress_bar=False)
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for question in short_questions:
        for name, encode in ways.items():
            spent[name].append(seconds(partial(encode, question), 3))
    return [{"way": name, "ms a question": 1000 * statistics.median(times)} for name, times in spent.items()]


def bare(precision: str) -> Any:
    """Return the model of sentence-transformers with the weights of the default encoder."""
    import torch
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(default_weights()), device="cpu", model_kwargs={"dtype": getattr(torch, precision)})


def _sentences(draft: Draft, encoding: Any, tokens: dict[int, Vectors]) -> Vectors:
    rows = tokens[id(encoding)]
    return _pooled(encoding, rows, [(span.start, span.end) for span in draft.sentences], rows[0])


def _pack(encoded: Encoded) -> tuple[bytes, bytes]:
    return pack_vector(encoded.vector), pack_sentence_vectors(encoded.sentences)


def _add(files: Path, encoder: SentenceTransformerEncoder | CachedEncoder) -> int:
    """Add files to a new library, and return the number of its passages."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "library", Settings(), encoder=encoder) as library,
    ):
        return library.add(files).passages
