"""Verifies a library against its sources: every passage, every sentence, every index.

A shingle is a run of five consecutive words (Broder, "On the resemblance and containment of documents", 1997). Each
line in the wrong order and each footnote within a sentence costs the shingles around it. Hyphens, ligatures, case and
punctuation cost nothing. Blanks cost nothing either, because the second reader, the witness, may be wrong about
the ends of words.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from contextlib import suppress
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from index.errors import LibraryDamaged, LoadingError, PasswordRequired, SourceNotFound
from index.loading.containers.member_paths import container_file
from index.loading.loader import digest
from index.loading.recognition.recogniser import RecognitionOptions, is_kept
from index.loading.sandbox.messages import Limits
from index.loading.sandbox.pool import parsers
from index.records import Problem, Progress, Unconfirmed, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.loading.sandbox.messages import Parsed
    from index.loading.sandbox.pool import Parser
    from index.records import Document, Passage, ProgressCallback
    from index.storage.store import FolderStore

LENGTH = 5
"""The number of words in a shingle."""
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_CACHED_PAGES = 16
_State = Literal["same", "changed", "missing", "claimed", "locked"]
_DEFAULT_LIMITS = Limits()
_LOST_WORDS = 12
"""Words of a page that a document may lack: the two readers divide figures and formulas into other words."""
_LOST = 2 * (LENGTH - 1)
"""Shingles of a passage that the second reading may lack: those at the end of a page, where a running head was left
out, and at a footnote that is read elsewhere. A single misplaced line costs the shingles at three joints."""


def words(text: str) -> list[str]:
    """Return the words for comparison: lower-case letters and digits, without ligatures."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def shingles(sequence: Sequence[str]) -> list[str]:
    """Return the letters of each run of LENGTH words; empty for fewer words."""
    return ["".join(sequence[at : at + LENGTH]) for at in range(len(sequence) - LENGTH + 1)]


