"""How many do the same kind of work at once, and whose turn it is: no client keeps the others out."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

from index.errors import TooBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from typing import Any

T = TypeVar("T")
WAITING = 100
"""How many requests of one client may wait for a slot."""


@dataclass(slots=True, eq=False)
class _Turn:
    """One who waits."""

    called: anyio.Event
    granted: bool = False


class Slots:
    """A number of slots for one kind of work, shared fairly. For one event loop.

    Those who wait take turns by client, whoever has fewest slots first: a client with a hundred requests delays another
    one's by no more than the work that is under way. And a few slots are always kept from any single client, for work
    that is under way may take long.
    """

    def __init__(self, count: int, waiting: int = WAITING, *, share: int = 0) -> None:
        self.count = count
        self.share = share or max(1, count - max(1, count // 4))
        """How many slots one client may have: three quarters, where nothing else is said."""
        self._most_waiting = waiting
        self._threads = anyio.CapacityLimiter(count)
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Turn]] = {}
        """By client, the one whose turn was longest ago first."""

    async def run(self, client: str, call: Callable[..., T], *arguments: Any) -> T:
        """What `call` returns; it is called in a thread as soon as the client has a slot.

        Raises TooBusy where too many requests of this client are waiting, and whatever `call` raises. A thread that has
        begun keeps its slot until its end, also where nobody waits for it any more.
        """
        async with self.slot(client):
            return await anyio.to_thread.run_sync(call, *arguments, limiter=self._threads)

    @asynccontextmanager
    async def slot(self, client: str) -> AsyncIterator[None]:
        """Hold a slot. Raises TooBusy where too many requests of this client are waiting."""
        await self._take(client)
        try:
            yield
        finally:
            self._give_back(client)

    async def _take(self, client: str) -> None:
        waiting = self._waiting.get(client)
        if not waiting and self._is_free_for(client):
            self._held[client] += 1
            return
        if waiting and len(waiting) >= self._most_waiting:
            raise TooBusy(len(waiting))
        turn = _Turn(anyio.Event())
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn.called.wait()
        except BaseException:
            if turn.granted:  # it was called in the same moment in which it was given up
                self._give_back(client)
            else:
                self._leave(client, turn)
            raise

    def _give_back(self, client: str) -> None:
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]
        self._call_next()

    def _call_next(self) -> None:
        """Give free slots to those who wait."""
        while (client := self._next()) is not None:
            queue = self._waiting.pop(client)
            turn = queue.popleft()
            if queue:
                self._waiting[client] = queue  # behind all others
            self._held[client] += 1
            turn.granted = True
            turn.called.set()

    def _next(self) -> str | None:
        """The client whose turn it is: of those with the fewest slots, the one that has waited longest."""
        if self._held.total() >= self.count:
            return None
        return min(filter(self._is_free_for, self._waiting), key=self._held.__getitem__, default=None)

    def _is_free_for(self, client: str) -> bool:
        share = self.share if client else self.count  # without an address, nobody can be told apart
        return self._held.total() < self.count and self._held[client] < share

    def _leave(self, client: str, turn: _Turn) -> None:
        queue = self._waiting[client]
        queue.remove(turn)
        if not queue:
            del self._waiting[client]


def client_of(scope: Mapping[str, Any]) -> str:
    """Who sent a request, as `index.guard.client` tells clients apart; empty where that is not known."""
    return str((scope.get("client") or ("",))[0])
