"""Requests to a parsing process, and its results."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.records import Chunk, Document

SECONDS_PER_MEGABYTE = 5.0
"""Seconds that a file may take beyond `Limits.seconds`, per megabyte of its size."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for reading one file."""

    seconds: float = 120.0
    """Time for a small file; each megabyte adds SECONDS_PER_MEGABYTE."""
    megabytes: int = 1000
    """Memory of the whole process."""

    def seconds_for(self, size: int) -> float:
        """Return the time limit for a file of `size` bytes."""
        return self.seconds + SECONDS_PER_MEGABYTE * size / 1_000_000


@dataclass(frozen=True)
class Cutting:
    """The settings of a `Chunker` as data, to cut documents in another process."""

    target_tokens: int
    limit: int
    tokenizer_json: str
    """The encoder's tokenizer, in the JSON format of the library `tokenizers`."""

    @cached_property
    def identity(self) -> str:
        """The SHA-256 of the tokenizer."""
        return hashlib.sha256(self.tokenizer_json.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Request:
    """A request to read one file."""

    path: str
    source: str
    name: str
    max_bytes: int
    max_pages: int | None
    seconds: float
    cutting: tuple[int, int, str] | None = None
    """Target, limit, and the identity of a tokenizer that was sent before."""
    witness: bool = False
    """Whether to read the pages of a PDF with the second reader, too."""

    @classmethod
    def of(cls, value: Any) -> Request:
        """Build a request from the output of `dataclasses.asdict`."""
        cutting = value.pop("cutting")
        return cls(**value, cutting=tuple(cutting) if cutting else None)


@dataclass(frozen=True, slots=True)
class Cost:
    """The time and memory that reading a file took."""

    seconds: float
    megabytes: float
    """Peak memory of the process meanwhile; 0 if the system does not tell."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The document of a file, and its passages if they were requested."""

    document: Document
    chunks: tuple[Chunk, ...] | None
    cost: Cost
    pages: tuple[str, ...] = ()
    """The plain text of each page of a PDF, if a witness was requested."""
