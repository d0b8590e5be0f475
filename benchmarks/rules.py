"""What each family of rules for words is worth: `python -m benchmarks.rules [FOLDER …] [--libraries FOLDER]`.

Everything is asked with all rules, and then once without each family, on questions and claims that the rules were not
written for. What the models say to the same words is remembered, so a family costs little more than its searches.

- Questions: `--eval` has SQuAD, ClapNQ and COVID-QA (at most `--most` of each, and a third as many that their page does
  not answer) and the real files of `benchmarks.answers`, `formats`, `cells` and `follow_ups`. FOLDERs are those of
  `benchmarks.unseen` and `benchmarks.claims`.
- Objections: numbers and names of claims that the very evidence lacks which people labelled, of CLIMATE-FEVER, SciFact
  and, in `--public`, WiCE and Factcheck-GPT. An objection to a true claim costs, to a false one helps.
- Claims: those of `benchmarks.claims` with human labels, and *twins* made here: a sentence of SQuAD, or a true claim,
  with one number changed or one name exchanged for that of another document, so that its source does not say it.

A family has a row for each measure that it changes: in how many cases the measure holds with all rules, in how many it
is gained and lost **without** the family, and the probability that so uneven a split is chance (McNemar's exact test).
The hash of a case puts it into one of two halves: a family is judged by the second, too, after the first was looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import re
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from unittest.mock import patch

from benchmarks import answers, cells, claims, follow_ups, formats, unseen
from benchmarks.measuring import report_tables
from index import Library, Settings
from index.encoders.answer_reader import AnswerReader
from index.encoders.cross_encoders import Verifier
from index.encoders.encoder import SentenceTransformerEncoder
from index.records import Document
from index.search import evidence
from index.search.retriever import Retriever
from index.text import prose
from index.verification import vetoes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.records import Answer

    Measured = dict[str, bool]
    Rated = dict[str, Measured]
    """The measures of each case, by its name."""

T = TypeVar("T")
PUBLIC_SETS = ("squad_v2", "clapnq", "covidqa")
TWINS = 150
"""The number of twins of each kind."""
_NEVER = re.compile(r"(?!)")
_SENTENCE_GAP = re.compile(r"(?<=[a-z)]\.) (?=[A-Z])")
_NUMBER = re.compile(r"(?<![\w.,/-])\d[\d.,]*\d|(?<![\w.,/-])\d(?![\w.,/-])")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}(?: [A-Z][a-z]{2,})*")


def _patterns(module: str, *names: str) -> dict[str, Any]:
    return {f"index.{module}.{name}": _NEVER for name in names}


def _all(kind: str) -> Callable[[Sequence[str]], list[str]]:
    return lambda lines: [kind] * len(lines)


QUESTIONS: dict[str, dict[str, Any]] = {
    "the reader": {"index.encoders.answer_reader.load_reader": lambda _: None},
    "three hits read, not one": {"index.search.readings.FIRST_READ": 1, "index.search.readings.MOST_READ": 1},
    "six hits read in doubt": {"index.search.readings.MOST_READ": 3},
    "shared words in pins": {"index.search.evidence.PIN_OVERLAP_SHARE": 0.0},
    "order within documents": {"index.search.retriever.reorder_within_documents": lambda scores, _: scores},
    "cells": {"index.search.retriever.find_cell": lambda *_: None},
    "spelling": {"index.library.searcher.correct": lambda question, _: (question, ())},
    "spelling across the Atlantic": {"index.library.searcher.other_spellings": lambda _: ()},
    "other forms of words": {"index.search.fusion.other_forms": lambda _: ""},
    "verbatim passages first": {"index.search.retriever.Retriever._find_verbatim": lambda *_: frozenset()},
    "copies grouped": {"index.search.pins.HitBuilder._are_copies": lambda *_: False},
    "doubts of the reader": {"index.search.confidence.is_doubted": lambda _: False},
    "only questions reordered": {"index.text.questions.Question.asks": True},
    "files named in questions": {"index.text.query.has_file_name": lambda _: False},
    "lists": {"index.answers.extractive._Quoter._needed_list": lambda *_: None},
    "lists for questions that want one": {"index.text.questions.Question.wants_list": False},
    "list items": {"index.answers.extractive.Context.is_item": lambda *_: False},
    "kinds of questions": {"index.text.questions._kind": lambda _: "fact", "index.text.questions._sides": lambda _: ()},
    "sides of a comparison": {"index.text.questions._sides": lambda _: ()},
    "parts of a question": {"index.text.questions.split_parts": lambda _: ()},
    "fragments": {"index.text.questions.is_fragment": lambda _: False},
    "wrapped sentences": {"index.answers.extractive.Context._continues": lambda *_: False},
    "neighbours that answer, too": {"index.answers.extractive.JOIN_LOGIT": math.inf},
    "antecedents": {"index.answers.extractive.Context.with_antecedents": lambda _, run: run},
    "sentences that take back": {"index.answers.extractive.Context.with_qualifier": lambda _, run: run},
    "footnote numbers before": _patterns("answers.extractive", "_NOTE_BEFORE"),
    "further sentences": {"index.answers.extractive._Quoter._adds": lambda *_: False},
    "disagreements": {"index.answers.extractive._Quoter._otherwise": lambda *_: None},
    "headings are doubtful": {"index.answers.assembly.HEADING_CONFIDENCE": 1.0},
    "kinds of lines": {
        "index.search.evidence.kinds_of": _all("sentence"),
        "index.answers.extractive.kinds_of": _all("sentence"),
        "index.answers.extractive.is_statement": lambda _: True,
    },
    "kinds of lines, before reading": {"index.search.evidence.kinds_of": _all("sentence")},
    "kinds of lines, in quotations": {
        "index.answers.extractive.kinds_of": _all("sentence"),
        "index.answers.extractive.is_statement": lambda _: True,
    },
    "captions": _patterns("text.prose", "_CAPTION"),
    "menus": _patterns("text.prose", "_NAVIGATION", "_BREADCRUMB"),
    "contents": {"index.text.prose._kind_of_leader": lambda _: None}
    | _patterns("text.prose", "_CONTENTS", "_ROW_OF_CONTENTS"),
    "addresses": _patterns("text.prose", "_URL", "_PIECE_OF_URL"),
    "references": {"index.text.prose._REFERENCE_SIGNS": ()} | _patterns("text.prose", "_LONE_REFERENCE"),
    "dates alone": _patterns("text.prose", "_DATE_ALONE"),
    "footnotes": _patterns("text.prose", "_NOTE"),
    "fields of forms": _patterns("text.prose", "_FIELD", "_LONG_FIELD", "_ENDED_FIELD"),
    "lines that ask": _patterns("text.prose", "_QUESTION"),
    "verbs": {"index.text.prose._is_statement": lambda *_: True, "index.text.prose._is_open_sentence": lambda *_: True},
    "broken and listed lines": {
        "index.search.evidence._is_broken": lambda *_: False,
        "index.search.evidence._is_listed": lambda *_: False,
    },
    "lines of data": {"index.search.evidence._is_prose": lambda *_: True},
    "lines of data, whole lines": {"index.text.prose._is_sentence": lambda _: True},
    "thread: all": {"index.library.answerer.Threads._continues": lambda *_: False},
    "thread: new words": {"index.search.pins.FOCUS_SHARE": 0.0},
    "thread: own words": {"index.search.pins.OWN_WORDS_SHARE": 0.0},
    "thread: told sentences": {"index.search.pins.TOLD_LOSS": 0.0},
    "thread: near sentences": {"index.search.pins.NEAR_BONUS": 0.0},
    "thread: earlier passages": {
        "index.search.retriever.candidates": lambda *_: [],
        "index.search.retriever.favour": lambda scores, _: scores,
    },
    "thread: pin scores": dict.fromkeys(
        (f"index.search.pins.{name}" for name in ("FOCUS_SHARE", "OWN_WORDS_SHARE", "TOLD_LOSS", "NEAR_BONUS")), 0.0
    ),
    "thread: one of them": {"index.text.questions.Question.asks_among": False},
}
"""Each family of rules for questions, with the names that turn it off."""

CLAIMS: dict[str, dict[str, Any]] = {
    "numbers": {"index.verification.vetoes.missing_number": lambda *_: ""},
    "names": {"index.verification.vetoes.missing_name": lambda *_: ""},
    "windows that deny": {
        "index.verification.judgement.CONTRADICTED": 2.0,
        "index.verification.judgement.ALTERED": 2.0,
    },
    "one difference": {"index.verification.judgement.difference": lambda *_: ""},
    "consent to copies": {
        "index.verification.judgement.CONSENT": 0.0,
        "index.verification.judgement.CONSENT_TO_PART": 0.0,
    },
    "parts of a claim": {"index.verification.judgement.parts_of": lambda _: []},
    "sentences together": {"index.verification.premises.TOGETHER": 1},
    "long claims": {"index.verification.judgement.LONGEST_READ": 10**6},
    "neighbours": {
        f"index.verification.{module}.around": lambda _, first, last: range(first, last + 1)
        for module in ("premises", "judgement")
    },
    "shared words": {"index.verification.premises.SHARED_WEIGHT": 0.0},
    "statements only": {"index.answers.checked_text.is_source": lambda _: True},
}
"""Each family of rules for claims, with the names that turn it off."""

OBJECTIONS: dict[str, dict[str, Any]] = {
    "numbers": {"index.verification.vetoes.missing_number": lambda *_: ""},
    "numbers: about": _patterns("verification.vetoes", "_ABOUT"),
    "numbers: in words": {"index.verification.vetoes.NUMBER_WORDS": {}},
    "names": {"index.verification.vetoes.missing_name": lambda *_: ""},
}
"""Each family of rules that object to a claim, whatever the verifier says, with the names that turn it off."""

FAMILIES = {**QUESTIONS, **CLAIMS, **OBJECTIONS}


class Change(NamedTuple):
    """A measure in all cases, and in those that a family changes."""

    held: int
    gained: int
    lost: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> Change:
        """Count pairs: whether a measure holds with all rules, and without some."""
        counts = Counter(pairs)
        return cls(counts[True, True] + counts[True, False], counts[False, True], counts[True, False])

    @property
    def chance(self) -> float:
        """The probability of a split that is at least as uneven, if both directions were equally likely."""
        number, fewer = self.gained + self.lost, min(self.gained, self.lost)
        tail = sum(math.comb(number, k) for k in range(fewer + 1)) / 2**number
        return float(min(1.0, 2 * tail))


def main() -> None:
    """Ask everything with each family turned off, and print what changes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--eval", type=Path, default=claims.EVAL, help="the folder of the public sets")
    parser.add_argument("--public", type=Path, help="the folder of WiCE and Factcheck-GPT")
    parser.add_argument("--libraries", type=Path, help="keep the libraries in this folder and reuse them")
    parser.add_argument(
        "--only", nargs="+", metavar="FAMILY", choices=sorted(FAMILIES), help="the families to turn off"
    )
    parser.add_argument("--sets", nargs="+", help="the sets to ask: names of sets and FOLDERs")
    parser.add_argument("--most", type=int, default=150, help="the number of questions or claims of a set")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    options.split = None
    with tempfile.TemporaryDirectory() as temporary, (memory := Memory()):
        options.libraries = options.libraries or Path(temporary)
        tables = {
            "Questions without each family": list(_rows(QUESTIONS, asked, options, memory)),
            "Objections without each family": list(_rows(OBJECTIONS, objected, options, memory)),
            "Claims without each family": list(_rows(CLAIMS, checked, options, memory)),
        }
    report_tables(tables, options.json)


