"""The fingerprint of a library: the names of the encoder and the chunker that its vectors were made with."""

from __future__ import annotations

import re
from typing import Protocol

_SEPARATOR = " | "
_TARGET = re.compile(r"/(\d{1,6})-\d+$")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def fingerprint_of(encoder: _Named, chunker: _Named) -> str:
    """Return the fingerprint of a library whose vectors are made with these two."""
    return encoder.name + _SEPARATOR + chunker.name


def encoder_of(fingerprint: str) -> str:
    """Return the name of the encoder in a fingerprint."""
    return fingerprint.partition(_SEPARATOR)[0]


def target_of(fingerprint: str) -> int | None:
    """Return the target length of passages in a fingerprint, in tokens; None if it names none."""
    found = _TARGET.search(fingerprint)
    return int(found[1]) if found else None
