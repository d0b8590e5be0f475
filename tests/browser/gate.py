"""A library that stands still while it encodes, until it is let go: what is under way can be looked at in peace."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from index.library.library import Library
from index.settings import Settings
from tests.browser.conftest import serving
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.encoders.encoder import Draft, Encoded

LONG = "The doctor baked bread in winter. " * 20


class Gated(FakeEncoder):
    """Encodes, and gives nothing away before `gate` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """As the fake encoder does."""
        results = super().encode(drafts, progress)
        assert self.gate.wait(60)
        return results


class Gate(NamedTuple):
    """A page over such a library, which is empty at first."""

    url: str
    library: Library
    encoder: Gated

    def open(self) -> None:
        """Let everything go its way."""
        self.encoder.gate.set()


@contextmanager
def gated(folder: Path) -> Iterator[Gate]:
    """Serve one, and let it go in the end."""
    encoder = Gated()
    with (
        Library.open(folder / "library", Settings(passage_tokens=32), encoder=encoder) as library,
        serving(library) as url,
    ):
        try:
            yield Gate(url, library, encoder)
        finally:
            encoder.gate.set()
