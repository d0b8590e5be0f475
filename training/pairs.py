"""Makes the pairs that train the verifier:  python -m training.pairs OUT --eval FOLDER --sets FOLDER

The program writes `train.jsonl` and `held_out.jsonl` to OUT: premise, claim, label (0 supported, 1 contradicted, 2 not
said, 3 one of the last two), kind, weight. It pairs each of our claims with a window of its passage, as the product
makes windows, and many of them with windows that do not decide them: elsewhere in the passage, nearest to the claim in
another document, or below a title that says the same as the claim. Public pairs with labels by people come with them.

A document is held out with all its claims. Running the program again gives the same pairs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index import Settings
from index.encoders.encoder import Draft, load_encoder
from index.text.sentences import split_sentences
from index.verification.premises import Excerpt, around, is_source, render
from training.passages import OwnClaim, digest, guides, own_claims, papers
from training.reader_sets import policies, selections, shifts, stories
from training.sources import (
    CONTRADICTED,
    LABELS,
    NOT_SAID,
    OURS,
    SUPPORTED,
    Labelled,
    labelled,
    rows,
    scifact_claims,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.encoders.encoder import Encoder

SEED = 21
HELD_OUT = 25
"""One document of this many is held out."""
WEIGHTS = {"SciFact": 1.5, "Fool Me Twice": 1.5}
OWN_WEIGHT = 2.0
NEIGHBOURS = ((1, 1), (0, 1), (1, 0), (0, 0), (2, 2))
SHARES = (0.57, 0.07, 0.07, 0.21, 0.08)
"""The numbers of sentences before and after those that decide, and how often a window has them."""
TITLED = 0.7
"""The share of windows with the title of their document."""
BESIDE, ELSEWHERE, REPEATED = 0.12, 0.12, 0.25
"""Shares of claims with another window of the passage, and with one of another document; and how many of the latter
stand below a title that says the same as the claim."""
NEAREST = 8
"""Sentences of other documents from which a window is chosen, the nearest most often."""
FARTHEST_APART = 3
"""Sentences that decide together are read with all between them if they are no farther apart."""
CUT = 240
"""Characters of a sentence that are compared with a claim."""
COPIES, SHORTEST_COPY = 0.6, 30
"""The share of passages with a sentence that is a claim, too; the least number of its characters."""
_DENIAL = re.compile(r"\b(?:no|not|never|nobody|none|nothing|neither|false|untrue|denied)\b|n't\b", re.IGNORECASE)
_LABELS = {"s": SUPPORTED, "c": CONTRADICTED, "n": NOT_SAID}


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with claims."""

    title: str
    excerpt: Excerpt
    spans: tuple[tuple[int, int], ...]
    """The positions of its sentences."""

    def deciding(self, claim: OwnClaim) -> list[int]:
        """Return the sentences on which a claim is based."""
        return [
            n
            for n, (start, end) in enumerate(self.spans)
            if any(start < place.end and place.start < end for place in claim.places)
        ]


def passages(sets: Path) -> dict[str, Passage]:
    """Return the passages of our claims by their hashes."""
    found: dict[str, Passage] = {}
    for name, text in (*guides(sets), *papers(sets)):
        found[digest(text)] = _passage(name, text, [tuple(span) for span in split_sentences(text)])
    for question in (*shifts(sets), *selections(sets), *stories(sets), *policies(sets)):
        text = question.document.text
        if (name := digest(text)) not in found:
            found[name] = _passage(question.name.replace("_", " "), text, list(map(tuple, split_sentences(text))))
    for row in rows(sets / "manuals" / "passages.jsonl"):
        found[row["hash"]] = _passage(row["title"], row["text"], row["sentences"], row["above"])
    return found


def _passage(title: str, text: str, spans: Sequence[Sequence[int]], above: str = "") -> Passage:
    sentences = tuple(" ".join(text[start:end].split()) for start, end in spans)
    excerpt = Excerpt(sentences, (0.0,) * len(sentences), (True,) * len(sentences), title, above)
    return Passage(title, excerpt, tuple((start, end) for start, end in spans))


