"""Recognises words with the package rapidocr, whose models are in its wheel. It reads Latin letters only."""

from __future__ import annotations

import unicodedata
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from index.errors import RecognitionFailed
from index.loading.recognition.engine import PageWords, printed_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PIL import Image

    from index.loading.recognition.engine import PrintedWord

_FOREIGN_SHARE = 0.05
"""The share of letters that are not Latin, from which a page is refused."""
REFUSED = "its letters seem to be {}, but rapidocr reads Latin letters only: install tesseract for them"
"""The note on a page that is refused."""
_UNSURE = 0.75
"""The mean confidence below which a page is refused: Cyrillic letters are read as similar Latin ones, with less."""


_MIN_WORDS = 3
_LATIN = "languages in Latin letters"
_UNKNOWN = "of another script"


class Rapid:
    """Recognises pages with rapidocr."""

    def __init__(self) -> None:
        """Load the models. Raises RecognitionFailed if the package or its runtime is not usable."""
        try:
            from rapidocr import RapidOCR

            self._engine: Any = RapidOCR(params={"Global.log_level": "critical", **_ONE_THREAD})
        except Exception as error:  # whatever the runtime of the models raises
            message = f"rapidocr cannot be loaded: {type(error).__name__}: {error}"[:300] + "."
            raise RecognitionFailed(message, "Install it again: pip install 'pincite[ocr]'") from error
        self.name = f"rapidocr {version('rapidocr')}"
        self.languages = (_LATIN,)

    def read(self, picture: Image.Image, *, seconds: float, is_ruled: bool = False) -> PageWords:  # noqa: ARG002 - it cannot be interrupted, and misses no cells
        """Return the words of a page; none, with a note, if its letters are not Latin. Raises RecognitionFailed."""
        import numpy as np

        try:
            found = self._engine(np.asarray(picture.convert("RGB")), return_word_box=True)
        except Exception as error:
            raise RecognitionFailed(f"rapidocr failed: {type(error).__name__}: {error}"[:300] + ".") from error
        page = PageWords(tuple(_words(found.word_results or (), picture.size)), languages=(_LATIN,))
        script = _foreign_script(page)
        return PageWords(note=REFUSED.format(script), languages=page.languages) if script else page


_ONE_THREAD = {"EngineConfig.onnxruntime.intra_op_num_threads": 1, "EngineConfig.onnxruntime.inter_op_num_threads": 1}


def _words(lines: Sequence[Any], size: tuple[int, int]) -> Iterator[PrintedWord]:
    for number, line in enumerate(lines):
        for text, confidence, corners in line:
            across, down = zip(*corners, strict=True)
            box = min(across) / size[0], min(down) / size[1], max(across) / size[0], max(down) / size[1]
            if word := printed_word(text, box, float(confidence), number):
                yield word


def _foreign_script(page: PageWords) -> str:
    """Return the script of a page that is not Latin, or words for an unknown one; empty for a page in Latin letters.

    Of other scripts, the engine reads some letters as similar Latin ones, with low confidence, and of the rest only the
    punctuation.
    """
    scripts = Counter(unicodedata.name(letter, "?").split(" ", 1)[0] for letter in page.text if letter.isalpha())
    total = sum(scripts.values())
    foreign = Counter({script: number for script, number in scripts.items() if script != "LATIN"})
    if foreign and sum(foreign.values()) > _FOREIGN_SHARE * total:
        return foreign.most_common(1)[0][0].title()
    marks = len(page.words) >= _MIN_WORDS and 2 * sum(map(str.isalnum, page.text)) < len("".join(page.text.split()))
    return _UNKNOWN if marks or (page.words and page.confidence < _UNSURE) else ""
