"""Groups copies of one text, so that ten copies of a press release do not fill the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")

LIKENESS = 0.8
"""The least share of common terms of two passages that are copies of one text."""


class TermSet:
    """The terms of a passage, for fast comparison with many others."""

    __slots__ = ("_mask", "_terms")

    def __init__(self, terms: frozenset[str]) -> None:
        self._terms = terms
        self._mask = 0
        for term in terms:
            self._mask |= 1 << (hash(term) & 255)

    def alike(self, other: TermSet) -> bool:
        """Whether both have nearly the same terms, by Jaccard's coefficient.

        A term that only one of them has changes at most one bit of the mask. If more bits differ than terms may, the
        sets need no comparison.
        """
        size = len(self._terms) + len(other._terms)
        if not self._terms or (self._mask ^ other._mask).bit_count() > (1 - LIKENESS) * size:
            return False
        shared = len(self._terms & other._terms)
        return shared >= LIKENESS * (size - shared)


def group_copies(
    items: Iterable[Item], same: Callable[[Item, Item], bool], *, limit: int, look: int
) -> list[list[Item]]:
    """Return the first `limit` groups of copies, in the order of their best items.

    Once there are enough groups, copies are still looked for among the first `look` items.
    """
    groups: list[list[Item]] = []
    for place, item in enumerate(items, 1):
        group = next((group for group in groups if same(group[0], item)), None)
        if group is not None:
            group.append(item)
        elif len(groups) < limit:
            groups.append([item])
        if len(groups) == limit and place >= look:
            break
    return groups
