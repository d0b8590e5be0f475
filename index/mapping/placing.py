"""Places a question and its hits on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.mapping.places import CENTRE, LibraryMap, Placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.encoding import Vectors
    from index.records import Hit
    from index.storage.catalog import Catalog


def place(known: LibraryMap, question: Vectors, hits: Sequence[Hit], catalog: Catalog) -> Placed:
    """Return the places of a question's vector and its hits on a map that has shapes."""
    ids, vectors = catalog.vectors_of([hit.passage.id for hit in hits])
    points = dict(zip(ids, known.projection(vectors), strict=True)) if ids else {}
    return Placed(known, known.projection(question[None])[0], tuple(points.get(hit.passage.id) for hit in hits))


def nowhere(known: LibraryMap, hits: Sequence[Hit]) -> Placed:
    """Return the same record for a map without shapes: the question in the centre, no hits placed."""
    return Placed(known, CENTRE, (None,) * len(hits))
