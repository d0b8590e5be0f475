"""Work done ahead, in threads, for one who takes the results in order: so much at a time and no more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Self

MOST_RESULTS = 512
MOST_WEIGHT = 8_000_000
"""Nothing is begun while the results that wait have so many characters of text, or are so many."""
_GLANCE = 1.0
"""Seconds: on some systems a wait without an end is deaf to Ctrl-C."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Item_contra = TypeVar("_Item_contra", contravariant=True)
_Result_co = TypeVar("_Result_co", covariant=True)


class Hand(Protocol[_Item_contra, _Result_co]):
    """What one thread works with."""

    def work(self, item: _Item_contra) -> _Result_co:
        """One item's result; what it raises is raised where the result is taken."""
        ...

    def stop(self) -> None:
        """End what is being done; called from another thread."""
        ...

    def close(self) -> None:
        """When all is over."""
        ...


class Ahead(Generic[_Item, _Result]):
    """Takes items one after the other, as hands are free; `take` gives their results in order."""

    def __init__(
        self, items: Iterable[_Item], hands: Sequence[Hand[_Item, _Result]], weigh: Callable[[_Result], int]
    ) -> None:
        self._items = enumerate(items)
        self._hands = hands
        self._weigh = weigh
        self._done: dict[int, tuple[_Result | None, BaseException | None, int]] = {}
        self._begun = 0
        self._taken = 0
        self._weight = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, args=(hand,), name="pincite-reader", daemon=True) for hand in hands
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
        for hand in self._hands if unfinished else ():
            hand.stop()
        for thread in self._threads:
            thread.join()
        for hand in self._hands:
            hand.close()

    @property
    def ready(self) -> bool:
        """Whether the next result need not be waited for."""
        return self._taken in self._done

    def take(self) -> _Result:
        """The next item's result, waited for; there has to be one."""
        with self._changed:
            while self._taken not in self._done:
                self._changed.wait(_GLANCE)
            result, error, weight = self._done.pop(self._taken)
            self._taken += 1
            self._weight -= weight
            self._changed.notify_all()
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def _run(self, hand: Hand[_Item, _Result]) -> None:
        while (following := self._next()) is not None:
            place, item = following
            done: tuple[_Result | None, BaseException | None, int]
            try:
                result = hand.work(item)
                done = (result, None, self._weigh(result))
            except BaseException as error:  # for the one who takes it
                done = (None, error, 0)
            with self._changed:
                self._done[place] = done
                self._weight += done[2]
                self._changed.notify_all()

    def _next(self) -> tuple[int, _Item] | None:
        """The next item, as soon as there is room for its result; whoever takes is never kept waiting for room."""
        with self._changed:
            while not self._stopped and (len(self._done) >= MOST_RESULTS or self._weight >= MOST_WEIGHT):
                self._changed.wait()
            following = None if self._stopped else next(self._items, None)
            self._begun += following is not None
            return following
