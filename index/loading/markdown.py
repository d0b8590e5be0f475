"""Parses Markdown: words without markup, headings as landmarks, and title, author and date from the front matter."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from index.loading.draft import Block, Draft, paragraph, rows, verbatim
from index.loading.metadata import author_of, date_of
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.tree import SyntaxTreeNode

    from index.loading.draft import Content

_NEWLINE = re.compile(r"\r\n?")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"([A-Za-z][\w-]*)[ \t]*:(.*)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")
_HIDING = re.compile(r"<!--|<script\b|<style\b", re.IGNORECASE)
_SHOWING = {
    "<!--": re.compile("-->"),
    "<script": re.compile(r"</script\s*>", re.IGNORECASE),
    "<style": re.compile(r"</style\s*>", re.IGNORECASE),
}
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_BREAK_TAG = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h\d)>", re.IGNORECASE)
_INDENT = "  "
_HEAD_BLOCKS = 4
"""The title, and the lines below it that may name the author and the date."""


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Parse CommonMark with tables, and keep the text that a reader would see."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    fields, body = front_matter(_NEWLINE.sub("\n", content.text.lstrip("\ufeff")))
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    blocks = [block for block in _blocks(SyntaxTreeNode(parser.parse(body))) if block.text]
    head = [line for block in blocks[:_HEAD_BLOCKS] if not block.level for line in block.text.split("\n")]
    author = fields.get("author", "") or fields.get("authors", "") or author_of(head)
    return Draft(
        blocks,
        title=fields.get("title", "") or _title(blocks),
        author=author,
        date=iso_date(fields.get("date", "")) or date_of(head, author),
    )


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """Return the front matter, which is `key: value` lines between two rules at the very top, and the text after it.

    It supports the simple part of YAML that front matter uses: quoted or bare values, and lists of words.
    """
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text
    fields: dict[str, str] = {}
    key = ""
    for line in match.group(1).splitlines():
        pair, item = _KEY.match(line), _ITEM.match(line)
        if pair:
            key = pair.group(1).lower()
            fields[key] = _value(pair.group(2))
        elif item and key:
            fields[key] = ", ".join(filter(None, (fields[key], _value(item.group(1)))))
    return fields, text[match.end() :]


def _value(raw: str) -> str:
    raw = raw.strip()
    if raw.startswith("[") and raw.endswith("]"):
        return ", ".join(_plain(part.strip(" \t[]")) for part in raw[1:-1].split(","))
    return _plain(raw)


def _plain(raw: str) -> str:
    quoted = re.match(r"""(["'])(.*)\1""", raw)
    return quoted.group(2) if quoted else re.sub(r"\s+#.*", "", raw)


def _title(blocks: list[Block]) -> str:
    """Return the first-level heading at the top, or the only first-level heading."""
    highest = [block.text for block in blocks if block.level == 1]
    at_top = bool(blocks) and blocks[0].level == 1
    return one_line(highest[0]) if at_top or len(highest) == 1 else ""


def _blocks(node: SyntaxTreeNode) -> Iterator[Block]:
    for child in node.children:
        if child.type == "heading":
            yield paragraph(_inline(child), int(child.tag[1:]))
        elif child.type == "paragraph":
            yield paragraph(_inline(child))
        elif child.type in {"fence", "code_block"}:
            yield verbatim(child.content)
        elif child.type == "html_block":
            yield from map(paragraph, _without_tags(child.content).split("\n\n"))
        elif child.type == "table":
            yield rows([_inline(cell) for cell in row.children] for part in child.children for row in part.children)
        elif child.type in {"bullet_list", "ordered_list"}:
            yield from _list(child)
        else:
            yield from _blocks(child)


def _list(node: SyntaxTreeNode) -> Iterator[Block]:
    """Yield a tight list as one block with one line per item. Other contents of an item are separate blocks."""
    lines: list[str] = []
    for line in _items(node, 0):
        if isinstance(line, str):
            lines.append(line)
            continue
        if lines:
            yield verbatim("\n".join(lines))
        lines = []
        if line is not None:
            yield line
    if lines:
        yield verbatim("\n".join(lines))


def _items(node: SyntaxTreeNode, depth: int) -> Iterator[str | Block | None]:
    """Yield the lines of a list, the blocks between them, and None where the author left a blank line."""
    number = int(node.attrs.get("start", 1))
    for item in node.children:
        mark = "- " if node.type == "bullet_list" else f"{number}. "
        number += 1
        for child in item.children:
            if child.type == "paragraph":
                yield f"{_INDENT * depth}{mark}{paragraph(_inline(child)).text}"
                if not child.hidden:
                    yield None
            elif child.type in {"bullet_list", "ordered_list"}:
                yield from _items(child, depth + 1)
            else:
                yield from _blocks_of(child)
            mark = _INDENT


def _blocks_of(node: SyntaxTreeNode) -> Iterator[Block]:
    from markdown_it.tree import SyntaxTreeNode as Tree

    yield from _blocks(Tree([*node.to_tokens()]))


def _inline(node: SyntaxTreeNode) -> str:
    return "".join(_words(part) for part in node.children)


def _words(node: SyntaxTreeNode) -> str:
    if node.type in {"text", "code_inline"}:
        return str(node.content)
    if node.type == "softbreak":
        return " "
    if node.type == "hardbreak":
        return "\n"
    if node.type == "html_inline":
        return "\n" if _BREAK_TAG.fullmatch(node.content) else ""
    if node.type == "image":
        return ""
    return _inline(node)


def _without_tags(markup: str) -> str:
    """Return the words of HTML within Markdown. Such HTML is mostly a picture or a centred line."""
    return unescape(_TAG.sub("", _BREAK_TAG.sub("\n\n", _shown(markup))))


def _shown(markup: str) -> str:
    """Return the markup without comments, scripts and styles.

    A comment, script or style that never ends is kept; its end is searched for only once.
    """
    shown, at, endless = [], 0, set()
    for opening in _HIDING.finditer(markup):
        kind = opening[0].lower()
        if opening.start() < at or kind in endless:
            continue
        if end := _SHOWING[kind].search(markup, opening.end()):
            shown.append(markup[at : opening.start()])
            at = end.end()
        else:
            endless.add(kind)
    return "".join([*shown, markup[at:]])
