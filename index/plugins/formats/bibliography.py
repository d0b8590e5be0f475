"""Parses references in BibTeX, RIS, EndNote and PubMed files: each entry with its key as place, and its abstract."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from index.loading import plain_text
from index.loading.draft import Block, Draft, paragraph, source_lines, verbatim
from index.plugins.formats.tex import plain
from index.records.file_kinds import Format
from index.text.dates import MONTHS
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.loading.draft import Content

_ENTRY = re.compile(r"@\s*([A-Za-z]+)\s*[{(]")
_FIELD = re.compile(r"\s*,?\s*([A-Za-z][\w:.+/-]*)\s*=\s*")
_KEY = re.compile(r"\s*([^,\s{}()=]*)\s*,")
_BARE = re.compile(r"[^\s,{}()\"#]+")
_JOIN = re.compile(r"\s*#\s*")
_OTHERS = frozenset({"comment", "preamble"})
_LONGEST = 100_000


def entries_of(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the key and the fields of each entry, the fields by their names in lower case."""
    names = {month[:3]: str(number) for month, number in MONTHS.items()}
    at = 0
    while found := _ENTRY.search(text, at):
        kind, at = found[1].lower(), found.end()
        if kind in _OTHERS:
            continue
        key = _KEY.match(text, at) if kind != "string" else None
        fields, at = _fields(text, key.end() if key else at, names)
        if kind == "string":
            names.update({name: value[:_LONGEST] for name, value in fields.items()})
        elif fields:
            yield (key[1] if key else ""), {name: plain(value) for name, value in fields.items()}


def _fields(text: str, at: int, names: dict[str, str]) -> tuple[dict[str, str], int]:
    """Return the fields that begin here, and where they end."""
    fields: dict[str, str] = {}
    while field := _FIELD.match(text, at):
        value, at = _value(text, field.end(), names)
        fields.setdefault(field[1].lower(), value)
    return fields, at


def _value(text: str, at: int, names: dict[str, str]) -> tuple[str, int]:
    """Return a value, joined of its parts, and where it ends."""
    parts: list[str] = []
    while True:
        part, at = _part(text, at, names)
        parts.append(part)
        join = _JOIN.match(text, at)
        if not join or sum(map(len, parts)) > _LONGEST:
            return "".join(parts), at
        at = join.end()


def _part(text: str, at: int, names: dict[str, str]) -> tuple[str, int]:
    opening = text[at : at + 1]
    if opening in {"{", '"'} and opening:
        end = _end(text, at, opening)
        return text[at + 1 : end], end + 1
    bare = _BARE.match(text, at)
    return (names.get(bare[0].lower(), bare[0]), bare.end()) if bare else ("", at)


def _end(text: str, at: int, opening: str) -> int:
    """Return the position of the mark that closes a value; values end after a fixed length at the latest."""
    depth = 0
    last = min(len(text), at + _LONGEST)
    for position in range(at + 1, last):
        character = text[position]
        if character == "{":
            depth += 1
        elif character == "}":
            if depth == 0 and opening == "{":
                return position
            depth -= 1
        elif character == '"' and opening == '"' and depth <= 0 and text[position - 1] != "\\":
            return position
    return last


BIBTEX = "text/x-bibtex"
RIS = "application/x-research-info-systems"
_BIBTEX_ENTRY = re.compile(
    r"(?:\s|%.*\n)*@\s*(?:article|book|inproceedings|misc|techreport|phdthesis|string|incollection)\s*[{(]",
    re.IGNORECASE,
)
_RIS_ENTRY = re.compile(r"(?:\ufeff|\s)*(?:TY  -|PMID-|%0 )")
_TAGGED = re.compile(r"(?:%([A-Z0-9])|([A-Z][A-Z0-9]{1,3})\s{0,2}-)(?:\s(.*)|$)")
_NAMES = {
    **dict.fromkeys(("title", "TI", "T1", "CT", "%T"), "title"),
    **dict.fromkeys(("author", "AU", "A1", "FAU", "%A"), "Authors"),
    **dict.fromkeys(("editor", "A2", "ED", "%E"), "Editors"),
    **dict.fromkeys(("year", "date", "PY", "Y1", "DP", "%D"), "Year"),
    **dict.fromkeys(("journal", "journaltitle", "booktitle", "T2", "JO", "JF", "JT", "%J", "%B"), "In"),
    **dict.fromkeys(("publisher", "PB", "%I"), "Publisher"),
    **dict.fromkeys(("volume", "VL", "VI", "%V"), "Volume"),
    **dict.fromkeys(("number", "issue", "IS", "IP", "%N"), "Number"),
    **dict.fromkeys(("pages", "PG", "%P"), "Pages"),
    **dict.fromkeys(("doi", "DO", "LID", "%R"), "DOI"),
    **dict.fromkeys(("url", "UR", "%U"), "Address"),
    **dict.fromkeys(("keywords", "KW", "OT", "%K"), "Keywords"),
    **dict.fromkeys(("abstract", "AB", "N2", "%X"), "abstract"),
    **dict.fromkeys(("note", "annote", "N1", "%Z"), "note"),
    **dict.fromkeys(("ID", "PMID", "%F"), "key"),
    **dict.fromkeys(("SP",), "First page"),
    **dict.fromkeys(("EP",), "Last page"),
}
_TEXTS = ("abstract", "note")
_NO_ENTRIES = "It has no references that can be told apart, so it was read line by line as plain text."
_JOINED = {"Authors": "; ", "Editors": "; ", "Keywords": ", "}


