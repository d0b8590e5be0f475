"""Cancels work whose client disconnects before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, MutableMapping

    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

T = TypeVar("T")


class Abandoned(Exception):  # noqa: N818 - not an error: there is no client left to report it to
    """The client has disconnected, and the work was cancelled."""


async def unless_gone(receive: Receive, work: Callable[[], Awaitable[T]], on_gone: Callable[[], None]) -> T:
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
        raise Abandoned
    return results[0]


async def call_on_disconnect(receive: Receive, call: Callable[[], None]) -> None:
    """Wait until the client disconnects, then call `call`. The body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
    call()


def last(stream: Generator[object, None, None], kind: type[T], is_gone: Callable[[], bool]) -> T:
    """Return the item of type `kind` that ends a stream. Raises Abandoned, and closes it, if the client is gone."""
    try:
        for item in stream:
            if is_gone():
                raise Abandoned
            if isinstance(item, kind):
                return item
    finally:
        stream.close()
    raise AssertionError("The stream ended without its result.")
