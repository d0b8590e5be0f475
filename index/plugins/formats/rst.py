"""Parses reStructuredText with docutils, the reference implementation, and keeps the words that a reader would see.

A document never reads another file: inclusion, raw passages and configuration files are off. Directives and roles that
docutils does not know, such as Sphinx's, keep their content.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from index.loading import plain_text
from index.loading.draft import Draft, source_lines
from index.loading.grid import Outline
from index.plugins.formats.manuscript import Manuscript
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.draft import Content

_ROLE = re.compile(r"(?<![\w`:]):([A-Za-z][\w.+:-]{0,40}):`([^`\n]{1,300})`")
_OWN_ROLES = frozenset(
    "emphasis strong literal code math subscript sub superscript sup title title-reference abbreviation acronym".split()
)
_TARGET = re.compile(r"\s*<[^<>]*>$")
_DIRECTIVE = re.compile(r"^[ \t]*\.\. +([A-Za-z][\w.+:-]{0,40})::", re.MULTILINE)
_LISTING_DIRECTIVES = frozenset(
    {"code-block", "sourcecode", "literalinclude", "doctest", "testcode", "highlight", "graphviz", "mermaid", "ipython"}
)
_UNSEEN_DIRECTIVES = frozenset(
    {"toctree", "index", "currentmodule", "module", "automodule", "autoclass", "autofunction", "only"}
)


def with_spoken_roles(text: str) -> str:
    """Return a text in which the roles that docutils does not know are replaced by the words that they show."""
    return _ROLE.sub(_spoken, text)


def _spoken(found: re.Match[str]) -> str:
    """Return the words of a role that docutils does not know: its text, without its target."""
    role, words = found[1].rpartition(":")[2], found[2]
    if found[1].lower() in _OWN_ROLES:
        return found[0]
    shown = _TARGET.sub("", words) or words.strip("<> ")
    shown = shown.rpartition(".")[2] if shown.startswith("~") else shown
    if role in {"ref", "doc", "term", "pep", "rfc", "numref", "any"}:
        return shown.replace("*", "\\*")
    return f"``{shown.lstrip('!')}``"


def learn_directives(text: str) -> None:
    """Make the directives of a text known that docutils has not: their content is prose, code or nothing."""
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives
    from docutils.parsers.rst.languages import en
    from docutils.statemachine import StringList

    class Container(Directive):  # type: ignore[misc]  # docutils states no types
        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True
        option_spec = None

        def run(self) -> list[Any]:
            """Return the argument, if it is prose, and the content."""
            kind = self.name.rpartition(":")[2]
            if kind in _UNSEEN_DIRECTIVES:
                return []
            text = "\n".join(self.content)
            if kind in _LISTING_DIRECTIVES:
                listing = nodes.literal_block(text, text)
                listing.line = self.content_offset + 1
                return [listing]
            container = nodes.container()
            begun = [*self.arguments[0].split("\n"), ""] if self.arguments else []
            source = self.content.source(0) if self.content else ""
            lines = [(source, self.lineno - 1 + n) for n in range(len(begun))]
            whole = StringList(begun, items=lines) + _without_options(self.content)
            self.state.nested_parse(whole, self.content_offset - len(begun), container)
            return [container]

    for name in set(_DIRECTIVE.findall(text)):
        lowered = name.lower()
        if lowered not in en.directives or lowered in _LISTING_DIRECTIVES:
            directives.register_directive(lowered, Container)


def _without_options(content: Any) -> Any:
    """Blank out the fields at the beginning of a content that are options of the directive."""
    for n, line in enumerate(content):
        if not line.strip():
            break
        if re.match(r":[\w-]+:", line):
            content[n] = ""
    return content


_SETTINGS = {
    "file_insertion_enabled": False, "raw_enabled": False, "_disable_config": True, "report_level": 5, "halt_level": 5,
    "warning_stream": False, "line_length_limit": 20_000, "syntax_highlight": "none", "doctitle_xform": True,
    "docinfo_xform": True, "sectsubtitle_xform": False, "smart_quotes": False, "auto_id_prefix": "id",
}  # fmt: skip
_UNSEEN = frozenset(
    {
        "comment",
        "target",
        "substitution_definition",
        "system_message",
        "raw",
        "image",
        "pending",
        "generated",
        "topic.contents",
        "meta",
    }
)
_LISTINGS = frozenset({"literal_block", "doctest_block", "math_block"})
_WORDS = frozenset({"paragraph", "rubric", "caption", "attribution", "line", "term"})
_MOST_CHARACTERS = 1_000_000
"""docutils reads about 20,000 characters a second on a busy machine. A longer file is read line by line."""
_DEEPEST_INDENT = 400
_NOT_PARSED = "docutils could not parse it, so it was read line by line as plain text."


def read(content: Content, name: str) -> Draft:
    """Return the text of a reStructuredText file; of one that docutils cannot parse, its lines, with a note."""
    text = "\n".join(source_lines(_without_odd_ends(content.text)))
    try:
        tree = _parse(text)
        reader = _Reader(text)
        reader.walk(tree, int(any(child.tagname == "title" for child in tree.children)))
    except _errors():
        plain = plain_text.read_structured(content, name)
        return Draft(plain.blocks, notes=(_NOT_PARSED,))
    title = one_line(tree.get("title", "")) or _first_title(tree)
    return Draft(reader.manuscript.blocks, title, reader.author, reader.date)


def _without_odd_ends(text: str) -> str:
    """Return the text without characters that docutils takes for line ends, so that lines keep their numbers."""
    return re.sub("[\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text.lstrip("\ufeff"))


def _errors() -> tuple[type[Exception], ...]:
    """Return the errors that docutils raises for damaged files."""
    from docutils.utils import SystemMessage

    return (
        SystemMessage,
        RecursionError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        AssertionError,
        NotImplementedError,
    )


def _parse(text: str) -> Any:
    from docutils.core import publish_doctree

    if len(text) > _MOST_CHARACTERS or re.search(rf"^[ \t]{{{_DEEPEST_INDENT}}}", text, re.MULTILINE):
        raise ValueError("too long or too deep for docutils")
    learn_directives(text)
    return publish_doctree(with_spoken_roles(text), settings_overrides=_SETTINGS)


def _first_title(tree: Any) -> str:
    """Return the title of the only top section, or of one at the very top."""
    from docutils import nodes

    sections = [child for child in tree.children if isinstance(child, nodes.section)]
    first = next((child for child in tree.children if child.tagname not in _UNSEEN), None)
    return one_line(sections[0][0].astext()) if sections and (len(sections) == 1 or first is sections[0]) else ""


class _Reader:
    """Walks through docutils' tree, which is as deep as the file's lists and quotations are nested."""

    def __init__(self, text: str) -> None:
        self.manuscript = Manuscript()
        self.author = ""
        self.date = ""
        self._readers = {
            **dict.fromkeys(_WORDS, self._paragraph),
            **dict.fromkeys(("footnote", "citation"), self._footnote),
            **dict.fromkeys(("field", "option_list_item"), self._field),
            "table": self._table,
            "docinfo": self._docinfo,
        }
        self._lines = [re.sub(r"[\W_]+", "", line) for line in text.split("\n")]

    def walk(self, node: Any, depth: int = 0) -> None:
        """Add what a node contains; `depth` is the number of sections around it."""
        for child in getattr(node, "children", ()):
            self._node(child, depth)
        self.manuscript.end()

    def _node(self, node: Any, depth: int) -> None:
        kind = node.tagname
        if kind in _UNSEEN or (kind == "topic" and "contents" in node.get("classes", ())):
            return
        if kind == "section":
            self.walk(node, depth + 1)
        elif kind in {"title", "subtitle"}:
            self.manuscript.heading(_words(node), max(1, depth + (kind == "subtitle")), self._number(node))
        elif kind in _LISTINGS:
            number = self._number(node)
            self.manuscript.listing(list(enumerate(node.astext().split("\n"), number)))
        elif kind in {"bullet_list", "enumerated_list"}:
            self.manuscript.end()
            self._list(node, depth, 0)
            self.manuscript.end()
        elif kind in self._readers:
            self._readers[kind](node)
        else:
            self.walk(node, depth)

    def _field(self, node: Any) -> None:
        self.manuscript.end()
        self.manuscript.words(": ".join(filter(None, map(_words, node.children))), self._number(node))
        self.manuscript.end()

    def _paragraph(self, node: Any) -> None:
        self.manuscript.end()
        self._add(node)
        self.manuscript.end()

    def _add(self, node: Any) -> None:
        """Add the words of a paragraph, line by line as they are in the file."""
        number = self._number(node)
        for line in _words(node).split("\n"):
            self.manuscript.words(line, number)
            number += 1

    def _footnote(self, node: Any) -> None:
        label = next((child.astext() for child in node.children if child.tagname == "label"), "")
        body = " ".join(_words(child) for child in node.children if child.tagname != "label")
        self.manuscript.end()
        self.manuscript.words(f"[{label}] {body}", self._number(node))
        self.manuscript.end()

    def _docinfo(self, node: Any) -> None:
        """Take author and date from the fields at the top."""
        for field in node.children:
            if field.tagname in {"author", "authors"}:
                self.author = self.author or ", ".join(map(one_line, map(_words, _leaves(field))))
            elif field.tagname == "date":
                self.date = iso_date(one_line(_words(field)))

    def _list(self, node: Any, depth: int, level: int) -> None:
        start = int(node.get("start", 1))
        for count, item in enumerate(node.children, start):
            mark = f"{count}." if node.tagname == "enumerated_list" else "-"
            begun = False
            for part in item.children:
                if part.tagname in {"bullet_list", "enumerated_list"}:
                    self._list(part, depth, level + 1)
                elif part.tagname == "paragraph" and not begun:
                    number = self._number(part)
                    first, *others = _words(part).split("\n")
                    self.manuscript.item(first, number, mark=mark, depth=level)
                    for offset, line in enumerate(others, 1):
                        self.manuscript.words(line, number + offset)
                    begun = True
                else:
                    self._node(part, depth)

    def _table(self, node: Any) -> None:
        number = self._number(node)
        caption = next((_words(child) for child in node.children if child.tagname == "title"), "")
        rows = [row for row in node.findall() if row.tagname == "row"]
        heads = sum(1 for row in rows if row.parent.tagname == "thead")
        texts = [[_words(cell) for cell in row.children] for row in rows]
        self.manuscript.table(texts, number, Outline(caption=caption, header_rows=heads or None))

    def _number(self, node: Any) -> int:
        """Return the line on which a node begins. docutils states one nearby, so its words are looked for there."""
        stated = next((part.line for part in _within(node) if getattr(part, "line", None)), None) or _line_above(node)
        words = re.sub(r"[\W_]+", "", _words(node).split("\n")[0])[:12]
        near = sorted(range(max(1, stated - 40), stated + 8), key=lambda number: abs(number - stated))
        found = (number for number in near if number <= len(self._lines) and words and words in self._lines[number - 1])
        return next(found, stated)


def _within(node: Any) -> Iterator[Any]:
    """Yield a node and the first nodes below it."""
    while node is not None:
        yield node
        node = next(iter(getattr(node, "children", ())), None)


def _line_above(node: Any) -> int:
    while node is not None:
        if getattr(node, "line", None):
            return int(node.line)
        node = getattr(node, "parent", None)
    return 1


def _leaves(field: Any) -> list[Any]:
    children = [child for child in field.children if getattr(child, "tagname", "") == "author"]
    return children or [field]


def _words(node: Any) -> str:
    """Return the words below a node; the replacement text of a picture is no part of a sentence."""
    if node.tagname in {"image", "system_message"}:
        return ""
    if node.tagname == "#text":
        return str(node.astext())
    if node.tagname in {"footnote_reference", "citation_reference"}:
        return f"[{node.astext()}]"
    separator = getattr(node, "child_text_separator", "")
    return str(separator.join(_words(child) for child in node.children))


FORMAT = Format(
    name="reStructuredText",
    kind="reStructuredText",
    endings="rst",
    media_types="text/x-rst",
    ending_decides="last",
    read="index.plugins.formats.rst:read",
    prose=False,
    place="line",
)
