"""Makes the map from the catalog: chooses the passages that become dots, and projects them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from index.mapping.places import LibraryMap, Numbers, Point, Shape
from index.mapping.projecting import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.storage.catalog import Catalog, DocumentRange

DOTS = 2500
"""The most dots on a map: more look like a cloud and slow the browser down."""
_HALVINGS = 40


def make(catalog: Catalog, generation: int) -> LibraryMap:
    """Return the map of a library. It reads the vectors of `DOTS` passages, whatever the library's size."""
    nonempty = [document for document in catalog.added_since(-1, until=generation) if document.passages]
    ranges = [nonempty[i] for i in np.linspace(0, len(nonempty) - 1, min(DOTS, len(nonempty))).astype(int)]
    ids, vectors = catalog.vectors_of(_sample(ranges))
    if not ids:
        return LibraryMap(generation)
    order = np.argsort(ids)
    owners = np.searchsorted([document.first for document in ranges], np.asarray(ids)[order], side="right") - 1
    present, counts = np.unique(owners, return_counts=True)
    sizes = np.asarray([ranges[owner].passages for owner in present], dtype=np.float64)
    projection = fit(vectors[order], counts.astype(np.float64), sizes)
    dots = projection(vectors[order])
    ends = np.cumsum(counts).tolist()
    groups = [dots[end - count : end] for end, count in zip(ends, counts.tolist(), strict=True)]
    return LibraryMap(generation, _shapes(catalog, [ranges[owner] for owner in present], groups), projection)


def _sample(ranges: Sequence[DocumentRange]) -> list[int]:
    """Return the ids of the passages that become dots, evenly spaced through each document."""
    chosen: list[int] = []
    for document, quota in zip(ranges, quotas([document.passages for document in ranges], DOTS), strict=True):
        chosen += (document.first + ((np.arange(quota) + 0.5) * document.passages / quota).astype(int)).tolist()
    return chosen


def quotas(sizes: Sequence[int], total: int) -> list[int]:
    """Return how many passages each document shows: all if they fit into `total`, else by the root of their number.

    So a document a hundred times as long shows ten times as many dots, and the shortest one still shows one.
    """
    passages = np.asarray(sizes, dtype=np.float64)
    if passages.sum() <= total:
        return list(sizes)
    low, high = 0.0, float(np.sqrt(passages.max()))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _shown(passages, middle).sum() <= total else (low, middle)
    return [int(quota) for quota in _shown(passages, low)]


def _shown(passages: Numbers, scale: float) -> Numbers:
    return np.minimum(passages, np.maximum(1, np.floor(scale * np.sqrt(passages))))


def _shapes(catalog: Catalog, ranges: Sequence[DocumentRange], dots: Sequence[list[Point]]) -> tuple[Shape, ...]:
    infos = catalog.infos([document.number for document in ranges])
    shapes = [
        Shape(infos[document.number].id, infos[document.number].name, document.passages, tuple(points), _median(points))
        for document, points in zip(ranges, dots, strict=True)
        if document.number in infos
    ]
    return tuple(sorted(shapes, key=lambda shape: (-shape.passages, shape.name, shape.document)))


def _median(dots: Sequence[Point]) -> Point:
    x, y = np.median(np.asarray(dots), axis=0).round(4).tolist()
    return x, y
