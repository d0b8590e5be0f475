"""Work whose client goes away before it is done, and which then is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, MutableMapping

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

T = TypeVar("T")


class Abandoned(Exception):  # noqa: N818 - no error: nobody is left who could be told
    """The client has gone away, and the work was given up."""


async def unless_gone(receive: Receive, work: Callable[[], Awaitable[T]], on_gone: Callable[[], None]) -> T:
    """What `work` returns. When the client goes away, which `receive` tells, call `on_gone` and cancel the work.

    A thread that has begun goes on to its end, unless it heeds `on_gone`. Raises Abandoned where nothing came of it.
    """
    outcome: list[T] = []
    try:
        async with anyio.create_task_group() as group:

            def give_up() -> None:
                on_gone()
                group.cancel_scope.cancel()

            group.start_soon(call_without_client, receive, give_up)
            outcome.append(await work())
            group.cancel_scope.cancel()
    except ExceptionGroup as several:  # in which anyio wraps the one error that there can be
        raise several.exceptions[0] from None
    if not outcome:
        raise Abandoned
    return outcome[0]


async def call_without_client(receive: Receive, call: Callable[[], None]) -> None:
    """Call it when the client has gone away. The body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
    call()


def last(stream: Generator[object, None, None], kind: type[T], is_gone: Callable[[], bool]) -> T:
    """The outcome of a stream: its item of this kind. Raises Abandoned, and closes the stream, once nobody waits."""
    try:
        for item in stream:
            if is_gone():
                raise Abandoned
            if isinstance(item, kind):
                return item
    finally:
        stream.close()
    raise AssertionError("A stream ends with its outcome.")
