"""What Sphinx and other programs add to reStructuredText: roles and directives that docutils alone does not know."""

from __future__ import annotations

import re
from typing import Any

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
