"""Damaged files by the thousand: `python -m tests.loading.fuzz [--cases 2000] [--seed S]`.

Each is a file of this repository, or of the folder of real files beside it, with one to three kinds of damage. Each has
to become a document in canonical form or a refusal with a reason, within limits of time and memory. The table that is
printed has a line for each format; what failed is kept in a folder; the exit code is 1 where anything did.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.loading.confined import FATES, MEGABYTES, SECONDS, Confined, Outcome, Parsing, Reader
from tests.loading.hostile import HOSTILE
from tests.loading.mutations import damages_of
from tests.loading.pdfs import build, column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "files"
LARGEST = 3_000_000
"""Larger files differ from smaller ones in the time they take only."""
SEED = 20261125
_TOLD = ("document", "refused", "limit", "crash", "hang")
_SHARES = {
    ".pdf": 6,
    ".docx": 6,
    ".html": 4,
    ".txt": 3,
    ".md": 2,
    ".htm": 1,
    ".org": 1,
    ".rst": 1,
    ".xml": 1,
    "other": 2,
}
"""How often each ending comes; `other` are those of formats that are refused by their name."""
_TEXT = "The harbour of Løvøya, 1911.\n\n* Ships\n\nThe Arctic Tern was moored there; it had been towed.\n" * 20
MADE = {
    "made.org": _TEXT.encode(),
    "made-utf-16.txt": _TEXT.encode("utf-16"),
    "made-latin-1.txt": _TEXT.encode("latin-1"),
    "made.csv": b"ship;year\n" + b"".join(b"Tern %d;19%02d\n" % (n, n % 100) for n in range(200)),
    "made.json": b'{"ships": [' + b'{"name": "Tern"}, ' * 50 + b'{"name": "Skua"}]}',
    "made.pdf": build(
        [column([f"Line {n} of page {page}, on ships." for n in range(20)]) for page in range(3)],
        information={"Title": "Ships of the north", "Author": "K. Varde"},
        outline=[("Ships", 0), ("Harbours", 2)],
        labels="0 << /S /r >>",
        picture=True,
    ),
}
"""What is neither in the seeds nor always beside this checkout."""


@dataclass(frozen=True, slots=True)
class Case:
    """A damaged file."""

    number: int
    name: str
    damages: tuple[str, ...]
    data: bytes

    @property
    def kind(self) -> str:
        """The ending of its name."""
        return Path(self.name).suffix.lower()

    def __str__(self) -> str:
        return f"case {self.number}: {self.name}, {', '.join(self.damages)}"


@dataclass(slots=True)
class Tally:
    """What became of the files of one kind."""

    cases: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    megabytes: float = 0.0

    def count(self, outcome: Outcome) -> None:
        """One more."""
        self.cases += 1
        self.fates[outcome.fate] += 1
        self.seconds = max(self.seconds, outcome.seconds)
        self.megabytes = max(self.megabytes, outcome.megabytes)


def corpus(*, real: bool = True) -> dict[str, bytes]:
    """Sound files by name: the seeds, what is made here, and where they are, real ones."""
    paths = sorted(path for path in (ROOT / "seeds").iterdir() if path.suffix != ".jsonl")
    if real and REAL.is_dir():
        paths += sorted(path for path in REAL.rglob("*") if path.is_file() and path.stat().st_size <= LARGEST)
    return {path.name: path.read_bytes() for path in paths} | MADE


def cases(count: int, seed: int, files: dict[str, bytes]) -> Iterator[Case]:
    """So many damaged files; each file of a kind as often as any other, and each case the same by whatever count."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in sorted(files):
        suffix = Path(name).suffix.lower()
        kinds[suffix if suffix in _SHARES else "other"].append(name)
    shares = [_SHARES[kind] for kind in kinds]
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        kind = chance.choices(list(kinds), shares)[0]
        name, other = chance.choice(kinds[kind]), chance.choice(kinds[kind])
        data, told = files[name], []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            damage = chance.choice(damages_of(data))
            data = damage(data, files[other], chance)
            told.append(damage.__name__)
        yield Case(number, name, tuple(told), data)


def hostile(size: int) -> Iterator[Case]:
    """The hostile files."""
    for number, (what, (name, make)) in enumerate(HOSTILE.items()):
        yield Case(number, name, (what,), make(size))


def fuzz(some: Iterable[Case], reader: Reader) -> Iterator[tuple[Case, Outcome]]:
    """Read each."""
    for case in some:
        yield case, reader.read(case.data, case.name)


def report(tallies: dict[str, Tally]) -> Iterator[str]:
    """The table."""
    fates = [fate for fate in FATES if any(tally.fates[fate] for tally in tallies.values()) or fate in _TOLD]
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
    """Fuzz, tell, and give the exit code."""
    parser = argparse.ArgumentParser(description="Damaged files, read within limits.")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", type=int, help="repeat one case")
    parser.add_argument("--hostile", type=int, metavar="SIZE", help="hostile files of that size instead, as 1000")
    parser.add_argument("--bare", action="store_true", help="the readers alone, whose foreign errors are then told")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    wanted = parser.parse_args()
    limits = {"seconds": wanted.seconds, "megabytes": wanted.megabytes}
    some = hostile(wanted.hostile) if wanted.hostile else cases(wanted.cases, wanted.seed, corpus())
    chosen = (case for case in some if wanted.only in (None, case.number))
    tallies: dict[str, Tally] = defaultdict(Tally)
    kept = Path(tempfile.mkdtemp(prefix="fuzz-"))
    with (
        tempfile.TemporaryDirectory() as folder,
        Confined(**limits) if wanted.bare else Parsing(Path(folder), **limits) as reader,
    ):
        failed = sum(_judged(case, outcome, tallies, kept) for case, outcome in fuzz(chosen, reader))
    sys.stdout.writelines(f"{line}\n" for line in report(tallies))
    sys.stdout.write(f"{failed} failed; seed {wanted.seed}" + (f"; they are in {kept}\n" if failed else "\n"))
    return int(failed > 0)


def _judged(case: Case, outcome: Outcome, tallies: dict[str, Tally], kept: Path) -> bool:
    """Count it, and tell of it where it is not plain; whether it failed."""
    tallies[case.kind].count(outcome)
    if outcome.fate not in ("document", "refused"):
        sys.stdout.write(f"{case}\n  {outcome.fate}: {outcome.detail}\n")
        sys.stdout.flush()
    if not outcome.sound:
        (kept / f"{case.number}-{case.name}").write_bytes(case.data)
    return not outcome.sound


if __name__ == "__main__":
    sys.exit(main())
