"""What is asked of a parsing process, and what comes back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.records import Chunk, Document

SECONDS_PER_MEGABYTE = 5.0
"""What a file may take beyond `Limits.seconds`, by its size."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost."""

    seconds: float = 120.0
    """For a small file; each megabyte adds SECONDS_PER_MEGABYTE."""
    megabytes: int = 1000
    """Of memory, for the whole process."""

    def seconds_for(self, size: int) -> float:
        """For a file of so many bytes."""
        return self.seconds + SECONDS_PER_MEGABYTE * size / 1_000_000


@dataclass(frozen=True)
class Cutting:
    """How to cut a document into passages: a `Chunker` as data."""

    target_tokens: int
    limit: int
    tokenizer_json: str
    """The encoder's tokenizer, as the library `tokenizers` writes it."""

    @cached_property
    def identity(self) -> str:
        """What tells this tokenizer from another."""
        return hashlib.sha256(self.tokenizer_json.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """One file to be read."""

    path: str
    source: str
    name: str
    max_bytes: int
    max_pages: int | None
    seconds: float
    cutting: tuple[int, int, str] | None = None
    """Target, limit, and the identity of a tokenizer that was sent before."""
    witness: bool = False
    """Whether to read the pages of a PDF in a second way, too."""

    @classmethod
    def of(cls, value: Any) -> Request:
        """The reverse of `dataclasses.asdict`."""
        cutting = value.pop("cutting")
        return cls(**value, cutting=tuple(cutting) if cutting else None)


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading a file took."""

    seconds: float
    megabytes: float
    """The most that the process had in memory meanwhile; 0 where the system does not tell."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as a document, and as passages where they were asked for."""

    document: Document
    chunks: tuple[Chunk, ...] | None
    cost: Cost
    pages: tuple[str, ...] = ()
    """The plain text of each page of a PDF, where a witness was asked for."""