class Nearest:
    """Finds sentences of other documents that are nearest to a claim."""

    def __init__(self, known: dict[str, Passage], encoder: Encoder) -> None:
        self._places = [(name, n) for name, passage in known.items() for n in range(len(passage.spans))]
        self._encoder = encoder
        self._vectors = self._encoded([known[name].excerpt.sentences[n] for name, n in self._places])
        number = {title: n for n, title in enumerate(dict.fromkeys(_document(name, known) for name in known))}
        self._documents = np.array([number[_document(name, known)] for name, _ in self._places])
        self._number = {name: number[_document(name, known)] for name in known}

    def places(self, claims: Sequence[OwnClaim]) -> Iterator[list[tuple[str, int]]]:
        """Yield for each claim the passages and numbers of such sentences, the nearest first."""
        for at in range(0, len(claims), 1000):
            block = claims[at : at + 1000]
            for claim, cosines in zip(block, self._encoded([c.text for c in block]) @ self._vectors.T, strict=True):
                cosines[self._documents == self._number[claim.passage]] = -1
                best = np.argpartition(-cosines, NEAREST)[:NEAREST]
                yield [self._places[n] for n in best[np.argsort(-cosines[best])]]

    def _encoded(self, texts: Sequence[str]) -> Any:
        found = []
        for at in range(0, len(texts), 512):
            drafts = [Draft(text[:CUT]) for text in texts[at : at + 512]]
            found += [encoded.vector for encoded in self._encoder.encode_quotes(drafts)]
        return np.stack(found).astype(np.float32)


def _document(name: str, known: dict[str, Passage]) -> str:
    return known[name].title or name


def context(excerpt: Excerpt, deciding: Sequence[int], before: int, after: int) -> set[int]:
    """Return the sentences of a window: those that decide, their neighbours, and what is between if it is short."""
    if deciding[-1] - deciding[0] > FARTHEST_APART:
        return {n for at in deciding for n in around(excerpt, at, at) if at - before <= n <= at}
    whole = around(excerpt, deciding[0], deciding[-1])
    if len(whole) == deciding[-1] - deciding[0] + 1:  # rows of a table have no neighbours
        return set(whole)
    return set(range(deciding[0] - before, deciding[-1] + after + 1))


def from_ours(known: dict[str, Passage], near: Nearest, claims: Sequence[OwnClaim], seed: int) -> Iterator[Labelled]:
    """Yield our claims with the windows that decide them, and many of them with windows that do not.

    Claims about the same sentences, such as a true one and its false twin, have the same window.
    """
    chance = random.Random(seed)
    for claim, others in zip(claims, near.places(claims), strict=True):
        passage = known[claim.passage]
        deciding = passage.deciding(claim)
        if not deciding:
            continue
        same = random.Random(f"{claim.passage} {deciding} {seed}")
        (before, after), titled = same.choices(NEIGHBOURS, SHARES)[0], same.random() < TITLED
        origin = _document(claim.passage, known)
        window = _shown(passage, context(passage.excerpt, deciding, before, after), titled=titled)
        yield Labelled(window, claim.text, _LABELS[claim.label], f"{OURS}, {claim.kind}", origin)
        apart = [n for n in range(len(passage.spans)) if all(abs(n - at) > 2 for at in deciding)]
        if apart and claim.kind != "taken back" and chance.random() < BESIDE:
            window = _shown(passage, set(_beside(passage, chance.choice(apart))), titled=titled)
            yield Labelled(window, claim.text, NOT_SAID, f"{OURS}, beside", origin)
        if chance.random() < ELSEWHERE:
            name, at = others[min(NEAREST - 1, int(chance.expovariate(0.5)))]
            window = _shown(known[name], set(_beside(known[name], at)), titled=titled)
            if chance.random() < REPEATED:
                title = chance.choice((claim.text.rstrip("."), passage.title or claim.text.rstrip(".")))
                window = f"[{title}] {_shown(known[name], set(_beside(known[name], at)), titled=False)}"
            yield Labelled(window, claim.text, NOT_SAID, f"{OURS}, elsewhere", origin)


def _shown(passage: Passage, chosen: set[int], *, titled: bool) -> str:
    return render(passage.excerpt if titled else replace(passage.excerpt, title=""), chosen)


def _beside(passage: Passage, at: int) -> range:
    return around(passage.excerpt, at, at)


