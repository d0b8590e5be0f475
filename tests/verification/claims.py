"""Helpers that judge a claim by a passage, with a verifier whose probabilities the test chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.text.sentences import split_sentences
from index.verification.judgement import compare
from index.verification.premises import Excerpt, is_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.verification.judgement import Judgement, Verifier

NEAR = 0.8
"""The default encoder's cosine of a sentence and its paraphrase."""


def excerpt(passage: str, title: str = "", closeness: float = NEAR) -> Excerpt:
    """Return a passage whose sentences are all equally close to the claim."""
    sentences = tuple(span.of(passage) for span in split_sentences(passage))
    states = tuple(map(is_source, sentences))
    return Excerpt(sentences, (closeness,) * len(sentences), states, title)


def sure(supported: float = 0.0, contradicted: float = 0.0) -> Verifier:
    """Return a verifier that gives every pair these probabilities."""
    return lambda pairs: [(supported, contradicted)] * len(pairs)


def judged(claim: str, *passages: str, verifier: Verifier | None = None, unknown: Sequence[str] = ()) -> Judgement:
    """Judge a claim by passages; the verifier supports everything unless another one is given."""
    return compare(claim, [excerpt(passage) for passage in passages], verifier or sure(0.99), unknown=unknown)
