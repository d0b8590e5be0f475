"""Measures follow-up questions on dialogues of two turns: `python -m benchmarks.follow_ups`.

The sets are in `tests/answers/follow_ups`, where a README says who wrote them. A library of their documents is asked
the first question, and then the second one after it. A pin is right if it contains or overlaps the expected words in
the expected document. For comparison, the same second questions are asked without the thread: in the reader's few
words, completed by the rules (as the link of the answer has them), and in full by their writer (`meant`).

`--only SET` measures one set, `--misses` prints each wrong pin, `--library DIR` keeps the library.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from benchmarks.machine import report
from index import Library
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from index.records import Answer, DocumentInfo

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "answers" / "follow_ups"
SETS = ("own", "development", "held-out")
SEEDS = ROOT / "seeds"
FILES = ROOT.parent / "shared" / "files"
OVERLAP = 5
"""Words in a row that a pin shares with the expected words if it overlaps them."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Two questions, and the words that answer the second. A field that the kind does not need is empty."""

    kind: str
    second: str
    first: str = ""
    document: str = ""
    quote: str = ""
    meant: str = ""


def read_set(name: str) -> list[Dialogue]:
    """Return the dialogues of a set."""
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [Dialogue(**{key: value or "" for key, value in entry.items()}) for entry in entries]


def paths_of(dialogues: Iterable[Dialogue]) -> list[Path]:
    """Return the sample documents, and the shared files that the dialogues are about, as far as they exist."""
    names = {dialogue.document for dialogue in dialogues}
    seeds = [path for path in sorted(SEEDS.iterdir()) if path.suffix != ".jsonl"]
    found = {path.name: path for path in sorted(FILES.rglob("*")) if path.name in names}
    return [*seeds, *found.values()]


def is_right(quote: str, info: DocumentInfo, dialogue: Dialogue) -> bool:
    """Whether words of a document contain or overlap the expected words."""
    if PurePath(info.source).name != dialogue.document:
        return False
    expected, found = _plain(dialogue.quote), _plain(quote)
    words = expected.split()
    runs = (" ".join(words[n : n + OVERLAP]) for n in range(max(1, len(words) - OVERLAP + 1)))
    return any(run in found for run in runs)


def has_right_pin(answer: Answer, dialogue: Dialogue) -> bool:
    """Whether the pin of the first passage is right, or that of a copy of this passage."""
    first = answer.hits[:1]
    return any(is_right(hit.quote, hit.document, dialogue) for best in first for hit in (best, *best.also))


def cites_right(answer: Answer, dialogue: Dialogue) -> bool:
    """Whether one of the answer's quotations is right."""
    return any(is_right(citation.quote, citation.document, dialogue) for citation in answer.citations)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A dialogue with the answer to its second question."""

    dialogue: Dialogue
    answer: Answer
    milliseconds: float


def ask(library: Library, dialogue: Dialogue) -> Outcome:
    """Ask the second question after the first one."""
    after = [dialogue.first] if dialogue.first else []
    if after:
        library.ask(dialogue.first)
    began = time.perf_counter()
    answer = library.ask(dialogue.second, after=after)
    return Outcome(dialogue, answer, 1000 * (time.perf_counter() - began))


def is_as_wanted(outcome: Outcome) -> bool:
    """Whether a whole question was left alone, a fragment asked back, and key words searched for."""
    answer, dialogue = outcome.answer, outcome.dialogue
    if dialogue.kind == "complete":
        return answer.question == dialogue.second and not answer.asked
    return (not answer.searched[1]) == (dialogue.kind == "fragment")


def share(results: Collection[bool]) -> str:
    """Return how many results are right, as a count and in percent."""
    return f"{sum(results)} of {len(results)} ({sum(results) / len(results):.0%})" if results else "-"


def measure(library: Library, name: str) -> tuple[dict[str, str], list[Outcome]]:
    """Return a row of the table, and the follow-up questions with a wrong pin."""
    outcomes = [ask(library, dialogue) for dialogue in read_set(name)]
    follow_ups = [outcome for outcome in outcomes if outcome.dialogue.kind == "follow-up"]
    wanted = {
        kind: [is_as_wanted(o) for o in outcomes if o.dialogue.kind == kind]
        for kind in ("complete", "fragment", "keywords")
    }
    alone = [has_right_pin(library.ask(o.dialogue.second), o.dialogue) for o in follow_ups]
    linked = [has_right_pin(library.ask(o.answer.question), o.dialogue) for o in follow_ups]
    meant = [has_right_pin(library.ask(o.dialogue.meant), o.dialogue) for o in follow_ups if o.dialogue.meant]
    row = {
        "set": name,
        "completed": share([bool(o.answer.asked) for o in follow_ups]),
        "first pin right": share([has_right_pin(o.answer, o.dialogue) for o in follow_ups]),
        "cited": share([cites_right(o.answer, o.dialogue) for o in follow_ups]),
        "either": share([has_right_pin(o.answer, o.dialogue) or cites_right(o.answer, o.dialogue) for o in follow_ups]),
        "pin by the link alone": share(linked),
        "pin by the writer's full question alone": share(meant),
        "pin by the few words alone": share(alone),
        "whole left alone": share(wanted["complete"]),
        "fragments asked back": share(wanted["fragment"]),
        "key words searched": share(wanted["keywords"]),
        "ms, median": f"{statistics.median(o.milliseconds for o in follow_ups):.0f}",
    }
    return row, [o for o in follow_ups if not has_right_pin(o.answer, o.dialogue)]


def print_misses(misses: Sequence[Outcome]) -> None:
    """Print each wrong pin with the words that were expected."""
    for miss in misses:
        dialogue, answer = miss.dialogue, miss.answer
        pin = answer.hits[0].quote if answer.hits else ""
        print(f"{dialogue.first} | {dialogue.second}\n  = {answer.question}\n  - {dialogue.quote}\n  + {pin}")


def main() -> None:
    """Measure the sets and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SETS)
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--library", type=Path)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else list(SETS)
    dialogues = [dialogue for name in SETS for dialogue in read_set(name)]
    with (
        tempfile.TemporaryDirectory() as temporary,
        Library.open(arguments.library or Path(temporary) / "library", Settings()) as library,
    ):
        library.add(paths_of(dialogues))
        measured = [measure(library, name) for name in names]
    report(
        "Follow-up questions",
        [{"": key, **{row["set"]: row[key] for row, _ in measured}} for key in measured[0][0] if key != "set"],
    )
    counts = Counter(dialogue.kind for dialogue in dialogues)
    print(f"\nDialogues: {dict(counts)}")
    if arguments.misses:
        for _, misses in measured:
            print_misses(misses)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([row for row, _ in measured], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
