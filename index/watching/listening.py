"""File system events of folders. Only this module imports watchfiles."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

_GROUPED_MS = 400
_STEP_MS = 50


class EventStreamError(Exception):
    """The system sends no events, or no more; `began` says whether it ever did."""

    def __init__(self, reason: str, *, began: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.began = began


def listen(folders: Sequence[Path], *, stop: threading.Event, tick: float) -> Iterator[set[Path]]:
    """Yield sets of changed paths; an empty set after each `tick` seconds without changes.

    Ends when `stop` is set. Raises EventStreamError if the system cannot watch so many folders, if one of them
    disappears, or if a name is not valid Unicode, which watchfiles rejects.
    """
    from watchfiles import watch

    changes = watch(
        *folders,
        watch_filter=None,
        debounce=_GROUPED_MS,
        step=_STEP_MS,
        stop_event=stop,
        rust_timeout=max(1, int(tick * 1000)),
        yield_on_timeout=True,
        force_polling=False,
        ignore_permission_denied=True,
    )
    began = False
    with closing(changes):
        try:
            for batch in changes:
                began = True
                yield {Path(path) for _, path in batch}
        except (OSError, RuntimeError) as error:
            raise EventStreamError(str(error), began=began) from error


def ticks(*, stop: threading.Event, tick: float, times: int = 0) -> Iterator[set[Path]]:
    """Yield an empty set every `tick` seconds without using events; `times` limits how often, 0 means no limit."""
    done = 0
    while not stop.wait(tick) and (not times or done < times):
        done += 1
        yield set()
