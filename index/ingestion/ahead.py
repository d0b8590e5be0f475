"""Prefetching: threads work ahead on items, within limits, while a consumer takes the results in order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Self

MOST_RESULTS = 512
MOST_WEIGHT = 8_000_000
"""No work begins while this many results wait, or results of this many characters of text."""
_POLL_SECONDS = 1.0
"""On some systems, a wait without a timeout cannot be interrupted by Ctrl-C."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Item_contra = TypeVar("_Item_contra", contravariant=True)
_Result_co = TypeVar("_Result_co", covariant=True)


class PrefetchWorker(Protocol[_Item_contra, _Result_co]):
    """The worker of one thread."""

    def work(self, item: _Item_contra) -> _Result_co:
        """Return one item's result. An error is raised again where the result is taken."""
        ...

    def stop(self) -> None:
        """Stop the running work; called from another thread."""
        ...

    def close(self) -> None:
        """Release resources after the last item."""
        ...


class Prefetcher(Generic[_Item, _Result]):
    """Gives items to free workers, one after the other; `take` returns their results in order."""

    def __init__(
        self,
        items: Iterable[_Item],
        workers: Sequence[PrefetchWorker[_Item, _Result]],
        memory_cost: Callable[[_Result], int],
    ) -> None:
        self._items = enumerate(items)
        self._workers = workers
        self._weigh = memory_cost
        self._done: dict[int, tuple[_Result | None, BaseException | None, int]] = {}
        self._begun = 0
        self._taken = 0
        self._weight = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, args=(worker,), name="pincite-reader", daemon=True) for worker in workers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            unfinished = self._begun > self._taken
            self._changed.notify_all()
        for worker in self._workers if unfinished else ():
            worker.stop()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.close()

    @property
    def ready(self) -> bool:
        """Whether the next result is available now."""
        return self._taken in self._done

    def take(self) -> _Result:
        """Wait for the next item's result, and return it. Call at most once per item."""
        with self._changed:
            while self._taken not in self._done:
                self._changed.wait(_POLL_SECONDS)
            result, error, weight = self._done.pop(self._taken)
            self._taken += 1
            self._weight -= weight
            self._changed.notify_all()
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def _run(self, worker: PrefetchWorker[_Item, _Result]) -> None:
        while (following := self._next()) is not None:
            place, item = following
            done: tuple[_Result | None, BaseException | None, int]
            try:
                result = worker.work(item)
                done = (result, None, self._weigh(result))
            except BaseException as error:  # raised again by `take`
                done = (None, error, 0)
            with self._changed:
                self._done[place] = done
                self._weight += done[2]
                self._changed.notify_all()

    def _next(self) -> tuple[int, _Item] | None:
        """Wait until there is room for another result, and return the next item. The limit never blocks `take`."""
        with self._changed:
            while not self._stopped and (len(self._done) >= MOST_RESULTS or self._weight >= MOST_WEIGHT):
                self._changed.wait()
            following = None if self._stopped else next(self._items, None)
            self._begun += following is not None
            return following
