"""The languages of a document, told from its scripts and its most frequent words.

A model tells more languages, but takes half a second and 120 MB in each process that reads files. Frequent words take
less than a millisecond, and a document has many of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

_PLACES = 8
"""The number of places of a long text that are read."""
_LENGTH = 500
"""The number of characters that are read at each place."""
_FEWEST_LETTERS = 40
"""A place with fewer letters, such as a page of a table of numbers, tells nothing."""
_SHARE = 0.12
"""The least share of a place's words that are frequent words of its language; prose has .2 to .5."""
_LEAD = 1.3
"""The best language has at least this multiple of the score of the second best; a word of n languages counts 1/n."""
_LEAST_PART = 0.2
"""The least part of the places that a language has, so that one foreign quotation is not a language of the document."""
_MOST = 3
"""The most languages that are named."""
_WORD = re.compile(r"(?:[^\W\d_]|[\u0900-\u0dff])+")
"""Letters, with the vowel signs of India."""
_FREQUENT = {
    "en": "the of and to in is that for it was with as on are be this by from not which have or has were they their",
    "de": "der die und das den von zu mit sich des auf für ist im dem nicht ein eine auch es an werden aus er hat wird",
    "fr": "le la les des et est une dans que qui pour pas sur au plus par avec ce il ils sont ne aux en cette ou mais",
    "es": "el la los las de que y en una por con para es no se del su lo como más pero al este son ha sus fue",
    "it": "il di che la e per un una non sono è con del si da le dei nel della alla anche più gli come ha questo delle",
    "pt": "o os que de e do da em um uma para com não por mais as dos como mas ao ele foi das à seu sua são é pela",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er om ook als dan maar bij nog naar door wordt",
    "sv": "och att det som en på är av för den till inte med ett om han de har var jag men från eller kan så när detta",
    "da": "og at det som en på er af for den til ikke med et om han de har var jeg men fra eller kan så når blev",
    "no": "og å det som en på er av for den til ikke med et om han de har var jeg men fra eller kan så når ble",
    "fi": "ja on ei se että hän oli joka mutta ovat myös kun ole niin tai jos mitä kuin sen minä tämä sitä siitä olla",
    "pl": "w i na z nie się do że jest to o jak od po przez za co tym oraz które jego ale czy tak był są dla ma",
    "cs": "a v se na je že s z do o to i jako pro za by ale jsou ve byl které od po si jeho nebo aby také není",
    "sk": "a v sa na je že s z do o to aj ako pre za by ale sú vo bol ktoré od po si jeho alebo aby tiež nie",
    "hu": "a az és hogy nem is egy ez meg de volt csak mint el még ha már van vagy ezt azt lehet között szerint minden",
    "ro": "și în de la a cu nu pe din este un care să o pentru mai ce fi sau prin au fost ca dar acest sunt se al",
    "tr": "ve bir bu da de için ile olarak çok daha olan gibi en ne kadar sonra değil her ama var mi o ise veya göre",
    "ca": "el la els les de i que en una per amb és no del al més com aquest són dels ha o seva va també però",
    "hr": "i u je na se da su za od s koji a o ne kao to bi iz ali koje što nije ili biti do nakon prema jer također",
    "id": "yang dan di dengan untuk dari ini itu dalam tidak pada adalah akan oleh ke sebagai juga atau ada telah",
    "vi": "và của là có cho không được trong các với một những người này đã để khi về từ cũng như đến ra",
    "la": "et in est non ad cum ut sed quod qui ex esse si enim ab quae aut etiam per sunt atque nec hoc eius",
    "af": "die en van in is het nie wat vir met op te aan by hy dat sy word as om ook kan deur sal maar",
    "ru": "и в не на что с он по это как к из но а за от то был его все она для так же о мы бы у при или",
    "uk": "і в не на що з до та як за це від його але для він про був є також або у після який яка вони",
    "bg": "и на да в се от за не с е че по са като то ще към той при или но може си които този бе като",
    "sr": "и у је на се да су за од с који а о не као то би из али које што није или бити до након",
    "ar": "في من على أن إلى التي عن لا ما هذا كان مع هذه الذي ذلك بعد أو كل كما قد بين وقد هو لم",
    "fa": "و در به از که این را با است برای آن یک خود تا شد بر هم نیز بود یا می او شده های اما",
    "ur": "کے میں کی اور ہے سے کا کو نے پر ہیں اس یہ کہ بھی تھا جو نہیں ایک وہ گیا ان تھے",
    "hi": "के में है और की से का को पर यह ने कि हैं लिए एक था भी इस नहीं जो हो कर या",
    "mr": "आहे आणि या व च्या हे होते ते आहेत तर मध्ये एक त्या का नाही होता की असे",
}
"""The most frequent words of languages that share their script with others."""
_SCRIPTS = {
    "GREEK": "el",
    "HEBREW": "he",
    "HANGUL": "ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "THAI": "th",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "GUJARATI": "gu",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GURMUKHI": "pa",
    "SINHALA": "si",
    "KHMER": "km",
    "LAO": "lo",
    "MYANMAR": "my",
    "AMHARIC": "am",
    "ETHIOPIC": "am",
}
"""The language of a script that one language uses most, by the first word of its letters' names in Unicode."""
_MISJUDGED = frozenset({"LAO", "KHMER", "TAI", "JAVANESE"})
"""Scripts whose vowel signs charset-normalizer takes for disorder."""
_DISORDER = 0.4
"""A place with more disorder, by charset-normalizer's measure, was decoded wrongly. Measured on 2,600 manual pages, web
pages and files in 20 languages, and on one article in 460 languages: the most disordered place that is right has .38,
apart from the scripts above; text in a wrong encoding has .6 and more."""
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uac00-\ud7a3]")
_FIRST_LEVELS = (
    ("gb2312", b"\xb0", b"\xd7"),
    ("big5", b"\xa4", b"\xc6"),
    ("shift_jis", b"\x88", b"\x98"),
    ("euc_kr", b"\xb0", b"\xc8"),
)
"""Encodings of the standards of China, Taiwan, Japan and Korea, with the first and the last lead byte of that level."""
_FEWEST_RARE, _RARE_SHARE = 5, 0.15
_MANY_KANA = 0.1
"""A text with at least this share of kana is Japanese, however many Chinese characters it has."""


