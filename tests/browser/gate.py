"""A page over a library whose encoder waits for a gate, so that tests can look at an upload in progress."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx

from index.library.library import Library
from index.settings import Settings
from tests.browser.conftest import empty, running_site
from tests.fakes import FakeEncoder
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.encoders.encoder import Draft, Encoded

LONG = "The doctor baked bread in winter. " * 20


class GatedEncoder(FakeEncoder):
    """An encoder that returns its results only after `gate` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """Encode, then wait for the gate."""
        results = super().encode(drafts, progress)
        assert self.gate.wait(60)
        return results


class GatedSite(NamedTuple):
    """A page over an empty library with such an encoder."""

    url: str
    library: Library
    encoder: GatedEncoder

    def open(self) -> None:
        """Let the encoder continue."""
        self.encoder.gate.set()

    def reset(self) -> None:
        """Wait until no upload runs, empty the library, and close the gate."""
        self.open()
        wait_until(self.is_idle)
        empty(self.library)
        self.encoder.gate.clear()

    def is_idle(self) -> bool:
        """Return whether no upload runs."""
        return not httpx.get(f"{self.url}/page/state").raise_for_status().json()["others"]


@contextmanager
def gated_site(folder: Path) -> Iterator[GatedSite]:
    """Serve such a page; the gate is opened at the end."""
    encoder = GatedEncoder()
    with (
        Library.open(folder / "library", Settings(passage_tokens=32), encoder=encoder) as library,
        running_site(library) as url,
    ):
        try:
            yield GatedSite(url, library, encoder)
        finally:
            encoder.gate.set()
