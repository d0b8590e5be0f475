"""Damaged files by the thousand: `python -m tests.loading.fuzz [--cases 2000] [--seed S]`.

Each case is a file of this repository, or of the folder of real files beside it, with one to three kinds of damage. It
must become a document in canonical form or a refusal that gives its reason, within limits of time and memory. The
printed table has a line for each format. Failed cases are saved in a folder, and then the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, get_args

from index.errors import LoadingError, ReaderCrashed, TookTooLong, TooMuchMemory
from index.loading.sandbox.messages import Limits
from index.loading.sandbox.pool import Parser
from index.text.sentences import normalise
from tests.loading import samples
from tests.loading.archives import mail
from tests.loading.compound import compound, outlook
from tests.loading.hostile import HOSTILE
from tests.loading.mutations import damages_of
from tests.loading.office import XLS, bytes_of, formats, frame, odp, ods, pptx_of, workbook
from tests.loading.pdfs import build, column, grid_rules
from tests.loading.pdfs import cells as table_cells
from tests.loading.printed_pages import drawn, saved, scanned_pdf
from tests.skips import FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.records import Document

ROOT = Path(__file__).parents[2]
LARGEST = 3_000_000
"""Larger files are left out: they only take longer."""
SEED = 20261125
SECONDS = 30.0
MEGABYTES = 1000
"""The memory of the process that reads the files."""
Fate = Literal["document", "refused", "limit", "unexpected error", "not canonical"]
FATES: tuple[Fate, ...] = get_args(Fate)
_ALWAYS_SHOWN = ("document", "refused", "limit")
_SHARES = {
    ".pdf": 6, ".docx": 6, ".html": 4, ".txt": 3, ".md": 2, ".xlsx": 3, ".xls": 2, ".csv": 2, ".pptx": 3, ".eml": 2,
    **dict.fromkeys((".htm", ".org", ".rst", ".xml", ".xlsb", ".ods", ".tsv", ".odp", ".mht", ".msg", ".doc"), 1),
    **dict.fromkeys((".epub", ".odt", ".fodt", ".rtf", ".srt", ".vtt", ".ass", ".sbv", ".ipynb", ".tex", ".adoc"), 1),
    **dict.fromkeys((".ppt", ".1", ".8", ".json", ".jsonl", ".svg", ".bib", ".ris"), 1),
    **dict.fromkeys((".png", ".jpg", ".tiff", ".webp", ".gif", ".bmp"), 1),
    "other": 2,
}  # fmt: skip
"""How often each suffix is chosen; `other` stands for formats that are refused by name."""
_LEFTS, _SHIP = (72, 200, 300, 400), ("Ship", "Year", "Tons", "Crew")
_TEXT = "The harbour of Løvøya, 1911.\n\n* Ships\n\nThe Arctic Tern was moored there; it had been towed.\n" * 20
SYNTHETIC = {
    **samples.FILES,
    "made-utf-16.txt": _TEXT.encode("utf-16"),
    "made-latin-1.txt": _TEXT.encode("latin-1"),
    "made.csv": b"ship;year\n" + b"".join(b"Tern %d;19%02d\n" % (n, n % 100) for n in range(200)),
    "made.tsv": b"Ships\t\t\nship\tnote\tyear\n" + b"".join(b'Tern\t"a\n%d"\t19%02d\n' % (n, n) for n in range(50)),
    "made.xlsx": bytes_of(
        workbook(("Ships", [["ship", "year"], *(["Tern", n] for n in range(50))]), ("More", [["a"]]))
    ),
    "made-formats.xlsx": formats(),
    "made.xls": XLS,
    "made.ods": ods(["ship", "year"], *(["Tern", str(n)] for n in range(50))),
    "made.pptx": pptx_of(("Ships", "Terns"), ("Ports", "Hull")),
    "made.odp": odp(
        "".join(f"<draw:page>{frame(f'<text:p>Ship {n}</text:p>', f'{n}cm')}</draw:page>" for n in range(9))
    ),
    "made.json": b'{"ships": [' + b'{"name": "Tern"}, ' * 50 + b'{"name": "Skua"}]}',
    "made.eml": mail("Ships of Kiel", _TEXT, {"log.txt": b"The log. " * 50}),
    "made.mht": b"From: <Saved by Blink>\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\n"
    b"Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<html><body><h1>Ships</h1><p>"
    + b"The Tern was =\nmoored there. " * 30
    + b"</p></body></html>\n--x--\n",
    "made.msg": compound(outlook("Ships of Kiel", _TEXT, {"log.txt": b"The log. " * 600})),
    "made.pdf": build(
        [column([f"Line {n} of page {page}, on ships." for n in range(20)]) for page in range(3)],
        information={"Title": "Ships of the north", "Author": "K. Varde"},
        outline=[("Ships", 0), ("Harbours", 2)],
        labels="0 << /S /r >>",
        picture=True,
    ),
    "made-tables.pdf": build(
        [
            [
                *grid_rules((66, 194, 294, 394, 470), (712, 698, *range(684, 684 - 14 * 20, -14))),
                *table_cells([_SHIP, *((f"Tern {n}", "1911", str(n), "7") for n in range(20))], _LEFTS),
            ],
            table_cells([_SHIP, *((f"Skua {n}", "1912", str(n), "8") for n in range(20))], _LEFTS),
        ]
    ),
    "made.png": saved([drawn()], "PNG"),
    "made.jpg": saved([drawn()], "JPEG"),
    "made.tiff": saved([drawn(), drawn("A second page, on ships.")], "TIFF", compression="tiff_lzw"),
    "made.webp": saved([drawn()], "WEBP"),
    "made.gif": saved([drawn()], "GIF"),
    "made.bmp": saved([drawn().resize((150, 200))], "BMP"),
    "scanned.pdf": scanned_pdf([drawn(), drawn("A second page, on ships.")]),
}
"""Formats that the seeds lack, so that they are tested without the real files."""


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged file."""

    number: int
    name: str
    damages: tuple[str, ...]
    data: bytes

    @property
    def kind(self) -> str:
        """The suffix of its name."""
        return Path(self.name).suffix.lower()

    def __str__(self) -> str:
        return f"case {self.number}: {self.name}, {', '.join(self.damages)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of reading one file."""

    fate: Fate
    detail: str
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def is_acceptable(self) -> bool:
        """Whether the result is a document in canonical form, or a refusal that gives its reason."""
        return self.fate in ("document", "refused", "limit")


