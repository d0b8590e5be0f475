"""The language of a text is detected where it is clear, and left open where it is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from index.text.words import language
from tests.cases import cases

CLEAR = {
    "en": "The harbour of Skarn was closed in 1923 after the great storm.",
    "de": "Der Hafen von Skarn wurde 1923 nach dem großen Sturm geschlossen.",
    "fr": "Le port de Skarn a été fermé en 1923 après la grande tempête.",
    "es": "El puerto de Skarn se cerró en 1923 después de la gran tormenta.",
    "it": "Il porto di Skarn fu chiuso nel 1923 dopo la grande tempesta.",
    "pt": "O porto de Skarn foi fechado em 1923 depois da grande tempestade.",
    "nl": "De haven van Skarn werd in 1923 na de grote storm gesloten.",
    "sv": "Hamnen i Skarn stängdes 1923 efter den stora stormen.",
    "no": "Havna i Skarn blei stengd i 1923 etter den store stormen.",
    "pl": "Port w Skarn został zamknięty w 1923 roku po wielkiej burzy.",
    "cs": "Přístav ve Skarnu byl po velké bouři v roce 1923 uzavřen.",
    "tr": "Skarn limanı büyük fırtınadan sonra 1923 yılında kapatıldı.",
    "ru": "Гавань Скарна была закрыта в 1923 году после большой бури.",
    "el": "Το λιμάνι έκλεισε το 1923 μετά από τη μεγάλη καταιγίδα.",
    "ar": "أغلق الميناء عام 1923 بعد العاصفة الكبرى.",
    "ja": "港は1923年の大嵐の後に閉鎖された。",
    "zh": "1923年的大风暴之后，港口被关闭了。",
    "ko": "항구는 1923년 큰 폭풍 이후 폐쇄되었다.",
}
UNCLEAR = ["", "   ", "1923", "42 %", "[1]", "Skarn", "Die Zeit", "f(x) = 2x + 1", "---", "\ud800\x00", "A. Holm"]


@cases(("code", "text"), CLEAR.items(), ids=CLEAR.keys())
def test_language_of_a_sentence_is_detected(code: str, text: str) -> None:
    """One sentence of a dozen words is enough in any script, and capitals do not mislead."""
    assert language(text) == code
    assert language(text.upper()) in (code, "")


@cases("text", UNCLEAR)
def test_short_text_has_no_language(text: str) -> None:
    """A name or a number can occur in any language."""
    assert language(text) == ""


ENGLISH = [
    "ALDH1 expression is associated with poorer prognosis in breast cancer.",
    "Müller und Söhne was founded in Köln by Jürgen Müller.",
    "The San José de la Cruz mission stands on the Río Grande.",
    "Herr Schmidt said that Die Zeit was delivered to the Café de Paris.",
]


@pytest.mark.parametrize("text", ENGLISH)
def test_foreign_names_do_not_change_the_language(text: str) -> None:
    """An English sentence stays English, or at least is not taken for another language."""
    assert language(text) in ("en", "")


def test_long_text_is_read_only_at_its_beginning() -> None:
    """Only the beginning of a long text is examined."""
    assert language(CLEAR["en"] * 100_000) == "en"


def test_import_does_not_load_the_language_model() -> None:
    """The model is loaded by the first call."""
    program = "import sys, index.text.words; sys.exit('py3langid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