@dataclass(slots=True)
class _Entry:
    """An entry: its key, and its values by the names that readers know."""

    key: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        """Add a value; a field without a name that readers know is left out."""
        known = _NAMES.get(name, "")
        if known == "key":
            self.key = self.key or one_line(value)
        elif known and value.strip():
            self.values.setdefault(known, []).append(value.strip())


def read(content: Content, name: str) -> Draft:
    """Return the entries of a file of references. A file without an entry is read line by line, with a note."""
    bibtex = content.media_type == BIBTEX
    entries = _bibtex(content.text) if bibtex else _tagged(source_lines(content.text))
    blocks = [block for number, entry in enumerate(entries, 1) for block in _blocks(entry, number)]
    return Draft(blocks) if blocks else Draft(plain_text.read_structured(content, name).blocks, notes=(_NO_ENTRIES,))


def _bibtex(text: str) -> Iterator[_Entry]:
    for key, values in entries_of(text):
        entry = _Entry(key)
        for name, value in values.items():
            parts = re.split(r"\s+and\s+", value) if name in {"author", "editor"} else [value]
            for part in parts:
                entry.add(name, part)
        yield entry


def _tagged(lines: Iterable[str]) -> Iterator[_Entry]:
    """Yield the entries of a file whose lines begin with a tag; an indented line continues the one before it."""
    entry, tag, value = _Entry(), "", ""
    for line in [*lines, "ER  - "]:
        found = _TAGGED.match(line)
        if not found:
            value += f" {line.strip()}" if line.strip() else ""
            continue
        entry.add(tag, value)
        tag = f"%{found[1]}" if found[1] else found[2]
        value = found[3] or ""
        if tag in {"TY", "PMID", "%0", "ER"}:
            if entry.values:
                yield entry
            entry = _Entry()


def _blocks(entry: _Entry, number: int) -> Iterator[Block]:
    """Yield the title of an entry as a heading, a line for each of its fields, and its texts."""
    title = " ".join(entry.values.get("title", ()))
    lines = [
        f"{name}: {one_line(_JOINED.get(name, ', ').join(values))}"
        for name, values in entry.values.items()
        if name not in {"title", *_TEXTS}
    ]
    texts = [paragraph(" ".join(entry.values[name])) for name in _TEXTS if name in entry.values]
    head = [paragraph(one_line(title), 1)] if has_words(title) else []
    blocks = [*head, verbatim("\n".join(lines)), *texts]
    place = (0, entry.key or f"record {number}", 1)
    for count, block in enumerate(block for block in blocks if has_words(block.text)):
        yield replace(block, places=(place,)) if count == 0 else block


FORMATS = (
    Format(
        name="BibTeX",
        kind="References",
        endings="bib",
        media_types=f"{BIBTEX} application/x-bibtex",
        looks_at="text",
        rank=60,
        recognise=lambda head, _: BIBTEX if _BIBTEX_ENTRY.match(head.beginning) else None,
        ending_decides="last",
        read="index.plugins.formats.bibliography:read",
        prose=False,
        place="record",
        form="record",
    ),
    Format(
        name="RIS, EndNote, PubMed",
        kind="References",
        endings="ris enw nbib",
        media_types=RIS,
        looks_at="text",
        rank=60,
        recognise=lambda head, _: RIS if _RIS_ENTRY.match(head.beginning) else None,
        ending_decides="last",
        read="index.plugins.formats.bibliography:read",
        prose=False,
        place="record",
        form="record",
    ),
)