def copies(known: dict[str, Passage], taking_back: set[str], seed: int) -> Iterator[Labelled]:
    """Yield sentences as claims, with themselves, many of them beside a denial of something else, and without.

    Passages that take facts back (`taking_back`) are left out.
    """
    chance = random.Random(seed)
    kept = {name: passage for name, passage in known.items() if name not in taking_back}
    denials = [text for passage in kept.values() for text in passage.excerpt.sentences if _is_denial(text)]
    for name, passage in kept.items():
        sentences = passage.excerpt.sentences
        possible = [n for n, text in enumerate(sentences) if is_source(text) and SHORTEST_COPY <= len(text) <= CUT]
        if not possible or chance.random() > COPIES:
            continue
        at = chance.choice([n for n in possible if any(map(_is_denial, sentences[n + 1 : n + 2]))] or possible)
        origin = _document(name, known)
        beside = chance.choice(denials)
        texts = chance.choice((sentences[max(at - 1, 0) : at + 2], (sentences[at], beside), (beside, sentences[at])))
        yield Labelled(_joined(passage, texts), sentences[at], SUPPORTED, f"{OURS}, copy", origin)
        if len(possible) > 1 and chance.random() < ELSEWHERE:
            other = chance.choice([n for n in possible if n != at])
            yield Labelled(
                _joined(passage, (sentences[other], beside)), sentences[at], NOT_SAID, f"{OURS}, beside", origin
            )


def _joined(passage: Passage, texts: Sequence[str]) -> str:
    excerpt = replace(passage.excerpt, sentences=tuple(texts))
    return render(excerpt, range(len(texts)))


def _is_denial(text: str) -> bool:
    return bool(_DENIAL.search(text)) and SHORTEST_COPY <= len(text) <= CUT


def from_scifact(evaluation: Path, *, held_out: bool) -> Iterator[Labelled]:
    """Yield claims with their evidence sentences, as people marked them, with and without neighbours."""
    texts = {row["id"]: row["text"] for row in rows(evaluation / "scifact" / "corpus.jsonl")}
    for row in scifact_claims(evaluation)[held_out]:
        passage = _passage("", texts[row["doc_id"]], list(map(tuple, split_sentences(texts[row["doc_id"]]))))
        marked = {
            n
            for n, (start, end) in enumerate(passage.spans)
            for span in row["spans"]
            if start < span["start"] + len(span["text"]) and span["start"] < end
        }
        for n in sorted(marked)[:2]:
            for chosen in ((n - 1, n, n + 1), (n,)):
                window = render(passage.excerpt, chosen)
                yield Labelled(window, row["claim"], LABELS[row["label"]], "SciFact", row["claim_id"])
        apart = [n for n in range(len(passage.spans)) if n not in marked]
        if apart and not held_out and not row["rationale_groups"][1:]:
            window = render(passage.excerpt, apart[:1])
            yield Labelled(window, row["claim"], NOT_SAID, "SciFact, elsewhere", row["claim_id"])


def build(evaluation: Path, sets: Path, seed: int) -> list[Labelled]:
    """Return all different pairs, shuffled. Another seed chooses other windows."""
    known = passages(sets)
    claims = [claim for claim in own_claims() if claim.passage in known]
    used = {name: known[name] for name in dict.fromkeys(claim.passage for claim in claims)}
    taking_back = {claim.passage for claim in claims if claim.kind == "taken back"}
    found = list(from_ours(used, Nearest(used, load_encoder(Settings())), claims, seed))
    found += copies(used, taking_back, seed)
    found += from_scifact(evaluation, held_out=False)
    found += labelled(evaluation, sets, random.Random(SEED))
    unique = list({(pair.premise, pair.claim): pair for pair in found}.values())
    random.Random(seed).shuffle(unique)
    return unique


def _row(pair: Labelled) -> dict[str, Any]:
    decided = pair.kind.startswith(OURS) and not pair.kind.endswith(("beside", "elsewhere", "copy"))
    return asdict(pair) | {"weight": OWN_WEIGHT if decided else WEIGHTS.get(pair.kind.split(",")[0], 1.0)}


def main() -> None:
    """Write the training pairs and the held-out pairs, and print their numbers by kind."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--eval", type=Path, required=True, help="the folder of the public evaluation sets")
    arguments.add_argument("--sets", type=Path, required=True, help="the folder of the sets that README.md lists")
    arguments.add_argument("--seed", type=int, default=SEED)
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pairs = build(options.eval, options.sets, options.seed)
    kinds: dict[str, Counter[int]] = defaultdict(Counter)
    for name, wanted in (("train", False), ("held_out", True)):
        chosen = [pair for pair in pairs if (share(pair.origin, HELD_OUT) == 0) == wanted]
        with (options.out / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(_row(pair), ensure_ascii=False) + "\n" for pair in chosen)
        print(name, len(chosen), sorted(Counter(pair.label for pair in chosen).items()))
    for pair in pairs:
        kinds[pair.kind][pair.label] += 1
    for kind, labels in sorted(kinds.items()):
        print(f"{labels.total():6} {kind}: {dict(sorted(labels.items()))}")


if __name__ == "__main__":
    main()
