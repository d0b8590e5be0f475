"""Recognises the pages of a document: chooses the engine, keeps its pages, and reports each page.

An engine is loaded when the first page needs it.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.errors import NoTextLayer, RecognitionFailed
from index.loading.recognition.engine import PageWords
from index.loading.recognition.page_store import FOLDER, PageStore
from index.loading.recognition.ruling_lines import without_rules
from index.loading.recognition.shading import evened

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from index.loading.recognition.engine import Engine

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
_NOT_KEPT = "its recognition is not stored"


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
            return kept or PageWords(note=_NOT_KEPT)
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
