"""Measures the map of a large library: `python -m benchmarks.mapping --library DIR [--passages N]`.

The program makes a library without the encoder: the vectors of each document are random, around one direction. It keeps
the library in DIR and reuses it. It makes the map from the catalog, as Pincite does in the background after a change,
and then places a question on it.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

import numpy as np

from benchmarks.machine import report, seconds
from index import Library
from index.page.map_svg import map_overlay, map_svg
from index.records import Chunk, Document, Hit, Span, Why
from index.storage.tables import PackedVectors, pack_sentence_vectors, pack_vector
from index.views.library_map import make, place_question

DIMENSION = 384
LONGEST = 400
WORDS = "A sentence of a document that was made up."
FINGERPRINT = "made up"
UNKNOWN = Why(None, None, None, None, 0.0, 0.0, False, None, (), ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--library",
        type=Path,
        required=True,
        help="the folder of the large library; the program makes the library if it does not exist",
    )
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json")
    options = parser.parse_args()
    with Library.open(options.library) as library:
        _fill(library, options.passages)
        catalog = library.parts.store.catalog
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        known = make(catalog, catalog.generation())
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        numbers = catalog.added_since(-1)
        vector = known.projection.axes[:, 0].astype(np.float32)
        hits = [_hit(library, document.first, document.number) for document in numbers[:10]]
        placed = place_question(known, vector, hits, catalog)
        rows = {
            "the map": seconds(lambda: make(catalog, catalog.generation()), options.rounds),
            "its markup": seconds(lambda: map_svg(known), options.rounds),
            "a question and ten hits on it": seconds(
                lambda: place_question(known, vector, hits, catalog), options.rounds
            ),
            "their markup": seconds(lambda: map_overlay(placed, hits, {1, 2, 3}), options.rounds),
        }
        title = f"Map: {library.stats().passages} passages of {len(numbers)} documents"
        note = f"{sum(len(shape.dots) for shape in known.shapes)} dots, {len(map_svg(known)):,} bytes, {grown:.0f} MB"
        report(title, [{"what": name, "ms": 1000 * value} for name, value in rows.items()], options.json)
        print(f"\n{note} more memory while the first map was made")


def _fill(library: Library, passages: int) -> None:
    """Add documents of very different lengths until the library has `passages` passages."""
    rng = np.random.default_rng(0)
    catalog = library.parts.store.catalog
    done = catalog.totals()["passages"]
    while done < passages:
        length = min(int(rng.integers(1, LONGEST)), passages - done)
        document, chunks = _document(f"made-up-{done}", length)
        catalog.put(document, chunks, _vectors(rng, document.id, length), FINGERPRINT)
        done += length


def _document(name: str, passages: int) -> tuple[Document, list[Chunk]]:
    size = len(WORDS) + 1
    spans = [Span(n * size, n * size + len(WORDS)) for n in range(passages)]
    text = "\n".join([WORDS] * passages)
    return Document(name, f"{name}.txt", name, "", "", "text/plain", text, ()), [Chunk(*s, (s,)) for s in spans]


def _vectors(rng: np.random.Generator, name: str, passages: int) -> list[PackedVectors]:
    direction = rng.standard_normal(DIMENSION)
    vectors = direction + rng.standard_normal((passages, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        PackedVectors(f"{name} {n}".encode(), pack_vector(vector), pack_sentence_vectors(vector[None]))
        for n, vector in enumerate(vectors)
    ]


def _hit(library: Library, passage: int, number: int) -> Hit:
    catalog = library.parts.store.catalog
    row = catalog.passages([passage])[passage]
    (location,) = catalog.locate([(number, Span(row.passage.start, row.passage.end))])
    return Hit(row.passage, catalog.infos([number])[number], 0.5, row.passage.sentences[0], location, UNKNOWN)


if __name__ == "__main__":
    main()
