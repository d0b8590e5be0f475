"""How much of a text survives being printed, scanned and recognised: `python -m benchmarks.scans FOLDER`.

FOLDER has texts (`01-english.txt`: the name says the language). Each is set in type, drawn at 150 and 300 dpi as
pictures only, as it is and as a worn scan (tilted, grey, with noise), and read again. Printed are the recall of words
and the seconds a page. With `--questions FILE` (JSON lines with `file`, `question` and `quote`), a library of the texts
and one of the worn scans are asked the same questions: how many pins are the same words in both.

Recall is the share of the words of the text, each as often as it occurs, that the recognised text has.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import textwrap
import time
import unicodedata
from collections import Counter, defaultdict
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from index.library.library import Library
from index.loading.loader import load_bytes
from index.loading.recognition.recogniser import Recogniser, RecognitionOptions
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.records import Document

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
"""DejaVu has the letters of all languages of the benchmark; another font can be named by `--font`."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_INCHES = (8.27, 11.69)
_MARGIN, _SIZE, _LEADING, _COLUMNS = 1.0, 10.5, 14.5, 82
_TILT = 0.7
"""Degrees by which a worn scan is tilted."""
_NOISE, _BLUR = 14, 0.6
_SAME = 0.85


def words(text: str) -> list[str]:
    """Return the words of a text for comparison: in lower case, without the ways of writing one letter."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))


def recall(text: str, recognised: str) -> float:
    """Return the share of the text's words that were recognised."""
    wanted = Counter(words(text))
    return (wanted & Counter(words(recognised))).total() / max(1, wanted.total())


