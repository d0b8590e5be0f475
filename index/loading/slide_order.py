"""The reading order of boxes on a slide: rows from the top where gaps divide them, else columns from the left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")
_OVERLAP = 0.1
"""The share of the lower box's height, or of the right one's width, that two boxes in a row may have in common."""


class Box(NamedTuple):
    """A rectangle in any unit; `top` is smaller than `bottom`."""

    left: float
    top: float
    right: float
    bottom: float


def in_reading_order(items: Iterable[T], box: Callable[[T], Box]) -> list[T]:
    """Return the items in the order in which people read their boxes."""
    boxed = sorted(
        ((box(item), n, item) for n, item in enumerate(items)), key=lambda entry: (entry[0][1::-1], entry[1])
    )
    done: list[T] = []
    waiting = [boxed]
    while waiting:  # a stack and no recursion, because a slide may have thousands of shapes
        group = waiting.pop()
        parts = _cut(group, 1, 3) if len(group) > 1 else []
        parts = parts if len(parts) > 1 else _cut(sorted(group, key=lambda entry: entry[0].left), 0, 2)
        if len(parts) > 1:
            waiting += reversed(parts)
        else:
            done += [item for _, _, item in group]
    return done


def _cut(group: Sequence[tuple[Box, int, T]], start: int, end: int) -> list[list[tuple[Box, int, T]]]:
    """Return runs of boxes, which are sorted by `start`, between which there are gaps."""
    parts: list[list[tuple[Box, int, T]]] = []
    reached = 0.0
    for entry in group:
        box = entry[0]
        slack = _OVERLAP * (box[end] - box[start])
        if parts and box[start] < reached - slack:
            parts[-1].append(entry)
            reached = max(reached, box[end])
        else:
            parts.append([entry])
            reached = box[end] if len(parts) == 1 else max(reached, box[end])
    return [sorted(part, key=lambda entry: (entry[0][1::-1], entry[1])) for part in parts]