class SandboxReader:
    """Reads files in the sandbox of `add`, where crashes, hangs and excessive memory use become failures."""

    def __init__(self, folder: Path, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._folder = folder
        self._parser = Parser(Limits(seconds, megabytes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parser.close()

    def read(self, data: bytes, name: str) -> Outcome:
        """Read a file with this name."""
        path = self._folder / name
        path.write_bytes(data)
        started = time.monotonic()
        try:
            parsed = self._parser.parse(path, source=str(path), max_bytes=1 << 30)
        except (TookTooLong, TooMuchMemory, ReaderCrashed) as error:
            return Outcome("limit", str(error), time.monotonic() - started)
        except LoadingError as error:
            fate: Fate = "refused" if error.hint else "unexpected error"
            return Outcome(fate, type(error).__name__, time.monotonic() - started)
        finally:
            path.unlink()
        flaw = _flaw(parsed.document)
        fate = "not canonical" if flaw else "document"
        return Outcome(fate, flaw or parsed.document.media_type, parsed.cost.seconds, parsed.cost.megabytes)


def _flaw(document: Document) -> str:
    """Return what is wrong with a document; empty if nothing is."""
    text, starts = document.text, [mark.start for mark in document.landmarks]
    if normalise(text) != text:
        return "its text is not normalised"
    if not any(map(str.isalnum, text)):
        return "it has no words"
    if starts != sorted(starts) or (starts and not 0 <= starts[0] <= starts[-1] <= len(text)):
        return "its landmarks are out of order or outside its text"
    return ""


@dataclass(slots=True)
class Tally:
    """Counts the results of the files of one kind."""

    cases: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    megabytes: float = 0.0

    def count(self, outcome: Outcome) -> None:
        """Add one result."""
        self.cases += 1
        self.fates[outcome.fate] += 1
        self.seconds = max(self.seconds, outcome.seconds)
        self.megabytes = max(self.megabytes, outcome.megabytes)


def corpus(*, real: bool = True) -> dict[str, bytes]:
    """Return undamaged files by name: the seeds, the synthetic files and, if they are present, the real files."""
    paths = sorted(path for path in (ROOT / "seeds").iterdir() if path.suffix != ".jsonl")
    if real and FILES.is_dir():
        paths += sorted(path for path in FILES.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
    return {path.name: path.read_bytes() for path in paths} | SYNTHETIC


def cases(count: int, seed: int, files: dict[str, bytes]) -> Iterator[Case]:
    """Yield damaged files. Files of a kind are equally likely; a case is the same whatever the number of cases."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in sorted(files):
        suffix = Path(name).suffix.lower()
        kinds[suffix if suffix in _SHARES else "other"].append(name)
    shares = [_SHARES[kind] for kind in kinds]
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        kind = chance.choices(list(kinds), shares)[0]
        name, other = chance.choice(kinds[kind]), chance.choice(kinds[kind])
        data, damages = files[name], []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            damage = chance.choice(damages_of(data))
            data = damage(data, files[other], chance)
            damages.append(damage.__name__)
        yield Case(number, name, tuple(damages), data)


def hostile(size: int) -> Iterator[Case]:
    """Yield the hostile files."""
    for number, (description, (name, make)) in enumerate(HOSTILE.items()):
        yield Case(number, name, (description,), make(size))


def fuzz(cases: Iterable[Case], reader: SandboxReader) -> Iterator[tuple[Case, Outcome]]:
    """Read each case."""
    for case in cases:
        yield case, reader.read(case.data, case.name)


def report(tallies: dict[str, Tally]) -> Iterator[str]:
    """Yield the lines of the table of results."""
    fates = [fate for fate in FATES if any(tally.fates[fate] for tally in tallies.values()) or fate in _ALWAYS_SHOWN]
    yield "| files | cases | " + " | ".join(fates) + " | longest, s | most memory, MB |"
    yield "|---" * (len(fates) + 4) + "|"
    total = Tally()
    for kind, tally in sorted(tallies.items()):
        yield _line(kind, tally, fates)
        total.cases += tally.cases
        total.fates += tally.fates
        total.seconds, total.megabytes = max(total.seconds, tally.seconds), max(total.megabytes, tally.megabytes)
    yield _line("all", total, fates)


def _line(kind: str, tally: Tally, fates: Sequence[str]) -> str:
    counts = " | ".join(str(tally.fates[fate]) for fate in fates)
    return f"| {kind} | {tally.cases} | {counts} | {tally.seconds:.1f} | {tally.megabytes:.0f} |"


def main() -> int:
    """Run the fuzzer, print the results and return the exit code."""
    parser = argparse.ArgumentParser(description="Read damaged files within limits.")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", type=int, help="run this case only")
    parser.add_argument(
        "--hostile", type=int, metavar="SIZE", help="read hostile files of this size instead, for example 1000"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    options = parser.parse_args()
    selected = hostile(options.hostile) if options.hostile else cases(options.cases, options.seed, corpus())
    chosen = (case for case in selected if options.only in (None, case.number))
    tallies: dict[str, Tally] = defaultdict(Tally)
    saved = Path(tempfile.mkdtemp(prefix="fuzz-"))
    with (
        tempfile.TemporaryDirectory() as folder,
        SandboxReader(Path(folder), seconds=options.seconds, megabytes=options.megabytes) as reader,
    ):
        failed = sum(_record(case, outcome, tallies, saved) for case, outcome in fuzz(chosen, reader))
    sys.stdout.writelines(f"{line}\n" for line in report(tallies))
    sys.stdout.write(f"{failed} failed; seed {options.seed}" + (f"; the files are in {saved}\n" if failed else "\n"))
    return int(failed > 0)


def _record(case: Case, outcome: Outcome, tallies: dict[str, Tally], saved: Path) -> bool:
    """Count a result, print it unless it is ordinary, and return whether the case failed."""
    tallies[case.kind].count(outcome)
    if outcome.fate not in ("document", "refused"):
        sys.stdout.write(f"{case}\n  {outcome.fate}: {outcome.detail}\n")
        sys.stdout.flush()
    if not outcome.is_acceptable:
        (saved / f"{case.number}-{case.name}").write_bytes(case.data)
    return not outcome.is_acceptable


if __name__ == "__main__":
    sys.exit(main())