def pages(text: str, dpi: int, font: str) -> Iterator[Image.Image]:
    """Yield the pages of a text in levels of grey; its first paragraph is set as a title."""
    width, height = (round(inches * dpi) for inches in _INCHES)
    face, large = (ImageFont.truetype(font, round(size * dpi / 72)) for size in (_SIZE, 1.6 * _SIZE))
    page = Image.new("L", (width, height), 255)
    y = _MARGIN * dpi
    for number, paragraph in enumerate(filter(str.strip, text.split("\n"))):
        lines = textwrap.wrap(paragraph, _COLUMNS if number else _COLUMNS // 2, break_on_hyphens=False)
        for line in lines:
            if y > height - (_MARGIN + 0.3) * dpi:
                yield page
                page, y = Image.new("L", (width, height), 255), _MARGIN * dpi
            ImageDraw.Draw(page).text((_MARGIN * dpi, y), line, fill=0, font=face if number else large)
            y += (_LEADING if number else 1.6 * _LEADING) * dpi / 72
        y += _LEADING / 2 * dpi / 72
    yield page


def worn(page: Image.Image, seed: int) -> Image.Image:
    """Return a page as a careless scan shows it: tilted, a little blurred, grey, with noise."""
    chance = random.Random(seed)
    tilted = page.rotate(chance.choice((-1, 1)) * _TILT, resample=Image.Resampling.BICUBIC, fillcolor=255)
    noise = Image.effect_noise(page.size, _NOISE)
    blurred = tilted.filter(ImageFilter.GaussianBlur(_BLUR)).point(lambda level: 30 + level * 0.8)
    return Image.blend(blurred, noise, 0.15)


def scan(text: str, path: Path, dpi: int, *, is_worn: bool, font: str) -> int:
    """Write a text as a PDF of pictures, and return the number of its pages."""
    drawn = list(pages(text, dpi, font))
    made = [worn(page, number) for number, page in enumerate(drawn)] if is_worn else drawn
    made[0].save(path, save_all=True, append_images=made[1:], resolution=dpi, quality=80)
    return len(made)


def measure(texts: Sequence[Path], folder: Path, arguments: argparse.Namespace) -> dict[int, list[Document]]:
    """Print recall and seconds a page for each variant and language; return the worn scans as read, by resolution."""
    read: dict[int, list[Document]] = defaultdict(list)
    recogniser = Recogniser(RecognitionOptions(arguments.engine))
    for dpi in arguments.dpi:
        for is_worn in (False, True) if not arguments.only_worn else (True,):
            found, seconds, count = defaultdict(list), 0.0, 0
            for path in texts:
                text = path.read_text(encoding="utf-8")
                pdf = folder / f"{path.stem}-{dpi}{'-worn' if is_worn else ''}.pdf"
                count += scan(text, pdf, dpi, is_worn=is_worn, font=arguments.font)
                began = time.monotonic()
                document = load_bytes(pdf.read_bytes(), source=str(pdf), recogniser=recogniser)
                seconds += time.monotonic() - began
                found[path.stem.rpartition("-")[2]].append(recall(text, document.text))
                if is_worn:
                    read[dpi].append(document)
            shown = ", ".join(f"{language} {statistics.mean(values):.4f}" for language, values in found.items())
            kind = "worn" if is_worn else "clean"
            print(f"{dpi} dpi, {kind}: {shown}; {seconds / count:.2f} s a page, {count} pages", flush=True)
    return read


def same_pins(
    texts: Sequence[Path], scans: dict[int, list[Document]], questions: Sequence[dict[str, Any]], *, verbose: bool
) -> None:
    """Ask a library of the texts and one of the scans, and print how many pins are the same words."""
    with tempfile.TemporaryDirectory() as home, Library.open(Path(home, "texts"), Settings()) as of_texts:
        of_texts.add(list(texts))
        for dpi, documents in scans.items():
            with Library.open(Path(home, str(dpi)), Settings()) as of_scans:
                of_scans.add_documents(documents)
                same = [_is_same(of_texts, of_scans, asked, verbose=verbose) for asked in questions]
                right = [_has_quote(of_scans, asked) for asked in questions]
            print(f"{dpi} dpi, worn: the pin in the scan is that in the text: {sum(same)} of {len(same)}")
            print(f"{dpi} dpi, worn: the pin is the quote asked for: {sum(right)} of {len(right)}", flush=True)


def _pin(library: Library, asked: dict[str, Any]) -> str:
    hits = library.search(asked["question"]).hits
    return hits[0].quote if hits else ""


def _is_same(one: Library, other: Library, asked: dict[str, Any], *, verbose: bool) -> bool:
    left, right = _pin(one, asked), _pin(other, asked)
    same = _alike(left, right)
    if verbose and not same:
        print(f"  {asked['question']}\n    text: {left}\n    scan: {right}")
    return same


def _has_quote(library: Library, asked: dict[str, Any]) -> bool:
    pin, wanted = words(_pin(library, asked)), words(asked["quote"])
    return bool(wanted) and (Counter(pin) & Counter(wanted)).total() >= _SAME * min(len(wanted), max(1, len(pin)))


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, words(one), words(other), autojunk=False).ratio() >= _SAME


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--engine", default="auto", choices=("auto", "tesseract", "rapidocr"))
    parser.add_argument("--dpi", type=int, nargs="+", default=[150, 300])
    parser.add_argument("--font", default=FONT)
    parser.add_argument("--only-worn", action="store_true", help="leave out the clean scans")
    parser.add_argument("--verbose", action="store_true", help="print the pins that differ")
    arguments = parser.parse_args()
    texts = sorted(arguments.folder.glob("*.txt"))
    if not texts:
        sys.exit(f"There are no texts (*.txt) in {arguments.folder}.")
    with tempfile.TemporaryDirectory() as folder:
        scans = measure(texts, Path(folder), arguments)
    if arguments.questions:
        lines = arguments.questions.read_text("utf-8").splitlines()
        questions = [json.loads(line) for line in lines if line.strip()]
        same_pins(texts, scans, questions, verbose=arguments.verbose)


if __name__ == "__main__":
    main()
