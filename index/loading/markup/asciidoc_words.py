"""The words of a line of AsciiDoc, without marks for emphasis, links and references."""

from __future__ import annotations

import re

_FOOTNOTE = re.compile(r"\s?footnote(?:ref)?:\w*\[([^][]{0,2000})\]")
_LINK = re.compile(r"(?:link:|xref:|mailto:|(?<![\w/])(?=https?://|ftp://))([^\s\[\]]{1,500})\[([^][]{0,500})\]")
_REFERENCE = re.compile(r"<<([^<>,]{1,200})(?:,([^<>]{1,400}))?>>")
_MACRO = re.compile(
    r"(?<![\w:])(image|icon|kbd|btn|menu|pass|stem|latexmath|asciimath|indexterm|anchor):[^\s\[\]]{0,200}\[([^][]{0,500})\]"
)
_SHOWN_MACROS = frozenset({"kbd", "btn", "menu", "stem", "latexmath", "asciimath"})
_INDEX = re.compile(r"\(\(\([^()]{0,200}\)\)\)|\[\[[^][]{0,200}\]\]|\[\[\[([^][]{0,200})\]\]\]")
_SHOWN_INDEX = re.compile(r"\(\(([^()]{0,200})\)\)")
_ROLE = re.compile(r"\[[.#%][\w.#%-]{1,80}\](?=[*_`#])")
_DOUBLED = re.compile(r"(\*\*|__|``|##|\+\+\+?)(?=\S)(.{0,400}?\S)\1")
_MARKED = re.compile(r"(?<![\w*_`#+])([*_`#+])(?=\S)(.{0,400}?\S)\1(?![\w*_`#+])")
_RAISED = re.compile(r"[\^~](\S{1,60}?)[\^~]")
_ATTRIBUTE = re.compile(r"\{([\w-]{1,60})\}")
_BREAK = re.compile(r" \+$")
_ESCAPE = re.compile(r"\\(?=[*_`#\[{<])")
_SIGNS = (("(C)", "©"), ("(R)", "®"), ("(TM)", "™"), ("...", "…"), ("->", "→"), ("=>", "⇒"), (" -- ", " — "))
_BUILT_IN = {
    "nbsp": " ",
    "zwsp": "",
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "apos": "'",
    "quot": '"',
    "plus": "+",
    "sp": " ",
    "empty": "",
}
_LONGEST_VALUE = 300


class Words:
    """Removes markup, and knows the attributes that the document has defined so far."""

    def __init__(self) -> None:
        self._attributes = dict(_BUILT_IN)

    def define(self, name: str, value: str) -> None:
        """Define an attribute, which `{name}` stands for from here on."""
        self._attributes[name.lower()] = value[:_LONGEST_VALUE]

    def of(self, text: str) -> tuple[str, list[str]]:
        """Return the words of a line, and those of its footnotes."""
        notes = [self._plain(note) for note in _FOOTNOTE.findall(text)]
        return self._plain(_FOOTNOTE.sub("", text)), [note for note in notes if note]

    def _plain(self, text: str) -> str:
        text = _BREAK.sub("", text)
        text = _ATTRIBUTE.sub(lambda found: self._attributes.get(found[1].lower(), found[0]), text)
        text = _INDEX.sub(lambda found: f"[{found[1]}]" if found[1] else "", text)
        text = _LINK.sub(_linked, _SHOWN_INDEX.sub(r"\1", text))
        text = _REFERENCE.sub(lambda found: (found[2] or found[1]).strip(), text)
        text = _MACRO.sub(lambda found: found[2] if found[1] in _SHOWN_MACROS else "", text)
        text = _ROLE.sub("", text)
        for marks in (_DOUBLED, _MARKED, _MARKED):
            text = marks.sub(r"\2", text)
        text = _ESCAPE.sub("", _RAISED.sub(r"\1", text))
        for sign, character in _SIGNS:
            text = text.replace(sign, character)
        return text.strip()


def _linked(found: re.Match[str]) -> str:
    """Return the words of a link, else its address."""
    words = found[2].split(",")[0].rstrip("^").strip('"')
    return words or found[1]
