"""Measures the time and memory of reading files, also of very large ones: `python -m benchmarks.reading PATH…`.

The program reads each file and splits it into passages as `pincite add` does, within the limits of the settings. The
table shows the slowest files of PATH…, and the one with the highest memory. A second table has every PDF, with the
share of its five-word sequences that occur in pdfium's plain text of the same pages, the lowest first. With
`--monsters` the program also makes and reads a PDF of 5,000 pages, texts of 60 and 500 megabytes and one of two
gigabytes. With `--files N` it makes a folder of N small files and adds it to a library with a fake encoder, to measure
only finding, queueing, reading and storing.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from operator import itemgetter
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from benchmarks.machine import report
from index import Library, Settings
from index.encoders.pretrained import default_weights
from index.errors import LoadingError
from index.ingest.queue import Worklist, absolute
from index.loading.loader import discover
from index.loading.sandbox.messages import ChunkerSettings, Limits
from index.loading.sandbox.pool import parsers
from index.verification.sources import Witness
from tests.fakes import FakeEncoder
from tests.loading.pdfs import build, column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.sandbox.messages import Parsed
    from index.loading.sandbox.pool import Parser

SHOWN = 8
_COLUMNS = ("file", "MB", "seconds", "peak MB", "result")
PAGES = 5000
LINES = 42
LINE = "the Arctic Tern was moored in the harbour of Hull where the rain of winter fell on her and on all"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--monsters", action="store_true")
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--json")
    options = parser.parse_args()
    settings = Settings()
    limits = Limits(settings.parse_seconds, settings.parse_megabytes)
    with tempfile.TemporaryDirectory() as folder, parsers(limits) as reader:
        if options.paths:
            rows = [_read(reader, Path(absolute(path)), settings) for path in discover(options.paths)]
            counts = Counter(row["result"].split(":")[0] for row in rows)
            worst = sorted(rows, key=lambda row: -row["seconds"])[:SHOWN]
            worst += [max(rows, key=lambda row: row["peak MB"])]
            counted = ", ".join(f"{count} {result}" for result, count in counts.most_common())
            shown = [{name: row[name] for name in _COLUMNS} for row in worst]
            report(f"Reading: {len(rows)} files ({counted})", shown, options.json)
            agreements = sorted((row["agreement"] for row in rows if "agreement" in row), key=itemgetter("agreement"))
            report("Word order of PDFs", agreements, options.json and f"{options.json}.order.json")
        if options.monsters:
            monsters = [_read(reader, path, settings) for path in _monsters(Path(folder))]
            report("Reading: monsters", monsters, options.json)
    if options.files:
        report(f"Adding {options.files:,} small files", list(_small_files(options.files)), options.json)


def _read(reader: Parser, path: Path, settings: Settings) -> dict[str, Any]:
    row: dict[str, Any] = {"file": path.name, "MB": path.stat().st_size / 1e6}
    began = monotonic()
    try:
        parsed = reader.parse(
            path,
            source=str(path),
            max_bytes=settings.max_file_megabytes * 1_000_000,
            max_pages=settings.max_pages,
            cutting=_chunker_settings(settings),
            witness=True,
        )
    except LoadingError as error:
        refused = f"{type(error).__name__}: {error.hint}"
        return {**row, "seconds": monotonic() - began, "peak MB": 0.0, "result": refused}
    result = f"document: {len(parsed.chunks or ()):,} passages"
    row |= {"seconds": monotonic() - began, "peak MB": parsed.cost.megabytes, "result": result}
    return row | {"agreement": _agreement(path.name, parsed)} if parsed.pages else row


def _agreement(name: str, parsed: Parsed) -> dict[str, Any]:
    """Return the share of five-word sequences that the second reader of a PDF also finds, with other figures."""
    text, witness = parsed.document.text, Witness(parsed.pages)
    starts = [mark.start for mark in parsed.document.landmarks if mark.kind == "page"]
    agreeing = sequences = 0
    for page, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True)):
        counts = witness.counts(text[start:end], range(page - 1, page + 2))
        agreeing, sequences = agreeing + counts[0], sequences + counts[1]
    paragraphs = text.split("\n\n")
    return {
        "file": name,
        "pages": len(parsed.pages),
        "five-word sequences": sequences,
        "agreement": agreeing / sequences if sequences else 1.0,
        "paragraphs": len(paragraphs),
        "ending in a hyphen": sum(paragraph.endswith("-") for paragraph in paragraphs),
    }


def _chunker_settings(settings: Settings) -> ChunkerSettings:
    tokenizer = (default_weights() / "tokenizer.json").read_text(encoding="utf-8")
    return ChunkerSettings(settings.passage_tokens, 256, _untruncated(tokenizer))


def _untruncated(tokenizer: str) -> str:
    from tokenizers import Tokenizer

    untruncated = Tokenizer.from_str(tokenizer)
    untruncated.no_truncation()
    untruncated.no_padding()
    return str(untruncated.to_str())


def _monsters(folder: Path) -> Iterator[Path]:
    path = folder / "pages.pdf"
    path.write_bytes(build([column([_line(page * LINES + n) for n in range(LINES)]) for page in range(PAGES)]))
    yield path
    for megabytes in (60, 500):
        path = folder / f"text-{megabytes}.txt"
        with path.open("w", encoding="utf-8") as file:
            n = written = 0
            while written < megabytes * 1_000_000:
                written += file.write("\n".join(_line(n + k) for k in range(6)) + "\n\n")
                n += 6
        yield path
        path.unlink()
    path = folder / "text-2000.txt"
    with path.open("wb") as huge:
        huge.truncate(2_000_000_000)
    yield path


def _line(n: int) -> str:
    """Return line `n`; lines differ, and every third one ends a sentence."""
    words = LINE.split()
    return " ".join(words[(n * 7 + k * 3) % len(words)] for k in range(13)) + (f" in {n}." if n % 3 == 2 else "")


def _small_files(count: int) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for n in range(count):
            if n % 1000 == 0:
                (folder / "files" / f"{n // 1000:04}").mkdir(parents=True)
            text = f"The vessel {n} left the harbour of Hull in winter, and came back {n % 7} days later."
            (folder / "files" / f"{n // 1000:04}" / f"{n:06}.txt").write_text(text)
        began, before = monotonic(), _resident()
        with Worklist(folder) as worklist:
            worklist.queue(map(absolute, discover([folder / "files"])))
        yield {"step": "find and queue", "seconds": monotonic() - began, "MB more than before": _resident() - before}
        with Library.open(folder / "library", Settings(), encoder=FakeEncoder(max_tokens=256)) as library:
            for step in ("add", "add again, all unchanged"):
                began, before = monotonic(), _resident()
                library.add(folder / "files")
                yield {"step": step, "seconds": monotonic() - began, "MB more than before": _resident() - before}


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
