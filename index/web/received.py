"""Files that browsers have uploaded and no event of the page has taken yet.

Gradio gives the browser absolute paths, and takes any path back. Here an upload is answered with handles: names that
nobody guesses and that say nothing of where the files are. Gradio itself sees neither the files nor their paths.

Uploads count against limits from their first byte until an event takes them: each client's, and those of all together.
Where there is no room, files that wait for longer than any event takes give way: first the client's own, or of all
clients those of the one that holds most. Newer files never do.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import NotUploaded, UploadsFull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from index.serving import Arrival, Uploads
    from index.settings import Settings

KEPT_SECONDS = 3600.0
"""How long a file waits for its event."""
GRACE_SECONDS = 60.0
"""For so long it gives way to no other: events follow their uploads within moments."""
MOST_FILES = 10_000
"""Files of one client, unless an upload may have more than half of that."""
ALL = 4
"""All clients together may hold as much as so many."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One file that waits for its event."""

    arrival: Arrival
    browser: str
    client: str
    since: float


class Received:
    """Uploaded files, by handle. Safe to use from several threads."""

    def __init__(self, uploads: Uploads, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._uploads = uploads
        self._clock = clock
        self._most_bytes = settings.max_upload_megabytes * 1_000_000
        self._most_files = max(MOST_FILES, 2 * settings.max_upload_files)
        self._changing = threading.Lock()
        self._files: dict[str, _Waiting] = {}
        """By handle, the oldest first."""
        self._handles: dict[str, dict[str, None]] = {}
        """By client, the oldest first."""
        self._held_bytes: Counter[str] = Counter()
        """By client; with what is still arriving, as in the next."""
        self._held_files: Counter[str] = Counter()

    @property
    def uploads(self) -> Uploads:
        """Where the files are."""
        return self._uploads

    def reserve(self, client: str, size: int, files: int = 0) -> None:
        """Count bytes and files that arrive. Raises UploadsFull where there is no room for them."""
        self.expire()
        evicted: list[Arrival] = []
        try:
            with self._changing:
                while not self._fits_client(client, size, files):
                    evicted.append(self._forget(self._old_of(client) or self._refuse(of_all=False)))
                while not self._fits_all(size, files):
                    evicted.append(self._forget(self._old_of(self._largest()) or self._refuse(of_all=True)))
                self._held_bytes[client] += size
                self._held_files[client] += files
        finally:
            self._uploads.drop(evicted)

    def release(self, client: str, size: int, files: int) -> None:
        """What was reserved is not needed any more."""
        with self._changing:
            self._subtract(client, size, files)

    def add(self, browser: str, client: str, arrivals: Iterable[Arrival]) -> list[str]:
        """Handles for files for which room was reserved, in order; each ends in its name, which the page shows."""
        handles = []
        with self._changing:
            for arrival in arrivals:
                handle = f"{secrets.token_urlsafe(16)}/{arrival.name}"
                self._files[handle] = _Waiting(arrival, browser, client, self._clock())
                self._handles.setdefault(client, {})[handle] = None
                handles.append(handle)
        return handles

    def holds(self, handle: object) -> bool:
        """Whether this is a handle of a file that waits."""
        return isinstance(handle, str) and handle in self._files

    def take(self, browser: str, handles: Sequence[str]) -> list[Arrival]:
        """The files, each of which can be taken once. Raises NotUploaded unless this browser has uploaded them all."""
        oldest = self._clock() - KEPT_SECONDS
        with self._changing:
            found = [self._files[handle] for handle in handles if handle in self._files]
            own = [each for each in found if browser and each.browser == browser and each.since > oldest]
            if len(own) != len(set(handles)) or len(own) != len(handles):
                raise NotUploaded
            return [self._forget(handle) for handle in handles]

    def expire(self) -> None:
        """Delete what nobody has taken within an hour."""
        oldest = self._clock() - KEPT_SECONDS
        expired = []
        with self._changing:
            while (first := next(iter(self._files), None)) is not None and self._files[first].since <= oldest:
                expired.append(self._forget(first))
        self._uploads.drop(expired)

    def _fits_client(self, client: str, size: int, files: int) -> bool:
        return (
            self._held_bytes[client] + size <= self._most_bytes and self._held_files[client] + files <= self._most_files
        )

    def _fits_all(self, size: int, files: int) -> bool:
        return (
            self._held_bytes.total() + size <= ALL * self._most_bytes
            and self._held_files.total() + files <= ALL * self._most_files
        )

    def _largest(self) -> str:
        """Of the clients that have a file which may give way, the one that holds most; empty where none has."""
        return max(filter(self._old_of, self._handles), key=self._held_bytes.__getitem__, default="")

    def _old_of(self, client: str) -> str:
        """The oldest file of a client, if it may give way; else empty."""
        oldest = next(iter(self._handles.get(client, {})), "")
        return oldest if oldest and self._files[oldest].since <= self._clock() - GRACE_SECONDS else ""

    def _refuse(self, *, of_all: bool) -> str:
        raise UploadsFull(self._most_bytes // 1_000_000, self._most_files, of_all=of_all)

    def _forget(self, handle: str) -> Arrival:
        waiting = self._files.pop(handle)
        own = self._handles[waiting.client]
        del own[handle]
        if not own:
            del self._handles[waiting.client]
        self._subtract(waiting.client, waiting.arrival.size, 1)
        return waiting.arrival

    def _subtract(self, client: str, size: int, files: int) -> None:
        """Clients that hold nothing are forgotten."""
        for counter, count in ((self._held_bytes, size), (self._held_files, files)):
            counter[client] -= count
            if counter[client] <= 0:
                del counter[client]
