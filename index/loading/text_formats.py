"""Recognises formats that are written as text: subtitles, notebooks, markup, data, references, manual pages."""

from __future__ import annotations

import json
import re
from typing import Any

FLAT_ODT = "application/vnd.oasis.opendocument.text"
"""The same type as that of an OpenDocument text in a zip archive."""
ORG = "text/org"
TEX = "text/x-tex"
RST = "text/x-rst"
ASCIIDOC = "text/asciidoc"
MAN = "text/troff"
SUBRIP = "application/x-subrip"
WEBVTT = "text/vtt"
SSA = "text/x-ssa"
SBV = "text/x-sbv"
NOTEBOOK = "application/x-ipynb+json"
JSON = "application/json"
JSON_LINES = "application/x-ndjson"
XML_DATA = "application/xml"
XML_TEXT = "text/xml"
SVG = "image/svg+xml"
BIBTEX = "text/x-bibtex"
RIS = "application/x-research-info-systems"
READERS = {
    ORG: "markup.org",
    TEX: "markup.tex",
    RST: "markup.rst",
    ASCIIDOC: "markup.asciidoc",
    MAN: "markup.man_page",
    **dict.fromkeys((SUBRIP, WEBVTT, SSA, SBV), "subtitles"),
    NOTEBOOK: "notebook",
    **dict.fromkeys((JSON, JSON_LINES), "data.json_data"),
    XML_DATA: "data.xml_data",
    **dict.fromkeys((XML_TEXT, SVG), "xml_document"),
    **dict.fromkeys((BIBTEX, RIS), "data.bibliography"),
}
"""The module under `index.loading` that reads each media type."""
_BY_SUFFIX = {
    ".srt": SUBRIP, ".vtt": WEBVTT, ".ass": SSA, ".ssa": SSA, ".sbv": SBV, ".ipynb": NOTEBOOK, ".json": JSON,
    ".geojson": JSON, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES,
}  # fmt: skip
_HEAD = 4096
_LONG_HEAD = 40_000
"""A manual page may begin with its licence, or with definitions that a program wrote."""
_SAMPLE = 200_000
_JSON_LIMIT = 5_000_000
_JSON = re.compile(r"\s*[\[{]")
_XML = re.compile(
    r"\s*(?P<declared><\?xml\b(?>.*?\?>))?(?:\s|<!--(?>.*?-->)|<\?(?>.*?\?>)|<!DOCTYPE(?>[^\[>]*(?:\[(?>.*?\]\s*>)|>)))*+"
    r"<(?:[\w.-]+:)?(?P<root>[A-Za-z_][\w.-]*)",
    re.DOTALL,
)
_TEXTS = frozenset(
    {"TEI", "TEI.2", "teiCorpus", "book", "chapter", "refentry", "FictionBook", "topic", "concept", "task", "dita"}
)
"""The root elements of texts; those of articles and sections are common in data, too."""
_LEAF = re.compile(r">\s*[^<\s][^<]*</")
_MIXED = re.compile(r">[^<]*[^<\s][^<]*<[A-Za-z]")
_MIXED_SHARE = 0.05
_SUBTITLES = re.compile(r"WEBVTT(?:\s|$)|\[Script Info\]", re.IGNORECASE)
_TIMES = re.compile(
    r"\s*(?:\d{1,4}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?\s*-{1,3}>\s*(?:\d{1,4}:)?\d{1,2}:\d{1,2}"
    r"|\s*\d{1,2}:\d{2}:\d{2}\.\d{3},\d{1,2}:\d{2}:\d{2}\.\d{3}\s*$"
)
_RIS = re.compile(r"(?:\ufeff|\s)*(?:TY  -|PMID-|%0 )")
_ROFF = re.compile(r"\ufeff?\s*(?:[.'][ \t]*(?:\\\"|#|[A-Za-z]{1,3}\b|$)|\\\"|\\$)", re.MULTILINE)
_MAN_TITLE = re.compile(r"^[.'][ \t]*(TH|Dd)\b", re.MULTILINE)
_FLAT_TEXT = re.compile(r"mimetype=[\"']application/vnd\.oasis\.opendocument\.text")
_TEX = re.compile(r"^[ \t]*\\(?:documentclass|documentstyle|begin\{document\})", re.MULTILINE)
_BIBTEX = re.compile(
    r"(?:\s|%.*\n)*@\s*(?:article|book|inproceedings|misc|techreport|phdthesis|string|incollection)\s*[{(]",
    re.IGNORECASE,
)


def media_type(text: str, suffix: str) -> str:
    """Return the media type of a text in one of these formats; "" for any other.

    The content decides; the suffix (lower case, with the dot) decides where it says nothing.
    """
    head = text[:_HEAD].lstrip("\ufeff").replace("\r\n", "\n")
    return (
        _of_xml(text, suffix)
        or _of_json(text, suffix)
        or _of_subtitles(head)
        or (MAN if _is_man_page(text[:_LONG_HEAD].replace("\r\n", "\n")) else "")
        or (TEX if _TEX.search(head) and suffix not in {".sty", ".cls"} else "")
        or (BIBTEX if _BIBTEX.match(head) else "")
        or (RIS if _RIS.match(head) else "")
        or _BY_SUFFIX.get(suffix, "")
    )


def _of_xml(text: str, suffix: str) -> str:
    found = _XML.match(text[:_SAMPLE].lstrip("\ufeff"))
    if not found or not (found["declared"] or found["root"] == "svg" or suffix == ".xml"):
        return ""
    if found["root"] == "svg":
        return SVG
    if found["root"] == "document" and _FLAT_TEXT.search(text[:_LONG_HEAD]):
        return FLAT_ODT
    return XML_TEXT if found["root"] in _TEXTS or _is_mixed(text[:_SAMPLE]) else XML_DATA


def _is_mixed(xml: str) -> bool:
    """Return whether words stand beside elements, as in a text, and not only within elements, as in data."""
    mixed = sum(1 for _ in _MIXED.finditer(xml))
    return mixed > 1 and mixed >= _MIXED_SHARE * sum(1 for _ in _LEAF.finditer(xml))


def _of_json(text: str, suffix: str) -> str:
    """Return the type of a text that is JSON, whatever its suffix; the suffix says it of files that are too long."""
    if (
        suffix in {".json", ".geojson", ".jsonl", ".ndjson", ".ipynb"}
        or not _JSON.match(text)
        or len(text) > _JSON_LIMIT
    ):
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return NOTEBOOK if is_notebook(value) else JSON


def _of_subtitles(head: str) -> str:
    if not _is_subtitles(head):
        return ""
    if head.upper().startswith("WEBVTT"):
        return WEBVTT
    return SSA if head.startswith("[") else SBV if "-->" not in head[:200] else SUBRIP


def _is_subtitles(head: str) -> bool:
    """Return whether a text begins like subtitles of any of the four kinds: with its name, or with a line of times."""
    if _SUBTITLES.match(head):
        return True
    lines = [line for line in head.split("\n", 4)[:3] if line.strip()]
    first = lines[1:2] if lines and lines[0].strip().isdecimal() else lines[:1]
    return any(map(_TIMES.match, first))


def _is_man_page(head: str) -> bool:
    """Return whether a text begins with a request or a comment in roff, and has the title of a manual page."""
    return bool(_ROFF.match(head) and _MAN_TITLE.search(head))


def is_notebook(value: Any) -> bool:
    """Return whether JSON has the outline of a notebook."""
    return isinstance(value, dict) and "nbformat" in value and ("cells" in value or "worksheets" in value)
