"""Fits the projection of the map.

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
pages of one or two passages all candidates show the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from index.mapping.places import Numbers, Projection

WITHIN = 0.1
"""The weight of the spread within documents; the spread between them has the rest."""
BULK = 0.02
"""The share of dots at either end of an axis that is ignored for its scale."""
_ALIKE = 1e-4
"""Vectors have length one: a spread below this is a rounding error, and is not enlarged."""


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
