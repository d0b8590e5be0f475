"""Two texts read together: their tokens with marks, and the encoder's layers trained again for pairs.

A mark says whether the other text has the token's word, and whether it has it in the same order. The layers are small:
marks spare them the attention for this, which they can spend on the meaning.

A file holds all weights but the word embeddings, which are those of the installed encoder.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import partial
from itertools import chain
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import torch

from index.encoders.bert import Bert
from index.encoders.pretrained import read_default
from index.errors import EncoderError, WeightsMismatch
from index.text.words import stem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tokenizers import Tokenizer
    from torch import Tensor

NO_WORD, IN_ORDER, OUT_OF_ORDER, STEM_IN_ORDER, STEM_OUT_OF_ORDER, ABSENT = range(6)
MARKS = 6
CLS, SEP = 101, 102
"""The tokens of BERT's vocabulary that begin a pair and end each of its texts."""
_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = frozenset(
    """a an the this that these those and or but nor so of in on at by for from with to into onto as than then it its
    he she his her him they them their we us our you your i me my is are was were be been being am has have had having
    do does did will would can could shall should may might must who whom whose which what when where why how there
    here if because while although though also s t""".split()
)
"""The order of these words says nothing, and would hide the order of the others."""
WORDS = "embeddings.word_embeddings.weight"
SEGMENTS = "embeddings.token_type_embeddings.weight"
MARKS_WEIGHT = "marks.weight"
SCALE = ".scale"
HINT = "Install Pincite again: pip install --force-reinstall pincite."


@dataclass(frozen=True, slots=True)
class Text:
    """The tokens of a text, and the words that they belong to."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    """Start and end of each token in the text, in code points."""
    words: list[str]
    """The words in lower case, in order."""
    word_of: list[int]
    """The index of each token's word; -1 for punctuation."""


class _Link(NamedTuple):
    """The indices of a shared word in both texts, and the link before it in the same run."""

    first: int
    second: int
    before: _Link | None


class Pair(NamedTuple):
    """Two texts as one input sequence; each list has one item for each token."""

    ids: list[int]
    segments: list[int]
    """0 in the first text, 1 in the second."""
    marks: list[int]
    first: int
    """The number of the first text's tokens; they begin at 1, after `[CLS]`."""


def read_text(tokenizer: Tokenizer, text: str) -> Text:
    """Return the tokens and words of a text. The tokenizer must neither truncate nor pad."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    matches = list(_WORD.finditer(text))
    starts = [match.start() for match in matches]
    word_of = []
    for start, _ in encoding.offsets:
        word = bisect_right(starts, start) - 1
        word_of.append(word if word >= 0 and start < matches[word].end() else -1)
    return Text(encoding.ids, encoding.offsets, [match[0].lower() for match in matches], word_of)


def lay_out(first: Text, second: Text, *, longest_first: int, longest: int) -> Pair:
    """Return the pair, cut at `longest` tokens, its first text at `longest_first`. Marks come from the uncut texts."""
    head = first.ids[:longest_first]
    tail = second.ids[: longest - len(head) - 3]
    marks = mark_words(first.words, second.words)
    first_marks, second_marks = (
        _token_marks(text, word_marks) for text, word_marks in zip((first, second), marks, strict=True)
    )
    return Pair(
        [CLS, *head, SEP, *tail, SEP],
        [0] * (len(head) + 2) + [1] * (len(tail) + 1),
        [NO_WORD, *first_marks[: len(head)], NO_WORD, *second_marks[: len(tail)], NO_WORD],
        len(head),
    )


def mark_words(first: Sequence[str], second: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return a mark for each word of two texts: whether the other text has it, and in which order.

    Words are compared as they are, then by their stems. The words of the longest common subsequence are in order, and
    other shared words are out of order. A shared function word is always in order.
    """
    stems = [[stem(word) for word in words] for words in (first, second)]
    aligned = _aligned(*stems)
    in_first, in_second = {i for i, _ in aligned}, {j for _, j in aligned}
    words = set(first), set(second)
    stem_sets = set(stems[0]), set(stems[1])
    return (
        [
            _mark(word, stemmed, words[1], stem_sets[1], i in in_first)
            for i, (word, stemmed) in enumerate(zip(first, stems[0], strict=True))
        ],
        [
            _mark(word, stemmed, words[0], stem_sets[0], j in in_second)
            for j, (word, stemmed) in enumerate(zip(second, stems[1], strict=True))
        ],
    )


