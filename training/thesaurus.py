"""Makes the thesaurus of index.verification from the files of WordNet 3.0: `python -m training.thesaurus`.

The thesaurus has the first senses of each word, the next wider sense of each sense, and the antonyms and derived words
of each word. The files are those of Debian's package `wordnet-base`. WordNet's licence applies to the thesaurus.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
SENSES = 3
"""The number of senses of a word that are kept, which are the most frequent ones."""
WORD = re.compile(r"[a-z]+(?:[ -][a-z]+)?")
OUT = Path(__file__).parents[1] / "index" / "verification" / "thesaurus.json.gz"


def main() -> None:
    """Write the thesaurus, and print its size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    table = build_thesaurus(options.wordnet)
    raw = json.dumps(table, separators=(",", ":"), sort_keys=True).encode()
    options.out.write_bytes(gzip.compress(raw, 9, mtime=0))
    print({name: len(part) for name, part in table.items()}, f"{options.out.stat().st_size:,} bytes")


def build_thesaurus(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return four tables whose keys begin with the part of speech: `v:destroy`."""
    senses: dict[str, list[str]] = {}
    above: dict[str, list[str]] = {}
    antonyms: dict[str, set[str]] = {}
    derived: dict[str, set[str]] = {}
    words: dict[str, list[str]] = {}
    pointers: list[tuple[str, str, str, int, int]] = []
    for name, part in FILES.items():
        for line in _lines(folder / f"index.{name}"):
            lemma, offsets = _parse_index_line(line)
            if WORD.fullmatch(lemma):
                senses[f"{part}:{lemma}"] = [f"{part}{offset}" for offset in offsets[:SENSES]]
        for line in _lines(folder / f"data.{name}"):
            synset, synset_words, points = _parse_data_line(line, part)
            words[synset] = synset_words
            above[synset] = [target for symbol, target, _, _ in points if symbol == "@"]
            pointers += [
                (symbol, synset, target, position, other_position)
                for symbol, target, position, other_position in points
            ]
    for symbol, synset, target, position, other_position in pointers:
        table = antonyms if symbol == "!" else derived if symbol in ("+", "\\", "<") else None
        if table is not None and position:
            left, right = words[synset][position - 1], words[target][other_position - 1]
            if WORD.fullmatch(left) and WORD.fullmatch(right):
                table.setdefault(f"{synset[0]}:{left}", set()).add(f"{target[0]}:{right}")
    kept = {synset for synsets in senses.values() for synset in synsets}
    numbers = {synset: number for number, synset in enumerate(sorted(kept))}
    return {
        "senses": {key: [str(numbers[synset]) for synset in found] for key, found in senses.items()},
        "above": {
            str(numbers[synset]): [str(numbers[target]) for target in targets if target in numbers]
            for synset, targets in above.items()
            if synset in numbers and any(target in numbers for target in targets)
        },
        "antonyms": {key: sorted(found) for key, found in antonyms.items()},
        "derived": {key: sorted(found) for key, found in derived.items()},
    }


def _lines(path: Path) -> Iterator[str]:
    """Return the lines of a file after its licence."""
    return (line for line in path.read_text(encoding="latin-1").splitlines() if not line.startswith("  "))


def _parse_index_line(line: str) -> tuple[str, list[str]]:
    """Return a word and the offsets of its senses, the most frequent first."""
    fields = line.split()
    return fields[0].replace("_", " "), fields[-int(fields[2]) :]


def _parse_data_line(line: str, part: str) -> tuple[str, list[str], list[tuple[str, str, int, int]]]:
    """Return a sense, its words, and its pointers: symbol, other sense, numbers of its word and of the other."""
    fields = line.split(" | ")[0].split()
    count = int(fields[3], 16)
    words = [re.sub(r"\(\w+\)$", "", fields[4 + 2 * n]).replace("_", " ").lower() for n in range(count)]
    at = 4 + 2 * count
    points = []
    for n in range(int(fields[at])):
        symbol, offset, kind, places = fields[at + 1 + 4 * n : at + 5 + 4 * n]
        points.append((symbol, ("a" if kind == "s" else kind) + offset, int(places[:2], 16), int(places[2:], 16)))
    return part + fields[0], words, points


if __name__ == "__main__":
    main()