def _rows(
    families: dict[str, dict[str, Any]],
    rate: Callable[[argparse.Namespace], Rated],
    options: argparse.Namespace,
    memory: Memory,
) -> Iterator[dict[str, Any]]:
    chosen = [name for name in families if name in (options.only or families)]
    if not chosen:
        return
    before = rate(options)
    if not before:
        return
    for name in chosen:
        with ExitStack() as stack:
            for target, value in families[name].items():
                stack.enter_context(patch(target, value))
            memory.searches = all(target.startswith(("index.answers", "index.verif")) for target in families[name])
            _forget()
            after = rate(options)
        memory.searches = True
        _forget()
        for row in compared(before, after):
            print(name, row, flush=True)
            yield {"without": name, **row}


def compared(before: Rated, after: Rated) -> Iterator[dict[str, Any]]:
    """Yield a row for each measure that changes; one row if none does."""
    measures = dict.fromkeys(measure for measured in before.values() for measure in measured)
    unchanged = True
    for measure in measures:
        pairs = {case: (held[measure], after[case][measure]) for case, held in before.items() if measure in held}
        change = Change.of(pairs.values())
        if change.gained or change.lost:
            unchanged = False
            second = Change.of(pair for case, pair in pairs.items() if _is_second(case))
            yield {
                "measure": measure,
                "cases": len(pairs),
                **change._asdict(),
                "second half": f"+{second.gained} −{second.lost}",
                "chance": round(change.chance, 3),
            }
    if unchanged:
        yield {"measure": "any", "cases": len(before), "held": "", "gained": 0, "lost": 0, "chance": 1.0}