def languages_of(text: str) -> tuple[str, ...]:
    """Return the languages of a text by ISO 639-1, that of most places first; empty if none is sure."""
    found = Counter(filter(None, map(_language, _places(text))))
    least = max(1, _LEAST_PART * found.total())
    return tuple(code for code, count in found.most_common(_MOST) if count >= least)


def is_garbled(text: str) -> bool:
    """Return whether a part of a text has letters that belong together in no language, as in a wrong encoding."""
    from charset_normalizer.md import mess_ratio

    places = [place for place in _places(text) if _can_be_judged(place)]
    garbled = sum(mess_ratio(place, 1.0) > _DISORDER or _has_rare_ideographs(place) for place in places)
    return garbled > 0 and garbled >= _LEAST_PART * len(places)


def _can_be_judged(place: str) -> bool:
    letters = [letter for letter in place if letter.isalpha()]
    misjudged = sum(_script(letter) in _MISJUDGED for letter in letters)
    return len(letters) >= _FEWEST_LETTERS and misjudged < len(letters) / 2


def _has_rare_ideographs(place: str) -> bool:
    """Return whether too many Chinese characters or Korean syllables are rare, as if pairs of other letters."""
    ideographs = _IDEOGRAPH.findall(place)
    rare = sum(not _is_common(character) for character in ideographs)
    return rare > _FEWEST_RARE and rare > _RARE_SHARE * len(ideographs)


@cache
def _is_common(character: str) -> bool:
    """Return whether a character is in the first level, that of frequent characters, of a national standard."""
    return any(first <= character.encode(name, "ignore")[:1] <= last for name, first, last in _FIRST_LEVELS)


def _places(text: str) -> list[str]:
    """Return pieces of the text from its whole length."""
    if len(text) <= _PLACES * _LENGTH:
        return [text[start : start + _LENGTH] for start in range(0, len(text), _LENGTH)]
    step = (len(text) - _LENGTH) // (_PLACES - 1)
    return [text[n * step : n * step + _LENGTH] for n in range(_PLACES)]


def _language(piece: str) -> str:
    """Return the language of a piece of text; empty if it is not sure."""
    letters = [letter for letter in piece if letter.isalpha()]
    if len(letters) * (3 if max(letters, default="") > "\u3000" else 1) < _FEWEST_LETTERS:
        return ""
    return _by_script(letters) or _by_words(piece)


def _by_script(letters: list[str]) -> str:
    """Return the language of the script that most letters belong to; empty if several languages share it."""
    scripts = Counter(map(_script, letters))
    if scripts["HIRAGANA"] + scripts["KATAKANA"] >= _MANY_KANA * len(letters):
        return "ja"
    script, count = scripts.most_common(1)[0]
    return _SCRIPTS.get(script, "") if count > len(letters) / 2 else ""


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _by_words(piece: str) -> str:
    """Return the language whose frequent words the piece has most of."""
    words = _WORD.findall(unicodedata.normalize("NFC", piece).lower())
    frequent: Counter[str] = Counter()
    scores: dict[str, float] = {}
    for word in words:
        codes = _languages_with().get(word, ())
        frequent.update(codes)
        scores.update({code: scores.get(code, 0.0) + 1 / len(codes) for code in codes})
    best = sorted(scores, key=lambda code: -scores[code])[:2]
    if not best or frequent[best[0]] < _SHARE * len(words):
        return ""
    return best[0] if len(best) == 1 or scores[best[0]] >= _LEAD * scores[best[1]] else ""


@cache
def _languages_with() -> dict[str, tuple[str, ...]]:
    """Return the languages that have each of the frequent words."""
    known: dict[str, tuple[str, ...]] = {}
    for code, words in _FREQUENT.items():
        for word in dict.fromkeys(words.split()):
            known[word] = (*known.get(word, ()), code)
    return known
