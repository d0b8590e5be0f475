"""Recognises the pages of a document: chooses the engine, keeps its pages, and reports each page.

An engine is loaded when the first page needs it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.errors import NoTextLayer, RecognitionFailed
from index.loading.recognition.engine import PageWords, PrintedRule, PrintedWord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PIL import Image

    from index.loading.recognition.engine import Engine


# Keeps recognised pages on disk, so that a long scan goes on where it was interrupted, and is verified quickly.
#
# `recognised/` in the library's folder has a folder for each file, named by the SHA-256 of its bytes, with one small
# compressed JSON file for each page. Everything in it can be made again, so a damaged or missing file is no error.

FOLDER = "recognised"
MAX_STORE_BYTES = 256_000_000
"""Bytes of all kept pages, about 25,000 pages; the files that were not read for the longest time go first."""
_MAX_PAGE_BYTES = 32_000_000
_COMPLETE = "complete"
_UNFINISHED_SECONDS = 30 * 24 * 3600.0
"""How long the pages of a file are kept whose reading was interrupted."""
_DIGEST = 16


class PageStore:
    """The recognised pages of one file. A page is found only with the key of the engine and settings that read it."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._all = folder
        self._own = folder / identity
        self._checked = False

    def get(self, page: int, key: str | None) -> PageWords | None:
        """Return a page, or None if it is not kept; without a key, return it whatever read it."""
        pattern = f"{page}-{_short(key) if key is not None else '*'}.json.z"
        for path in self._own.glob(pattern):
            with suppress(OSError, ValueError, TypeError, zlib.error):
                return _page(json.loads(_unpacked(path.read_bytes())))
        return None

    def put(self, page: int, key: str, words: PageWords) -> None:
        """Keep a page, instead of what was kept of it. A full or read-only disk costs only time later."""
        value = [words.turn, words.languages, words.note, words.words, words.rules]
        packed = zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        with suppress(OSError):
            self._own.mkdir(parents=True, exist_ok=True)
            self._make_room()
            before = list(self._own.glob(f"{page}-*.json.z"))
            _write(self._own / f"{page}-{_short(key)}.json.z", packed)
            for path in before:
                if path.name != f"{page}-{_short(key)}.json.z":
                    path.unlink(missing_ok=True)

    def finish(self, failed: Sequence[int] = ()) -> None:
        """Mark the file as read to its end: from now on its pages are kept only while the library has it.

        The pages that failed are forgotten.
        """
        with suppress(OSError):
            for page in failed:
                for path in list(self._own.glob(f"{page}-*.json.z")):
                    path.unlink(missing_ok=True)
            if self._own.is_dir():
                (self._own / _COMPLETE).touch()

    def _make_room(self) -> None:
        """Once for each file that is read, remove the oldest other files if all take too much space."""
        if self._checked:
            return
        self._checked = True
        sizes = {folder: _size(folder) for folder in _folders(self._all) if folder != self._own}
        total = sum(sizes.values())
        for folder in sorted(sizes, key=_time):
            if total <= MAX_STORE_BYTES:
                return
            total -= sizes[folder]
            shutil.rmtree(folder, ignore_errors=True)


def forget_pages(folder: Path, has: Callable[[str], bool]) -> None:
    """Remove the recognised pages of files that a library no longer has, from `recognised/` in its folder.

    `has` says whether it has the file with a SHA-256. Pages of an interrupted file stay for a month.
    """
    for own in _folders(folder / FOLDER):
        unfinished = not (own / _COMPLETE).exists() and time.time() - _time(own) < _UNFINISHED_SECONDS
        if not unfinished and not has(own.name):
            shutil.rmtree(own, ignore_errors=True)


def is_kept(folder: Path, identity: str) -> bool:
    """Return whether the pages of a file that were recognised are still kept in a library's folder."""
    return (folder / FOLDER / identity / _COMPLETE).exists()


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:_DIGEST]


def _page(value: Any) -> PageWords:
    turn, languages, note, words, rules = value
    read = tuple(_word(*word) for word in words)
    return PageWords(read, int(turn), tuple(map(str, languages)), str(note), tuple(_rule(*rule) for rule in rules))


def _rule(left: float, top: float, right: float, bottom: float) -> PrintedRule:
    return PrintedRule(float(left), float(top), float(right), float(bottom))


def _word(text: str, left: float, top: float, right: float, bottom: float, *rest: float) -> PrintedWord:
    confidence, line = rest
    shares = (float(left), float(top), float(right), float(bottom), float(confidence))
    if not text or not all(0 <= share <= 1 for share in shares):
        raise ValueError("a word without letters, or outside its page")
    return PrintedWord(str(text), *shares, int(line))


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(packed, _MAX_PAGE_BYTES)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("it is too long, or incomplete")
    return data


def _write(path: Path, data: bytes) -> None:
    """Write a file in one step: whoever reads it finds all of it, or nothing."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)  # noqa: PTH105 - a name, not a path
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (entry for entry in folder.iterdir() if entry.is_dir())


def _size(folder: Path) -> int:
    with suppress(OSError):
        return sum(entry.stat().st_size for entry in folder.iterdir())
    return 0


def _time(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


Choice = Literal["auto", "off", "tesseract", "rapidocr"]
NOT_INSTALLED = "Install text recognition: apt install tesseract-ocr, or pip install 'pincite[ocr]'."
_HINTS = {
    "off": "Text recognition is turned off: remove the setting PINCITE_OCR, and add the file again.",
    "tesseract": "PINCITE_OCR names tesseract, which is not installed: apt install tesseract-ocr",
    "rapidocr": "PINCITE_OCR names rapidocr, which is not installed: pip install 'pincite[ocr]'",
}
_PAGE_SECONDS = 100.0
"""Processor time."""
_RULED = 3
"""A page with so many rules may have a table."""
_NOT_STORED_NOTE = "its recognition is not stored"


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """How pages are recognised."""

    engine: Choice = "auto"
    languages: tuple[str, ...] = ()
    """Tesseract's names of the languages to choose from; empty for all that are installed."""
    library: str = ""
    """The folder of the library, which keeps recognised pages; empty to keep none."""
    source: Literal["both", "kept", "fresh"] = "both"
    """Whether pages come from those that are kept, whatever read them, or are recognised again."""

    @classmethod
    def of(cls, value: dict[str, Any]) -> RecognitionOptions:
        """Build the options from the output of `dataclasses.asdict`, or of JSON made from it."""
        return cls(**{**value, "languages": tuple(value["languages"])})


