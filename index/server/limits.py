"""Limits concurrent work, shares it fairly among clients, and cancels work whose client has disconnected."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from index.errors import TooBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping, MutableMapping

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

T = TypeVar("T")
SERVICE_KEY = "pincite.service"
"""The key, in the scope of a request, of the service that only this visitor's requests use, if there is one."""
VISITOR_KEY = "pincite.visitor"
"""The key, in the scope of a request, of the visitor to a demo who sent it."""
WAITING = 100
"""Maximum number of requests of one client that wait for a slot."""


@dataclass(slots=True, eq=False)
class _Waiter:
    """A request that waits for a slot."""

    called: anyio.Event
    granted: bool = False


class Slots:
    """A number of slots for one kind of work, shared fairly. For one event loop.

    Waiting requests take turns by client, and the client with the fewest slots comes first: a client with a hundred
    requests delays others only by the work in progress. A single client never gets all slots, because work in progress
    may take long.

    Without the shares, the attack `checks-shares` keeps other clients' checks from being answered on a bare server.
    """

    def __init__(self, count: int, waiting: int = WAITING, *, share: int = 0) -> None:
        self.count = count
        self.share = share or max(1, count - max(1, count // 4))
        """Maximum slots of one client; three quarters by default."""
        self._most_waiting = waiting
        self._threads = anyio.CapacityLimiter(count)
        self._held: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Waiter]] = {}
        """Waiting requests by client; the client whose last turn is longest ago comes first."""

    async def run(self, client: str, call: Callable[..., T], *arguments: Any) -> T:
        """Call `call` in a thread as soon as the client has a slot, and return its result.

        Raises TooBusy if too many requests of this client are waiting, and the errors of `call`. A running thread keeps
        its slot until its end, even if its client has disconnected.
        """
        async with self.slot(client):
            return await anyio.to_thread.run_sync(call, *arguments, limiter=self._threads)

    @asynccontextmanager
    async def slot(self, client: str) -> AsyncIterator[None]:
        """Hold a slot. Raises TooBusy if too many requests of this client are waiting."""
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
        turn = _Waiter(anyio.Event())
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn.called.wait()
        except BaseException:
            if turn.granted:  # it was granted a slot at the moment it was cancelled
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
        """Give free slots to waiting requests."""
        while (client := self._next()) is not None:
            queue = self._waiting.pop(client)
            turn = queue.popleft()
            if queue:
                self._waiting[client] = queue  # behind all others
            self._held[client] += 1
            turn.granted = True
            turn.called.set()

    def _next(self) -> str | None:
        """Return the next client: of those with the fewest slots, the one that has waited longest."""
        if self._held.total() >= self.count:
            return None
        return min(filter(self._is_free_for, self._waiting), key=self._held.__getitem__, default=None)

    def _is_free_for(self, client: str) -> bool:
        share = self.share if client else self.count  # clients without an address cannot be distinguished
        return self._held.total() < self.count and self._held[client] < share

    def _leave(self, client: str, turn: _Waiter) -> None:
        queue = self._waiting[client]
        queue.remove(turn)
        if not queue:
            del self._waiting[client]


def client_of(scope: Mapping[str, Any]) -> str:
    """Return the client key of a request, as set by `index.server.guard.origins`; empty if unknown."""
    return str((scope.get("client") or ("",))[0])


class ClientDisconnected(Exception):  # noqa: N818 - not an error: there is no client left to report it to
    """The client has disconnected, and the work was cancelled."""


async def run_unless_disconnected(receive: Receive, work: Callable[[], Awaitable[T]], on_gone: Callable[[], None]) -> T:
    """Return the result of `work`. If `receive` reports a disconnect first, call `on_gone` and cancel the work.

    A running thread is not interrupted, unless `on_gone` stops it. Raises Abandoned if there is no result.
    """
    results: list[T] = []
    try:
        async with anyio.create_task_group() as group:

            def cancel() -> None:
                on_gone()
                group.cancel_scope.cancel()

            group.start_soon(call_on_disconnect, receive, cancel)
            results.append(await work())
            group.cancel_scope.cancel()
    except ExceptionGroup as group_error:  # anyio wraps the only possible error in a group
        raise group_error.exceptions[0] from None
    if not results:
        raise ClientDisconnected
    return results[0]


async def call_on_disconnect(receive: Receive, call: Callable[[], None]) -> None:
    """Wait until the client disconnects, then call `call`. The body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
    call()


def stream_result(stream: Generator[object, None, None], kind: type[T], is_gone: Callable[[], bool]) -> T:
    """Return the item of type `kind` that ends a stream. Raises Abandoned, and closes it, if the client is gone."""
    try:
        for item in stream:
            if is_gone():
                raise ClientDisconnected
            if isinstance(item, kind):
                return item
    finally:
        stream.close()
    raise AssertionError("The stream ended without its result.")
