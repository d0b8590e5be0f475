"""Which files of Gradio's front end the page needs: they are requested earlier, and their stylesheets as one file.

Gradio loads its parts in three steps, each of which names the files of the next one. The lists are in its scripts. If a
later Gradio writes them differently, nothing is found, and the page loads as Gradio loads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import gradio

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_FOLDER = Path(gradio.__file__).parent / "templates" / "frontend"
ASSETS = _FOLDER / "assets"
_ENTRY = re.compile(r'src="\./assets/(index-[\w-]+\.js)"')
_FILES = re.compile(r"m\.f=\[([^\]]*)\]")
"""The files that a script may load, in the order of their numbers."""
_IMPORT = re.compile(
    r"(?:(?P<component>\w+):\{)?(?:\w+:)?(?:\(\)=>|\b)\w+\((?:async)?\(\)=>(?:\{let\{default:e\}=await )?"
    r"import\(`\./(?P<script>[\w-]+\.js)`\).{0,40}?,__vite__mapDeps\(\[(?P<numbers>[\d,]*)\]\)"
)
"""The import of a script with the numbers of the files that it needs, and the component that it belongs to."""
_FIRST = ("Index-", "core-", "Blocks-")
"""Scripts that every page loads."""
_LATER = frozenset({"checkboxgroup", "dropdown", "radio"})
"""Components that are shown later, if at all: their stylesheets are included, but not their scripts."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Names of files, in the order in which they are needed."""

    entry: str = ""
    """The first script."""
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    def stylesheet(self) -> bytes:
        """Return all stylesheets as one."""
        return b"\n".join((ASSETS / name).read_bytes() for name in self.styles)


class FrontEnd:
    """The front end of the installed Gradio."""

    def needs(self, components: Collection[str]) -> Needs:
        """Return what a page with these components needs."""
        first = [name for script in self._opening for name in script]
        shown = [name for one in components if one not in _LATER for name in self._components.get(one, ())]
        later = [name for one in components if one in _LATER for name in self._components.get(one, ())]
        if not first or not shown:
            return Needs()
        scripts = [name for name in (*first, *shown) if name.endswith(".js") and name != self._entry]
        styles = [name for name in (*first, *shown, *later) if name.endswith(".css") and _is_movable(name)]
        return Needs(self._entry, tuple(dict.fromkeys(scripts)), tuple(dict.fromkeys(styles)))

    @cached_property
    def _entry(self) -> str:
        found = _ENTRY.search((_FOLDER / "index.html").read_text("utf-8"))
        return found[1] if found else ""

    @cached_property
    def _opening(self) -> list[tuple[str, ...]]:
        """The files of the scripts that every page loads."""
        if not self._entry:
            return []
        begun = [files for _, script, files in _imports(self._entry) if script.startswith(_FIRST)]
        inner = [script for files in begun for script in files if script.startswith("Index-")]
        blocks = (one for script in inner if script.endswith(".js") for one in _imports(script))
        return [*begun, *[files for _, script, files in blocks if script.startswith("Blocks-")]]

    @cached_property
    def _components(self) -> dict[str, tuple[str, ...]]:
        """The files of each component by its name."""
        core = next(ASSETS.glob("core-*.js"), None)
        found: dict[str, tuple[str, ...]] = {}
        name = ""
        for component, _, files in _imports(core.name) if core else ():
            name = component or name
            found[name] = (*found.get(name, ()), *files)
        return found


def _imports(script: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each import of a script: its component, if it begins one, the imported script, and its files."""
    text = (ASSETS / script).read_text("utf-8")
    listed = _FILES.search(text)
    names = re.findall(r'"\./([^"]+)"', listed[1]) if listed else []
    for found in _IMPORT.finditer(text):
        numbers = [int(number) for number in found["numbers"].split(",") if number]
        yield found["component"] or "", found["script"], tuple(names[number] for number in numbers)


def _is_movable(name: str) -> bool:
    """Return whether a stylesheet may be served at another address: it refers to no other file."""
    return b"url(" not in (ASSETS / name).read_bytes().replace(b"url(data:", b"").replace(b"url(#", b"")
