"""Makes the passages of our questions on free texts:  python -m training.manuals FILES SETS

FILES has a folder for each collection: the documents of a Debian package, or files of a public repository
(`training/README.md` lists them). Compressed files are unpacked, and Perl's manuals become text. The product reads them
and cuts them into passages; those that `data/asked.tsv`, `cells.tsv` and `claims.tsv` name by their hash go to
`SETS/manuals/passages.jsonl`, with those that the default encoder finds nearest to a question, which are in
`near.jsonl`. The documents that we wrote ourselves are in `data/documents.txt`. A passage that has changed since,
because the file or the product has, is left out with its lines.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index import Library, Settings
from index.encoders.encoder import Draft, load_encoder
from index.records import Span
from index.records.table import words_above
from index.search.readings import rows_of
from tests.fakes import FakeEncoder
from training.passages import DATA, asked, asked_cells, digest, own_claims

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Row = dict[str, Any]

SMALLEST, LARGEST = 1500, 3_000_000
"""The size in bytes of a file that is read."""
READABLE = re.compile(r"\.(?:html?|txt|pdf|csv|md|rst|docx|odt|pptx|xlsx|epub|eml)$")
PLAIN = re.compile(
    r"(?i)^(?:readme|news|faq|changes|todo|install|howto|bugs|guidebook|manual|copyright|changelog)[^/]*$"
)
OTHER_LANGUAGE = re.compile(r"(?i)genindex|search\.html|index-|\.(?:de|fr|es|ja|ko|tr|pt-br|zh-cn|da|ru)\.")
CUT = 150
"""The tokens of a passage that are compared with a question."""
NEAR, FOUND = 5, 8
"""The number of near passages that are kept for a question, of those found."""
COMPARED = 40_000
"""The number of passages, besides those that questions are about, among which near ones are searched for."""
NEIGHBOUR = 400
"""A passage of the same document that begins within this many characters may contain the answer, too."""
BLOCK = 512


def main() -> None:
    """Write the passages and the near ones of each question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path)
    parser.add_argument("sets", type=Path)
    options = parser.parse_args()
    known = {row["hash"]: row for folder in sorted(options.files.iterdir()) for row in collection(folder)}
    known |= {row["hash"]: row for row in documents()}
    lines = [line for line in asked() if line.passage in known]
    unasked = ({line.passage for line in asked_cells()} | {claim.passage for claim in own_claims()}) & known.keys()
    about = {line.passage for line in lines}
    others = sorted(known.keys() - about - unasked)
    compared = about.union(random.Random(1).sample(others, min(COMPARED, len(others))))
    near = list(nearest([(line.passage, line.question) for line in lines], {name: known[name] for name in compared}))
    out = options.sets / "manuals"
    out.mkdir(parents=True, exist_ok=True)
    wanted = about | unasked | {name for names in near for name in names}
    _write(out / "passages.jsonl", [known[name] for name in sorted(wanted)])
    rows = [
        {"passage": line.passage, "question": line.question, "near": names}
        for line, names in zip(lines, near, strict=True)
    ]
    _write(out / "near.jsonl", rows)
    print(f"{len(lines)} of {len(list(asked()))} questions, {len(wanted)} passages")


def collection(folder: Path) -> Iterator[Row]:
    """Yield the passages of a collection, as the product cuts them."""
    with tempfile.TemporaryDirectory() as temporary:
        staged = Path(temporary) / "files"
        stage(folder, staged)
        with Library.open(Path(temporary) / "library", Settings(), encoder=FakeEncoder(max_tokens=100_000)) as library:
            library.add([staged])
            for info in library.documents():
                for row in library.passages(info.id):
                    passage = row.passage
                    yield {
                        "hash": digest(passage.text),
                        "package": folder.name,
                        "title": info.name,
                        "above": words_above(row.tables, Span(passage.start, passage.end), passage.text),
                        "start": passage.start,
                        "text": passage.text,
                        "sentences": [(start - passage.start, end - passage.start) for start, end in passage.sentences],
                        "rows": [
                            {"sentence": n, "columns": [cell.column for cell, _ in cells], "lines": found.lines()}
                            for found in rows_of(row)
                            for n, _, cells in (found,)
                        ],
                    }


def stage(folder: Path, out: Path) -> None:
    """Write the readable files of a collection to `out`, each in a folder of its own."""
    out.mkdir(parents=True)
    for n, (name, content) in enumerate(_readable(folder)):
        (out / str(n)).mkdir()
        (out / str(n) / name).write_bytes(content)


def documents() -> Iterator[Row]:
    """Yield the passages that we wrote ourselves: blocks of lines, one for a sentence, after a line with the kind."""
    for block in (DATA / "documents.txt").read_text(encoding="utf-8").strip().split("\n\n"):
        _, *lines = block.split("\n")
        text = "\n".join(lines)
        spans: list[tuple[int, int]] = []
        for line in lines:
            start = spans[-1][1] + 1 if spans else 0
            spans.append((start, start + len(line)))
        row = {"hash": digest(text), "package": "own", "title": "", "above": "", "start": 0}
        yield {**row, "text": text, "sentences": spans}


def nearest(questions: Sequence[tuple[str, str]], known: dict[str, Row]) -> Iterator[list[str]]:
    """Yield the names of the passages nearest to each question, without its own one and that one's neighbours."""
    encoder, names = load_encoder(Settings()), list(known)
    passages = [_cut(encoder, known[name]["text"]) for name in names]
    vectors = np.stack([encoded.vector for encoded in encoder.encode_quotes(passages)])
    for start in range(0, len(questions), BLOCK):
        block = questions[start : start + BLOCK]
        encoded = encoder.encode_quotes([_cut(encoder, question) for _, question in block])
        cosines = np.stack([row.vector for row in encoded]) @ vectors.T
        for (own, _), row in zip(block, cosines, strict=True):
            best = np.argsort(-row)[:FOUND]
            others = [names[n] for n in best if names[n] != own and not _beside(known[own], known[names[n]])]
            yield others[:NEAR]


def _beside(one: Row, other: Row) -> bool:
    same = all(one[name] == other[name] for name in ("package", "title"))
    return same and abs(one["start"] - other["start"]) < NEIGHBOUR


def _cut(encoder: Any, text: str) -> Draft:
    while encoder.count_tokens([text])[0] > CUT:
        text = text[: len(text) * 3 // 4]
    return Draft(text)


def _readable(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each readable file."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.name.removesuffix(".gz")
        wanted = READABLE.search(name) or PLAIN.match(name) or name.endswith(".pod")
        if not wanted or OTHER_LANGUAGE.search(str(path.relative_to(folder))):
            continue
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if name.endswith(".pod"):
            content = subprocess.run(["pod2text", "-w", "100"], input=content, capture_output=True, check=True).stdout
        if SMALLEST <= len(content) <= LARGEST:
            yield name if READABLE.search(name) else f"{name}.txt", content


def _write(path: Path, rows: Sequence[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