def _mark(word: str, stemmed: str, other_words: set[str], other_stems: set[str], aligned: bool) -> int:
    if word in other_words:
        return IN_ORDER if aligned or word in _FUNCTION_WORDS else OUT_OF_ORDER
    if stemmed in other_stems:
        return STEM_IN_ORDER if aligned else STEM_OUT_OF_ORDER
    return ABSENT


def _token_marks(text: Text, marks: list[int]) -> list[int]:
    return [NO_WORD if word < 0 else marks[word] for word in text.word_of]


def _aligned(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of indices of the longest common subsequence of content words' stems.

    By Hunt and Szymanski: the longest increasing run over the indices of equal words. Texts share few words.
    """
    places: dict[str, list[int]] = {}
    for j in range(len(second) - 1, -1, -1):  # from the last, so that one word is not followed by itself
        if second[j] not in _FUNCTION_WORDS:
            places.setdefault(second[j], []).append(j)
    ends: list[int] = []  # ends[n]: the first place at which a run of n + 1 words can end
    runs: list[_Link] = []  # runs[n]: the last link of such a run
    for i, word in enumerate(first):
        for j in places.get(word, ()):
            at = bisect_left(ends, j)
            ends[at : at + 1], runs[at : at + 1] = [j], [_Link(i, j, runs[at - 1] if at else None)]
    pairs, link = [], runs[-1] if runs else None
    while link:
        pairs.append((link.first, link.second))
        link = link.before
    return pairs


class PairStates(NamedTuple):
    """The states of one pair's tokens, each of shape (tokens, size)."""

    whole: Tensor
    """The state of `[CLS]`, shape (size,)."""
    first: Tensor
    second: Tensor
    offsets: list[tuple[int, int]]
    """Start and end of each token of the second text; the last ones may have no state."""


class PairLayers:
    """The layers and their tokenizer: from pairs of texts to states of tokens.

    `weights` are the float32 weights of one of our files by name. Weights of other parts are ignored. A pair is cut at
    `longest` tokens, its first text at `longest_first`. Raises EncoderError if the default encoder is not complete.
    """

    def __init__(self, weights: dict[str, Tensor], precision: str, *, longest_first: int, longest: int) -> None:
        default = read_default()
        words = default.layers.state_dict()[WORDS]
        model = SimpleNamespace(config=default.layers.config, state_dict=lambda: {**weights, WORDS: words})
        self._layers = Bert(model, precision)
        self._tokenizer: Tokenizer = default.tokenizer
        self._lay_out = partial(lay_out, longest_first=longest_first, longest=longest)
        segments = weights[SEGMENTS]
        self._added = torch.stack(
            [segments - segments[0] + mark for mark in weights[MARKS_WEIGHT]]
        )  # (marks, segments, size)

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[PairStates]:
        """Return the states of each pair, from one forward pass for all of them."""
        texts = {text: read_text(self._tokenizer, text) for text in set(chain.from_iterable(pairs))}
        laid_out = [self._lay_out(texts[first], texts[second]) for first, second in pairs]
        lengths = [len(pair.ids) for pair in laid_out]
        ids, segments, marks = (
            torch.tensor([*chain(*rows)]) for rows in zip(*(pair[:3] for pair in laid_out), strict=True)
        )
        states = torch.split(self._layers(ids, lengths, self._added[marks, segments]), lengths)
        return [
            PairStates(rows[0], rows[1 : pair.first + 1], rows[pair.first + 2 : -1], texts[second].offsets)
            for rows, pair, (_, second) in zip(states, laid_out, pairs, strict=True)
        ]


def load_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """Return the weights of one of our files, as float32.

    An integer weight is stored with a scale for each of its rows. Raises EncoderError if the file cannot be read, and
    WeightsMismatch if it is not the published one.
    """
    from safetensors.torch import load

    try:
        content = path.read_bytes()
    except OSError as error:
        raise EncoderError(f"The weights {path.name} could not be read: {error}.", HINT) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsMismatch(f"The weights {path.name} have sha256 {found}, not {sha256}.", HINT)
    stored = load(content)
    return {
        name: weight.float() * stored[name + SCALE].unsqueeze(-1) if name + SCALE in stored else weight.float()
        for name, weight in stored.items()
        if not name.endswith(SCALE)
    }