class Witness:
    """The text of a document's pages as another reader gives it."""

    def __init__(self, pages: Sequence[str]) -> None:
        self._pages = pages
        self._page = lru_cache(_CACHED_PAGES)(self._letters_of_page)

    def counts(self, text: str, pages: Iterable[int]) -> tuple[int, int]:
        """Return how many shingles of a text occur on these pages (indices from 0), and how many it has."""
        found = shingles(words(text))
        known = [self._page(page) for page in pages if 0 <= page < len(self._pages)]
        return sum(any(shingle in page for page in known) for shingle in found), len(found)

    def lost(self, text: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """Yield each page (index from 0) with the number of its words that a text lacks, and of all its words.

        The text is given by pages too. It has a word if it has its letters on the page or a page beside, and a number
        if it has it as a word there. Words that a page beside lacks as well are a running head, which is left out.
        """
        near = ["\n".join(text[max(0, page - 1) : page + 2]) for page in range(len(self._pages))]
        lacking = list(map(self._lacking, self._pages, near))
        for page, lost in enumerate(lacking):
            repeated = sum(lacking[max(0, page - 1) : page] + lacking[page + 1 : page + 2], Counter[str]())
            yield page, (lost - repeated).total(), len(words(self._pages[page]))

    @staticmethod
    def _lacking(page: str, text: str) -> Counter[str]:
        """Return the words of a page that the text lacks, their numbers as zeros."""
        known = words(text)
        letters = "".join(known)
        rest = Counter(words(page)) - Counter(known)
        lacking = {word: times for word, times in rest.items() if word.isdigit() or word not in letters}
        found = Counter[str]()
        for word, times in lacking.items():
            found[_DIGITS.sub("0", word)] += times
        return found

    def _letters_of_page(self, page: int) -> str:
        """Return the letters of a page, and of the beginning of the next page as far as a shingle reaches."""
        following = words(self._pages[page + 1])[: LENGTH - 1] if page + 1 < len(self._pages) else []
        return "".join(words(self._pages[page]) + following)


def verify(
    store: FolderStore,
    *,
    max_bytes: int,
    limits: Limits = _DEFAULT_LIMITS,
    passwords: Sequence[str] = (),
    recognition: RecognitionOptions | None = None,
    progress: ProgressCallback | None = None,
) -> Verification:
    """Check the catalog and its indexes, then read every source that still exists, and compare.

    Sources that changed or disappeared since they were added are no mismatch: the library still holds their former
    contents. For a document whose source is no path, the kept file is read. Imported documents whose files were never
    read here are listed separately: their sources are paths of another machine, and are not read. The `passwords` are
    tried on files that are locked. Passages of a PDF are also compared with a second reading, which does not use
    Pincite's own line order, and pages of which the document lacks many words are listed, too.

    `recognition` says what words in pictures are compared with: by default with the stored recognition of their pages,
    else with a new one (`source="fresh"`). A new one may differ where a picture is hard to read, so passages that it
    does not confirm are listed, and are no mismatches.
    """
    recognition = recognition or RecognitionOptions(library=str(store.folder), source="kept")
    unread: list[str] = []
    compare = _compare_again if recognition.source == "fresh" else _compare
    mismatches = store.problems()
    unconfirmed: list[Unconfirmed] = []
    states: dict[_State, list[str]] = {state: [] for state in get_args(_State)}
    sources, claimed = store.catalog.sources(), store.catalog.claimed()
    kept = _kept(store.folder / "uploads", max_bytes) if not all(map(_is_path, dict(sources))) else {}
    with parsers(limits) as parser:
        for n, (source, identity) in enumerate(sources):
            if progress:
                progress(Progress(source, "reading", n, len(sources), 0, 0))
            if identity in claimed:
                states["claimed"].append(source)
                continue
            path = Path(source) if _is_path(source) else kept.get(identity)
            state = _state(path, identity, parser, max_bytes, passwords)
            if path and state == "same":
                if not _is_comparable(store, identity, recognition):
                    unread.append(source)
                    states[state].append(source)
                    continue
                named = partial(parser.parse, path, source=source, name=path.name, max_bytes=max_bytes)
                read = partial(named, witness=True, passwords=passwords, recognition=recognition)
                try:
                    mismatches.extend(compare(store, source, identity, read, unconfirmed))
                except PasswordRequired:
                    state = "locked"
            states[state].append(source)
    totals = store.catalog.totals()
    return Verification(
        documents=totals["documents"],
        passages=totals["passages"],
        sentences=totals["sentences"],
        sources_checked=len(states["same"]) - len(unread),
        sources_changed=tuple(states["changed"]),
        sources_missing=tuple(states["missing"]),
        mismatches=tuple(mismatches),
        unconfirmed=tuple(unconfirmed),
        sources_claimed=tuple(states["claimed"]),
        sources_locked=tuple(states["locked"]),
        sources_unread=tuple(unread),
    )


def _is_path(source: str) -> bool:
    """Return whether a source is a path, and not an address or, as in a published library, a bare name."""
    return Path(source).is_absolute()


def _kept(folder: Path, max_bytes: int) -> dict[str, Path]:
    """Return the files of a folder by their SHA-256."""
    paths = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    found = {}
    for path in paths:
        with suppress(LoadingError):  # not a file of the library: every added file was readable
            found[digest(path, max_bytes=max_bytes)] = path
    return found


def _state(path: Path | None, identity: str, parser: Parser, max_bytes: int, passwords: Sequence[str]) -> _State:
    if path is None:
        return "missing"
    try:
        in_container = container_file(path)
        found = (
            parser.identity(path, max_bytes=max_bytes, passwords=passwords)
            if in_container
            else digest(path, max_bytes=max_bytes)
        )
    except SourceNotFound:
        return "missing"
    except PasswordRequired:
        return "locked"
    except LoadingError:
        return "changed"
    return "same" if found == identity else "changed"


def _is_comparable(store: FolderStore, identity: str, recognition: RecognitionOptions) -> bool:
    """Return False for a document whose pages would have to be recognised again, if they must not be."""
    if recognition.source == "fresh" or is_kept(store.folder, identity):
        return True
    infos = store.catalog.identified([identity])
    return not any(info.reading.recognised_pages for info in infos)


def _compare(
    store: FolderStore, source: str, identity: str, read: Callable[[], Parsed], unconfirmed: list[Unconfirmed]
) -> Iterator[Problem]:
    """Yield the differences between a document and its source as read now; add doubtful passages to `unconfirmed`.

    Raises PasswordRequired.
    """
    remedy = f"Remove the document and add it again: {source}"
    number = store.catalog.number_of(identity)
    try:
        stored = store.catalog.document(number) if number is not None else None
        passages = store.catalog.passages_of(number) if number is not None else []
    except LibraryDamaged:
        return  # the catalog's own check has reported it
    try:
        parsed = read()
    except PasswordRequired:
        raise
    except LoadingError as error:
        yield Problem(f"{source} can no longer be read: {error.message}", remedy)
        return
    fresh = parsed.document
    is_part = number in store.catalog.unfinished()
    for flaw in _recognition_flaws(stored) if stored else ():
        yield Problem(f"{source}: {flaw}.", remedy)
    if stored is None or (not fresh.text.startswith(stored.text) if is_part else stored.text != fresh.text):
        yield Problem(f"{source}: the library's text differs from the file's.", remedy)
        return
    for passage in passages:
        if flaw := _flaw(passage, fresh):
            yield Problem(f"{source}: passage {passage.id} {flaw}.", remedy)
    if parsed.pages:
        unconfirmed.extend(_unconfirmed(source, passages, fresh, Witness(parsed.pages)))


def _compare_again(
    store: FolderStore, source: str, identity: str, read: Callable[[], Parsed], unconfirmed: list[Unconfirmed]
) -> Iterator[Problem]:
    """Yield the differences as `_compare` does; the text of a document with recognised words may differ.

    Its passages that differ from the pages as they are recognised now are added to `unconfirmed`.
    """
    number = store.catalog.number_of(identity)
    try:
        stored = store.catalog.document(number) if number is not None else None
        passages = store.catalog.passages_of(number) if number is not None else []
        parsed = read() if stored and any(part.recognised for part in stored.boxes) else None
    except PasswordRequired:
        raise
    except (LibraryDamaged, LoadingError):
        stored = parsed = None
    if stored is None or parsed is None or parsed.document.text == stored.text:
        yield from _compare(store, source, identity, (lambda: parsed) if parsed else read, unconfirmed)
        return
    for flaw in _recognition_flaws(stored):
        yield Problem(f"{source}: {flaw}.", f"Remove the document and add it again: {source}")
    unconfirmed.extend(_unconfirmed(source, passages, stored, Witness(_page_texts(parsed.document))))


def _unconfirmed(
    source: str, passages: Sequence[Passage], document: Document, witness: Witness
) -> Iterator[Unconfirmed]:
    """Yield the passages of a PDF that the witness does not confirm, and the pages of which many words are missing."""
    pages = [mark for mark in document.landmarks if mark.kind == "page"]
    starts = [mark.start for mark in pages]
    for passage in passages:
        first = max(0, bisect_right(starts, passage.start) - 1)
        last = bisect_left(starts, passage.end)
        # The neighbouring pages hold the rest of a paragraph, and footnotes that are read after it.
        agreeing, shingles = witness.counts(passage.text, range(first - 1, last + 1))
        if shingles - agreeing > _LOST or agreeing < shingles / 2:
            label = pages[first].label if pages else ""
            yield Unconfirmed(source, passage.id, label, round(agreeing / shingles, 3))
    for page, lost, count in witness.lost(_page_texts(document) or [document.text]):
        if lost > _LOST_WORDS:
            start = starts[page] if page < len(starts) else 0
            beside = next((passage.id for passage in passages if passage.end > start), -1)
            label = pages[page].label if page < len(pages) else str(page + 1)
            yield Unconfirmed(source, beside, label, round(1 - lost / count, 3))


def _recognition_flaws(document: Document) -> Iterator[str]:
    """Yield what is wrong with the recognised words of a document: each is a word of its text, in a box on a page."""
    position, pages = 0, sum(mark.kind == "page" for mark in document.landmarks)
    for word in document.recognised:
        text = document.text[word.start : word.end]
        if word.start < position or not text or any(map(str.isspace, text)):
            yield f"a recognised word is out of place at {word.start}"
            return
        if word.page >= max(pages, 1):
            yield f"the recognised word at {word.start} is outside its page"
            return
        position = word.end


def _page_texts(document: Document) -> list[str]:
    """Return the text of each page of a document."""
    starts = [mark.start for mark in document.landmarks if mark.kind == "page"]
    return [document.text[start:end] for start, end in pairwise([*starts, len(document.text)])]


def _flaw(passage: Passage, document: Document) -> str:
    """Return the flaw of a passage; empty if there is none."""
    text = document.text
    if text[passage.start : passage.end] != passage.text:
        return "differs from the text at its offsets"
    position = passage.start
    for span in passage.sentences:
        if span.start < position or span.end > passage.end or text[position : span.start].strip():
            return f"has a sentence out of place at {span.start}"
        position = span.end
    return "has words outside its sentences" if text[position : passage.end].strip() else ""
