"""Makes the map from the catalog: chooses the passages that become dots, and projects them.

A passage has hundreds of coordinates, the map has two. Candidates were compared on three libraries: our eleven sample
documents, five long texts, sixteen medical papers. Each candidate was fitted to every other passage and judged on the
passages that it had not seen, by two measures: the share of a dot's five nearest neighbours that are of its own
document (a), and the rank correlation of distances on the map with distances of the vectors (b).

                                     samples       texts        papers
                                     a     b       a     b      a     b
    all passages (PCA)              .19   .46     .79   .58    .41   .56
    means of documents              .26   .33     .73   .54    .41   .56
    discriminant, lightly damped    .22   .17     .71   .45    .55   .53

The discriminant draws the clearest islands, but on the samples it overfits: .59 on the passages that it was fitted to,
.22 on others. It would show borders that do not exist. PCA of all passages is dominated by the style of passages, and
by the largest document. The means of documents separate documents as far as they differ, on seen and unseen passages
alike; a share of the spread within documents decides if the documents are too few to span a plane. On 150 encyclopaedia
pages of one or two passages, all candidates give the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.encoders.encoder import Vectors
    from index.records import Hit
    from index.storage.catalog.catalog import Catalog
    from index.storage.catalog.rows import DocumentRange

Point = tuple[float, float]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

CENTRE: Point = (0.5, 0.5)
_DECIMALS = 4
_SHARPNESS = 4
"""The exponent of the bend: the higher it is, the longer the scale stays linear before it bends towards the frame."""
WITHIN = 0.1
"""The weight of the spread within documents; the spread between them has the rest."""
BULK = 0.02
"""The share of dots at either end of an axis that is ignored for its scale."""
_ALIKE = 1e-4
"""A smaller spread is a rounding error, because vectors have length one; it is not enlarged."""
DOTS = 2500
"""The most dots on a map: more look like a cloud and slow the browser down."""
_HALVINGS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Maps vectors to the plane: linearly, then bent so that outliers stay in the frame."""

    origin: Numbers
    """The vector that is subtracted first, shape (dimension,)."""
    axes: Numbers
    """The two axes of the map, shape (dimension, 2)."""
    middle: Numbers
    """The middle of the bulk of the dots along each axis."""
    reach: Numbers
    """The distance from the middle to the end of the bulk along each axis."""

    def __call__(self, vectors: np.ndarray[Any, Any]) -> list[Point]:
        """Return the points of vectors, shape (n, dimension), on the map."""
        distance = ((vectors - self.origin) @ self.axes - self.middle) / self.reach
        bent = distance / (1 + np.abs(distance) ** _SHARPNESS) ** (1 / _SHARPNESS)
        return [(x, y) for x, y in np.round(0.5 + 0.5 * bent, _DECIMALS).tolist()]


NOWHERE = Projection(np.zeros(0), np.zeros((0, 2)), np.zeros(2), np.ones(2))
"""The projection of a library without passages."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One document on the map."""

    document: str
    """The document's id."""
    name: str
    passages: int
    """The number of its passages; there may be fewer dots."""
    dots: tuple[Point, ...]
    """Passages, evenly spaced through the document."""
    centre: Point
    """The median of the dots along each axis."""


@dataclass(frozen=True, slots=True, eq=False)
class LibraryMap:
    """The map of a library."""

    generation: int = -1
    """The library's generation when the map was made; -1 if none has been made."""
    shapes: tuple[Shape, ...] = ()
    """The largest documents first; a sample if there are very many."""
    projection: Projection = field(default=NOWHERE)


@dataclass(frozen=True, slots=True)
class Placement:
    """A question and its hits on a map."""

    map: LibraryMap
    question: Point
    hits: tuple[Point | None, ...]
    """A point for each hit, in order; None for a passage that no longer exists."""


def fit(vectors: np.ndarray[Any, Any], counts: Numbers, sizes: Numbers) -> Projection:
    """Return the projection that separates documents.

    `vectors`, shape (n, dimension), are passages grouped by document. `counts` is how many of them belong to each
    document, at least one. `sizes` is how many passages each document has in all; its root is the document's weight.
    """
    vectors = vectors.astype(np.float64)
    weights = np.sqrt(sizes) / np.sqrt(sizes).sum()
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    means = np.add.reduceat(vectors, starts, axis=0) / counts[:, None]
    origin = weights @ means
    axes = _axes(vectors - origin, means - origin, np.repeat(weights / counts, counts.astype(np.int64)), weights)
    flat = (vectors - origin) @ axes
    low, high = np.quantile(flat, [BULK, 1 - BULK], axis=0)
    reach = (high - low) / 2
    return Projection(origin, axes, (low + high) / 2, np.where(reach > _ALIKE, reach, 1.0))


def _axes(vectors: Numbers, means: Numbers, weight_of_passage: Numbers, weight_of_document: Numbers) -> Numbers:
    """Return the two directions of greatest spread, each of length one, shape (dimension, 2)."""
    total = vectors.T @ (vectors * weight_of_passage[:, None])
    between = means.T @ (means * weight_of_document[:, None])
    axes = np.linalg.eigh((1 - WITHIN) * between + WITHIN * total).eigenvectors[:, :-3:-1]
    # The sign of an eigenvector is arbitrary: without this, the map could flip over each time it is made.
    strongest = np.abs(axes).argmax(axis=0)
    return np.asarray(axes * np.sign(axes[strongest, [0, 1]]))


def place_question(known: LibraryMap, question: Vectors, hits: Sequence[Hit], catalog: Catalog) -> Placement:
    """Return the places of a question's vector and its hits on a map that has shapes."""
    ids, vectors = catalog.vectors_of([hit.passage.id for hit in hits])
    points = dict(zip(ids, known.projection(vectors), strict=True)) if ids else {}
    return Placement(known, known.projection(question[None])[0], tuple(points.get(hit.passage.id) for hit in hits))


def unplaced(known: LibraryMap, hits: Sequence[Hit]) -> Placement:
    """Return the same record for a map without shapes: the question in the centre, no hits placed."""
    return Placement(known, CENTRE, (None,) * len(hits))


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
