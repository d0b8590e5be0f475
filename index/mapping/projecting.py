"""Which way to look at a library.

A passage has hundreds of coordinates, the map has two. Candidates were compared on three libraries: our eleven sample
documents, five long texts, sixteen medical papers. Each was fitted to every other passage and judged on the passages
that it had not seen: what share of a dot's five nearest neighbours are of its own document (a), and by the rank
correlation of distances on the map with distances of the vectors (b).

                                     samples       texts        papers
                                     a     b       a     b      a     b
    all passages (PCA)              .19   .46     .79   .58    .41   .56
    means of documents              .26   .33     .73   .54    .41   .56
    discriminant, lightly damped    .22   .17     .71   .45    .55   .53

The discriminant draws the prettiest islands, but among the samples they are its own: .59 on the passages that it was
fitted to, where .22 hold on others. It would show borders that are not there. All passages together are ruled by how a
passage is written, and by the largest document. The means of documents show these apart as far as they are apart, on
seen passages as on unseen ones; a share of the spread within documents decides where these are too few to span a plane.
On 150 encyclopaedia pages of one or two passages all of them show the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from index.mapping.places import Numbers, Projection

WITHIN = 0.1
"""How much the spread within documents counts beside the spread between them."""
BULK = 0.02
"""The share of dots at either end of an axis that does not set its scale."""
_ALIKE = 1e-4
"""Vectors have length one: a spread below this is rounding, and is not enlarged."""


def fit(vectors: np.ndarray[Any, Any], counts: Numbers, sizes: Numbers) -> Projection:
    """The projection that shows documents apart.

    `vectors`, shape (n, dimension), are passages grouped by document; `counts` says how many belong to each, at least
    one, and `sizes` how many passages each has in all: a document counts by the root of that.
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
    """The two directions of most spread, each of length one, shape (dimension, 2)."""
    total = vectors.T @ (vectors * weight_of_passage[:, None])
    between = means.T @ (means * weight_of_document[:, None])
    axes = np.linalg.eigh((1 - WITHIN) * between + WITHIN * total).eigenvectors[:, :-3:-1]
    # An axis has no sign of its own: without this, the map would flip over from one making to the next.
    strongest = np.abs(axes).argmax(axis=0)
    return np.asarray(axes * np.sign(axes[strongest, [0, 1]]))