def available(choice: Choice) -> str:
    """Return the name of the engine to use, `tesseract` or `rapidocr`; empty if there is none."""
    found = {"tesseract": shutil.which("tesseract"), "rapidocr": find_spec("rapidocr") and find_spec("onnxruntime")}
    wanted = ("tesseract", "rapidocr") if choice == "auto" else (choice,)
    return next((name for name in wanted if found.get(name)), "")


@dataclass(slots=True)
class Recogniser:
    """Recognises the pages of documents, one document after the other."""

    options: RecognitionOptions = field(default_factory=RecognitionOptions)
    report: Callable[[int, int], None] = lambda _page, _pages: None
    """Called before each page that has to be recognised, with its number from 1 and the number of all such pages."""
    identity: str = ""
    """The SHA-256 of the document's file, by which its pages are kept; empty to compute it."""
    seconds: float = _PAGE_SECONDS
    """The limit on the processor time of the engine for one page."""
    texts: dict[int, str] = field(default_factory=dict)
    """The words of the pages of the last document by index, in the order in which the engine reads them."""
    loaded: Engine | None = None
    """The engine, as soon as a page needed it."""

    @property
    def is_available(self) -> bool:
        """Whether pages can be recognised, or are kept."""
        return self.options.source == "kept" or self.loaded is not None or bool(available(self.options.engine))

    @property
    def hint(self) -> str:
        """What to do if pages cannot be recognised."""
        return _HINTS.get(self.options.engine, NOT_INSTALLED)

    @property
    def name(self) -> str:
        """The name of the engine, with its version; empty if no page was recognised yet."""
        return self.loaded.name if self.loaded else ""

    def engine(self) -> Engine:
        """Return the engine. Raises NoTextLayer if none is installed, RecognitionFailed if it does not work."""
        if self.loaded is None:
            self.loaded = self._loaded()
        return self.loaded

    def pages(self, data: bytes) -> RecognisedPages:
        """Return the recogniser of the pages of a file with these bytes."""
        identity = self.identity or hashlib.sha256(data).hexdigest()
        self.texts.clear()
        folder = Path(self.options.library, FOLDER) if self.options.library else None
        return RecognisedPages(self, PageStore(folder, identity) if folder else None)

    def _loaded(self) -> Engine:
        name = available(self.options.engine)
        if name == "tesseract":
            from index.loading.recognition.tesseract import Tesseract

            return Tesseract(self.options.languages)
        if name == "rapidocr":
            from index.loading.recognition.rapid import Rapid

            return Rapid()
        raise NoTextLayer("No program for text recognition is available.", self.hint)


class RecognisedPages:
    """The pages of one file, recognised when they are asked for."""

    def __init__(self, recogniser: Recogniser, store: PageStore | None) -> None:
        self._recogniser = recogniser
        self._store = store
        self._failed: list[int] = []

    def page(self, index: int, place: tuple[int, int], draw: Callable[[], Image.Image | None]) -> PageWords:
        """Return the words of the page with this index; `place` is its number among the pages to recognise, and theirs.

        `draw` returns the page in levels of grey, or None if it cannot be drawn. A page that cannot be drawn or that
        takes too long has no words, and its note says so; nor has any page if the engine does not work.
        """
        self._recogniser.report(*place)
        words = self._read(index, draw)
        self._recogniser.texts[index] = words.text
        return words

    def finish(self) -> None:
        """Say that all pages of the file were read. A verification changes nothing of what is kept.

        Pages that could not be recognised are kept only until then: another reading of the file tries them again.
        """
        if self._store and self._recogniser.options.source == "both":
            self._store.finish(self._failed)

    def _read(self, index: int, draw: Callable[[], Image.Image | None]) -> PageWords:
        source = self._recogniser.options.source
        if source == "kept":
            kept = self._store.get(index, None) if self._store else None
            return kept or PageWords(note=_NOT_STORED_NOTE)
        try:
            engine = self._recogniser.engine()
        except (NoTextLayer, RecognitionFailed) as error:
            return PageWords(note=f"{error.message} {error.hint}".rstrip("."))
        key = f"{engine.name} {' '.join(engine.languages)}"
        kept = self._store.get(index, key) if self._store and source == "both" else None
        words = kept or self._recognised(engine, draw)
        if self._store and source == "both" and not kept:
            self._store.put(index, key, words)
        self._failed += [index] if words.note else []
        return words

    def _recognised(self, engine: Engine, draw: Callable[[], Image.Image | None]) -> PageWords:
        from index.loading.recognition.page_images import evened, without_rules

        try:
            picture = draw()
            if picture is None:
                return PageWords(note="it cannot be drawn")
            plain, rules = without_rules(evened(picture))
            found = engine.read(plain, seconds=self._recogniser.seconds, is_ruled=len(rules) >= _RULED)
            return replace(found, rules=rules)
        except RecognitionFailed as error:
            return PageWords(note=error.message.rstrip("."))
        except MemoryError:
            return PageWords(note="it needs too much memory")
