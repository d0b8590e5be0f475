"""What the system says of changes in folders. The only door to watchfiles."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

_GROUPED_MS = 400
_STEP_MS = 50


class ListeningError(Exception):
    """The system tells nothing, or nothing more; `began` says whether it ever did."""

    def __init__(self, reason: str, *, began: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.began = began


def listen(folders: Sequence[Path], *, stop: threading.Event, tick: float) -> Iterator[set[Path]]:
    """Where something changed, a set at a time; an empty one after each `tick` seconds in which nothing did.

    Ends when `stop` is set. Raises ListeningError where the system does not take so many folders, where one of them
    goes, and where a name is no text, which watchfiles does not bear.
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
            for some in changes:
                began = True
                yield {Path(path) for _, path in some}
        except (OSError, RuntimeError) as error:
            raise ListeningError(str(error), began=began) from error


def tick_by_tick(*, stop: threading.Event, tick: float, times: int = 0) -> Iterator[set[Path]]:
    """The same where nobody listens; ends after so many times, where there is a number."""
    done = 0
    while not stop.wait(tick) and (not times or done < times):
        done += 1
        yield set()