def _is_second(case: str) -> bool:
    return hashlib.sha256(case.encode()).digest()[0] % 2 == 1


class Memory:
    """Lets the models read the same words once only; and a search find the same hits, if only answers change."""

    def __init__(self) -> None:
        self.searches = True
        """Whether a search for the same question is remembered, too."""
        self._known: dict[Any, Any] = {}

    def __enter__(self) -> ExitStack:
        own = [
            (AnswerReader, "read", self._reading(AnswerReader.read)),
            (Verifier, "read", self._verifying(Verifier.read)),
            (SentenceTransformerEncoder, "encode_question", self._encoding(SentenceTransformerEncoder.encode_question)),
            (Retriever, "search", self._searching(Retriever.search)),
        ]
        self._stack = ExitStack()
        for place, name, value in own:
            self._stack.enter_context(patch.object(place, name, value))
        return self._stack

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _reading(self, read: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        def remembered(reader: AnswerReader, question: str, windows: Sequence[Any]) -> list[Any]:
            return self._all([(question, window) for window in windows], lambda new: read(reader, question, _last(new)))

        return remembered

    def _verifying(self, read: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        return lambda verifier, pairs: self._all(list(pairs), lambda new: read(verifier, new))

    def _encoding(self, encode: Callable[..., Any]) -> Callable[..., Any]:
        return lambda encoder, question: self._all([question], lambda _: [encode(encoder, question)])[0]

    def _searching(self, search: Callable[..., Any]) -> Callable[..., Any]:
        def remembered(retriever: Retriever, question: Any, **named: Any) -> Any:
            if not self.searches:
                return search(retriever, question, **named)
            shown = {name: tuple(value) if isinstance(value, list) else value for name, value in named.items()}
            if (earlier := named.get("earlier")) is not None:
                shown["earlier"] = replace(earlier, own_words=None)
            key = (getattr(retriever._store, "folder", None), question, tuple(shown.items()), retriever._reader is None)
            return self._all([key], lambda _: [search(retriever, question, **named)])[0]

        return remembered

    def _all(self, keys: Sequence[Any], answer: Callable[[list[Any]], Sequence[Any]]) -> list[Any]:
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        self._known.update(zip(new, answer(new) if new else (), strict=True))
        return [self._known[key] for key in keys]


def _last(pairs: Sequence[tuple[Any, Any]]) -> list[Any]:
    return [last for _, last in pairs]


def _forget() -> None:
    """Empty the caches that hold what a family of rules has said."""
    for cached in (prose._kind, prose._is_sentence, evidence._words):
        getattr(cached, "cache_clear", lambda: None)()


def asked(options: argparse.Namespace) -> Rated:
    """Ask the questions of all sets; the measures are `pin`, `right`, `whole`, `wrong`; of `answers`, `all points`."""
    rated: Rated = {}
    for name in PUBLIC_SETS:
        if _is_wanted(name, options) and (folder := options.eval / name).is_dir():
            with Library.open(options.libraries / name, Settings()) as library:
                rated |= _public(library, folder, options)
    wanted = [rate for name, rate in ON_FILES.items() if _is_wanted(name, options)]
    if wanted and (options.eval.parent / "files").is_dir():
        with Library.open(options.libraries / "files", Settings()) as library:
            if not library.documents():
                answers.fill(library, options.eval.parent)
            for rate in wanted:
                rated |= rate(library, options)
    for folder in options.folders:
        if _is_wanted(folder.name, options) and (folder / "questions.jsonl").exists():
            with Library.open(options.libraries / folder.name, Settings()) as library:
                library.add([folder / "files"])
                for line in _kept(_rows_of(folder / "questions.jsonl"), lambda row: str(row["id"]), options):
                    for n, row in enumerate(unseen.rate(library, line)):
                        wrong = row["answered"] and not row["right"]
                        shown = {key: bool(row[key]) for key in ("pin", "right", "whole")}
                        rated[f"{folder.name} {row['id']} {n}"] = {**shown, "wrong": wrong}
    return rated


def _is_wanted(name: str, options: argparse.Namespace) -> bool:
    return not options.sets or name in options.sets


def _kept(cases: Iterable[T], name: Callable[[T], str], options: argparse.Namespace) -> list[T]:
    """Return as many of these cases as are wanted, chosen by the hashes of their names."""
    return sorted(cases, key=lambda case: hashlib.sha256(name(case).encode()).digest())[: options.most]


def _rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _public(library: Library, folder: Path, options: argparse.Namespace) -> Rated:
    corpus = {row["id"]: row for row in _rows_of(folder / "corpus.jsonl")}
    ids = {name: hashlib.sha256(name.encode()).hexdigest() for name in corpus}
    library.add_documents(
        [
            Document(ids[name], name, row["title"], "", "", "text/plain", row["text"].strip(), ())
            for name, row in corpus.items()
        ]
    )
    rows = _rows_of(folder / "qa.jsonl")
    cases = _kept([row for row in rows if row["answerable"]], lambda row: row["id"], options)
    cases += _kept([row for row in rows if not row["answerable"]], lambda row: row["id"], options)[: options.most // 3]
    rated: Rated = {}
    for row in cases:
        answer = library.ask(row["question"])
        shift = len(text := corpus[row["doc_id"]]["text"]) - len(text.lstrip())
        spans = [(gold["start"] - shift, gold["start"] - shift + len(gold["text"])) for gold in row["answers"]]
        held = ids[row["doc_id"]]
        rated[f"{folder.name} {row['id']}"] = _measured(
            answer,
            row["answerable"],
            [
                (identity == held and any(start < b and a < end for a, b in spans))
                for identity, start, end in _places(answer)
            ],
        )
    return rated


def _places(answer: Answer) -> list[tuple[str, int, int]]:
    """Return the places of the first pin and of the quotations; without hits, the pin is nowhere."""
    first = [(hit.document.id, hit.pin.start, hit.pin.end) for hit in answer.hits[:1]] or [("", 0, 0)]
    return first + [(citation.document.id, citation.start, citation.end) for citation in answer.citations]


def _measured(answer: Answer, answerable: bool, right: Sequence[bool]) -> Measured:
    """Return the measures; `right` are whether the first pin, and each of the quotations, is right."""
    wrong = answer.status == "answered" and right[1:2] != [True]
    if not answerable:
        return {"wrong": wrong}
    return {"pin": right[0], "right": right[1:2] == [True], "whole": any(right[1:]), "wrong": wrong}


def _answered(library: Library, options: argparse.Namespace) -> Rated:
    rated: Rated = {}
    for path in sorted(answers.QUESTIONS.glob("*.jsonl")):
        for case in _kept(answers.read(path), lambda case: case.id, options):
            answer = library.ask(case.question)
            rating = answers.rate(case, answer)
            wrong = answer.status == "answered" and not rating.first_right
            good = {"whole": rating.points >= 2, "all points": rating.points >= 3, "wrong": wrong}
            rated[f"{path.stem} {case.id}"] = good | ({"right": rating.first_right} if case.answerable else {})
    return rated


def _read_formats(library: Library, options: argparse.Namespace) -> Rated:
    rated: Rated = {}
    for path in sorted(claims.DATA.glob("formats-*.jsonl")):
        for case in _kept(map(formats.Case.of, path.read_text().splitlines()), lambda case: case.question, options):
            answer = library.ask(case.question)
            right = [case.is_right(*words) for words in formats.first_words(answer)]
            rated[f"formats {case.question}"] = _measured(answer, True, right)
    return rated


def _asked_cells(library: Library, options: argparse.Namespace) -> Rated:
    rated: Rated = {}
    for path in sorted(claims.DATA.glob("cells-*.jsonl")):
        for case in _kept(map(cells.Case.of, path.read_text().splitlines()), lambda case: case.question, options):
            answer = library.ask(case.question)
            right = [False, *(case.is_right(citation) for citation in answer.citations)]
            rated[f"cells {case.question}"] = _measured(answer, True, right)
    return rated


def _continued(library: Library, options: argparse.Namespace) -> Rated:
    rated: Rated = {}
    for name in follow_ups.SETS:
        for dialogue in _kept(follow_ups.read_set(name), lambda case: case.first + case.second, options):
            outcome = follow_ups.ask(library, dialogue)
            turned = {"as wanted": follow_ups.is_as_wanted(outcome)}
            if dialogue.kind == "follow-up":
                turned = {"pin": follow_ups.has_right_pin(outcome.answer, dialogue)}
                turned["whole"] = follow_ups.cites_right(outcome.answer, dialogue)
            rated[f"dialogue {dialogue.first} {dialogue.second}"] = turned
    return rated


ON_FILES: dict[str, Callable[[Library, argparse.Namespace], Rated]] = {
    "answers": _answered,
    "formats": _read_formats,
    "cells": _asked_cells,
    "dialogues": _continued,
}
"""The sets about real files, which are one library."""


def objected(options: argparse.Namespace) -> Rated:
    """Compare claims with the evidence that people labelled, by the rules that object to them alone."""
    rated: Rated = {}
    for n, (is_true, claim, text) in enumerate(_evidence(options) if _is_wanted("objections", options) else ()):
        label = "true" if is_true else "false"
        rated[f"{n} {claim}"] = {
            f"{label}: a number": bool(vetoes.missing_number(claim, text)),
            f"{label}: a name": bool(vetoes.missing_name(claim, text)),
        }
    return rated


def _evidence(options: argparse.Namespace) -> Iterator[tuple[bool, str, str]]:
    """Yield claims with a passage that supports them or not, as people say."""
    for row in _rows_of(options.eval / "claims" / "climate_fever.jsonl"):
        for found in row["evidences"]:
            if found["label"] in ("SUPPORTS", "REFUTES"):
                yield found["label"] == "SUPPORTS", row["claim"], found["text"]
    abstracts = {row["id"]: row["text"] for row in _rows_of(options.eval / "scifact" / "corpus.jsonl")}
    for row in _rows_of(options.eval / "scifact" / "rationales.jsonl"):
        yield row["label"] == "SUPPORT", row["claim"], abstracts[row["doc_id"]]
    if options.public:
        for row in _rows_of(options.public / "factcheck.jsonl"):
            yield row["stance"] == "completely-support", row["claim"], row["evidence"]
        for row in _rows_of(options.public / "wice.jsonl"):
            if chosen := sorted({n for group in row["supporting_sentences"] or () for n in group}):
                yield row["label"] == "supported", row["claim"], " ".join(row["evidence"][n] for n in chosen)


def checked(options: argparse.Namespace) -> Rated:
    """Check the claims of all sets; what should and should not be supported are different measures."""
    rated: Rated = {}
    for name, read in _claim_sets(options).items():
        if _is_wanted(name, options):
            documents, every = read()
            wanted = _kept([claim for claim in every if claim.follows is not None], lambda claim: claim.text, options)
            folder = options.libraries / f"claims-{name}"
            everywhere = name.startswith("claims")
            if not everywhere:
                documents = {claim.document: documents[claim.document] for claim in wanted}
            for judged in claims.judge(folder, documents, wanted, None, everywhere=everywhere):
                claim, verdict = judged.claim, judged.statement.verdict
                label = "twin" if name == "twins" else "true" if claim.follows else "false"
                supported = judged.statement.is_supported
                known = {f"{label} supported": supported, f"{label} led to": supported or verdict == "perhaps"}
                known[f"{label} contradicted"] = verdict == "contradicted"
                rated[f"{name} {claim.document} {claim.text}"] = known
    return rated


def _claim_sets(options: argparse.Namespace) -> dict[str, Callable[[], tuple[Any, Iterable[claims.Claim]]]]:
    sets = {**claims.SETS, **(claims.PUBLIC if options.public else {})}
    read: dict[str, Callable[[], tuple[Any, Iterable[claims.Claim]]]] = {
        name: lambda made=made: made(options)  # type: ignore[misc]
        for name, made in sets.items()
    }
    for folder in options.folders:
        if not (folder / "questions.jsonl").exists():
            read[folder.name] = lambda folder=folder: claims.read_folder(folder)  # type: ignore[misc]
    read["twins"] = lambda: twins(options)
    return read


def twins(options: argparse.Namespace) -> tuple[dict[str, str | Path], list[claims.Claim]]:
    """Return sentences of SQuAD, and true claims of scientists, with one number or name changed."""
    corpus = _rows_of(options.eval / "squad_v2" / "corpus.jsonl")
    documents: dict[str, str | Path] = {hashlib.sha256(row["id"].encode()).hexdigest(): row["text"] for row in corpus}
    told = [
        (name, text) for name, text in documents.items() for text in re.split(r"(?<=[a-z)]\.) (?=[A-Z])", str(text))
    ]
    chance = random.Random(11)
    chance.shuffle(told)
    numbered = [(name, _renumbered(text), text) for name, text in told if _NUMBER.search(text)][:TWINS]
    names = [found[0] for _, text in told[:500] for found in _NAME.finditer(text)]
    renamed = [
        (name, _NAME.sub(lambda _: chance.choice(names), text, count=1), text)
        for name, text in told
        if _NAME.search(text)
    ][:TWINS]
    changed = [(name, text) for name, text, before in [*numbered, *renamed] if text not in str(documents[name])]
    read, scientists = claims.SETS["scifact"](options)
    documents |= read
    changed += [
        (claim.document, _renumbered(claim.text))
        for claim in scientists
        if claim.follows and _NUMBER.search(claim.text)
    ]
    return documents, [claims.Claim("twins", "twin", False, name, text) for name, text in changed]


def _renumbered(text: str) -> str:
    """Return a text with another first digit in its first number; that of a year of this time stays."""
    found = _NUMBER.search(text)
    if found is None:
        return text
    at = found.start() + (len(found[0]) - 1 if found[0][:2] in ("18", "19", "20") else 0)
    digit = str(int(text[at]) % 9 + 1) if text[at].isdigit() else text[at]
    return text[:at] + digit + text[at + 1 :]


if __name__ == "__main__":
    main()
