"""Measures the check with changed sentences, false and true ones: `python -m benchmarks.mutations`.

The program changes sentences of public sets in known ways (benchmarks.mutating) and compares them with their passage,
whose sentences have the vectors that a library would store. It does not use the learned verifier. `--misses N` shows
errors. We invented these mistakes; `benchmarks.claims` has those of other people.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.machine import report
from benchmarks.mutating import RIGHT, WRONG, Place
from index.encoders.encoder import Draft, load_encoder
from index.records import SUPPORTING, Span
from index.settings import Settings
from index.text.chunks import Chunker
from index.verification.judgement import Source, compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.encoders.encoder import Encoder, Vectors
    from index.verification.judgement import Judgement

EVAL = Path(__file__).parents[1].parent / "shared" / "eval"
SETS = ("squad_v2", "covidqa", "scifact", "cran", "clapnq")
TARGETS = {
    "verbatim": 100, "number": 99, "negation": 97, "name": 90, "half_of_another_passage": 85,
    "half_of_the_same_passage": 85, "of_another_passage": 97, "a_fifth_dropped": 93, "synonyms": 93,
}  # fmt: skip
"""The target percentages of correct verdicts: *supported* for right sentences, anything else for wrong ones."""


@dataclass(frozen=True, slots=True)
class Case:
    """A changed sentence with the passage that it is compared with."""

    set: str
    mutation: str
    right: bool
    claim: str
    place: Place
    closeness: Vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eval", type=Path, default=EVAL, help="the folder of the public sets")
    parser.add_argument("--sentences", type=int, default=300, help="the number of sentences of each set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", type=int, default=0, help="the number of errors to show for each mutation")
    parser.add_argument("--json")
    options = parser.parse_args()
    encoder = load_encoder(Settings())
    cases = [
        case for name in SETS for case in make_cases(options.eval / name, options.sentences, options.seed, encoder)
    ]
    judged = [(case, judge(case)) for case in cases]
    report(
        f"Mutations: percentages of correct verdicts, {options.sentences} sentences per set", rows(judged), options.json
    )
    for mutation in TARGETS if options.misses else ():
        wrong = [pair for pair in judged if pair[0].mutation == mutation and not is_right(*pair)]
        for case, judgement in Random(options.seed).sample(wrong, min(len(wrong), options.misses)):
            print(f"\n{mutation}, {case.set}: {judgement.verdict}. {judgement.detail}\n  {case.claim}")
            print(f"  {case.place.sentence}")


def make_cases(folder: Path, count: int, seed: int, encoder: Encoder) -> Iterator[Case]:
    """Yield the cases of one set."""
    chance = Random(f"{seed}/{folder.name}")
    found = list(_places(folder, count, chance, encoder))
    drafts = [draft for _, draft in found]
    for (place, _), encoded in zip(found, encoder.encode(drafts), strict=True):
        for mutation in (*RIGHT, *WRONG):
            if claim := mutation(place, chance):
                closeness = encoded.sentences @ encoder.encode_question(claim)
                yield Case(folder.name, mutation.__name__, mutation in RIGHT, claim, place, closeness)


def _places(folder: Path, count: int, chance: Random, encoder: Encoder) -> Iterator[tuple[Place, Draft]]:
    """Yield sentences in the passages that a library would make, at most a few of one document."""
    texts = [json.loads(line)["text"] for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    chance.shuffle(texts)
    chunker = Chunker(limit=encoder.max_tokens, count_tokens=encoder.count_tokens)
    found: list[tuple[str, Draft, tuple[str, ...]]] = []
    for text in texts[:count]:
        chunks = [chunk for chunk in chunker.chunk(text, ()) if len(chunk.sentences) > 1]
        for chunk in chance.sample(chunks, min(len(chunks), max(3, 2 * count // len(texts)))):
            spans = tuple(Span(start - chunk.start, end - chunk.start) for start, end in chunk.sentences)
            draft = Draft(text[chunk.start : chunk.end], spans)
            sentences = tuple(span.of(draft.text) for span in spans)
            whole = [sentence for sentence in sentences if 6 <= len(sentence.split()) <= 60 and sentence[-1] in '.?!"']
            if whole:
                found.append((chance.choice(whole), draft, sentences))
    chance.shuffle(found)
    for n, (sentence, draft, sentences) in enumerate(found[:count]):
        stranger = found[(n + chance.randrange(1, min(count, len(found)))) % len(found)][0]
        yield Place(sentence, draft.text, sentences, stranger), draft


def judge(case: Case) -> Judgement:
    sources = [Source(sentence, case.place.passage) for sentence in case.place.sentences]
    return compare(case.claim, sources, case.closeness.tolist())


def is_right(case: Case, judgement: Judgement) -> bool:
    return (judgement.verdict in SUPPORTING) is case.right


def rows(judged: Sequence[tuple[Case, Judgement]]) -> list[dict[str, Any]]:
    table = []
    for mutation, target in TARGETS.items():
        mine = [pair for pair in judged if pair[0].mutation == mutation]
        shares = {name: [is_right(*pair) for pair in mine if pair[0].set == name] for name in SETS}
        table.append(
            {"mutation": mutation, "n": len(mine), "target": target, "all": _percent([is_right(*e) for e in mine])}
            | {name: _percent(share) for name, share in shares.items()}
            | {verdict: _percent([j.verdict == verdict for _, j in mine]) for verdict in VERDICTS}
        )
    return table


VERDICTS = ("verbatim", "supported", "contradicted", "unverified")


def _percent(share: Sequence[bool]) -> float:
    return 100 * sum(share) / len(share) if share else float("nan")


if __name__ == "__main__":
    main()
