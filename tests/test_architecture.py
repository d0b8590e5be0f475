"""The structure of the package as docs/architecture.md describes it: its tree, its sizes, and no import cycle."""

from __future__ import annotations

import ast
import functools
import re
import statistics
from collections import Counter
from typing import TYPE_CHECKING

from tests.reference import LEDGER, MISSING_REASON, ROOT, ledger, modules, parsed, sizes, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MAX_PAGE_LINES = 300
MAX_MODULE_LINES = 650
LISTS = {"index.errors", "index.library.library"}
"""Modules that are read as a list, one small class or public method after the other, and may be longer."""
MEDIAN_FUNCTION_LINES = 7
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def name_of(path: Path) -> str:
    """Return the dotted name of a module or package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def syntax_trees() -> dict[str, ast.Module]:
    """Return the syntax tree of every module and package, by its dotted name."""
    return {name_of(path): parsed(path) for path in (ROOT / "index").rglob("*.py")}


def imported(nodes: Iterable[ast.AST], names: set[str]) -> Iterator[str]:
    """Yield the modules of index that are imported by these statements of a module."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in names else node.module


@functools.cache
def imports_of_modules() -> dict[str, set[str]]:
    """Return the names of the modules of index that each module imports when it is imported itself."""
    trees = syntax_trees()
    return {name: set(imported(tree.body, set(trees))) & trees.keys() - {name} for name, tree in trees.items()}


def cycle_from(name: str, imports: dict[str, set[str]], path: tuple[str, ...], done: set[str]) -> tuple[str, ...]:
    """Return a cycle of imports that is reached from a module, or nothing."""
    if name in path:
        return (*path[path.index(name) :], name)
    if name in done:
        return ()
    for other in sorted(imports.get(name, ())):
        if found := cycle_from(other, imports, (*path, name), done):
            return found
    done.add(name)
    return ()


def test_documented_tree_matches_the_folders() -> None:
    """The page lists each package and module with its purpose, and nothing else."""
    assert f"{tree()}<!-- end -->" in (ROOT / "docs" / "modules.md").read_text(encoding="utf-8")


def test_page_can_be_read_at_once() -> None:
    """The page explains; the lists of modules are a page of their own."""
    assert len(PAGE.splitlines()) <= MAX_PAGE_LINES


def test_documented_paths_exist() -> None:
    """Each file, folder and module that the page names exists."""
    paths = re.findall(r"`(index/[a-z_/.]+)`", PAGE)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    rooms = {path.name for path in (ROOT / "index").iterdir()}
    named = {name for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", PAGE) if name.split(".")[0] in rooms}
    places = {name: ROOT / "index" / name.replace(".", "/") for name in named}
    assert [name for name, path in places.items() if not (path.is_dir() or path.with_suffix(".py").exists())] == []


def test_drawing_matches_the_import_contract() -> None:
    """The drawing has the same packages on the same layers as the contract of import-linter."""
    drawing = PAGE.split("\n\n    plugins", 1)[1].split("\n\n", 1)[0]
    rooms = [re.findall(r"[a-z]+", line[:57]) for line in f"    plugins{drawing}".splitlines()]
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split('containers = ["index"]', 1)[1]
    layers = re.findall(r'^    "([a-z |]+)",$', contract.split("]\n", 1)[0], re.MULTILINE)
    assert rooms == [re.findall(r"[a-z]+", layer) for layer in layers]


def test_ledger_is_true_and_each_rise_has_a_reason() -> None:
    """The ledger has today's modules and lines of each room, and the writer's placeholder is replaced by a reason."""
    text = LEDGER.read_text(encoding="utf-8")
    assert ledger(text) == text, "run: python -m tests.reference"
    assert MISSING_REASON not in text
    larger = text.replace(f"text = [{', '.join(map(str, sizes()['text']))}]", "text = [1, 1]")
    assert MISSING_REASON in ledger(larger)


def test_module_names_are_unique() -> None:
    """A module can be found by its name alone."""
    counts = Counter(path.stem for path in modules())
    assert {stem: count for stem, count in counts.items() if count > 1} == {}


def test_modules_and_functions_are_short() -> None:
    """The longest module and the median function have a limit."""
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > MAX_MODULE_LINES and name not in LISTS} == {}
    functions = [node for module in syntax_trees().values() for node in ast.walk(module) if isinstance(node, FUNCTIONS)]
    assert statistics.median((node.end_lineno or 0) - node.lineno + 1 for node in functions) <= MEDIAN_FUNCTION_LINES


def test_each_module_begins_with_a_short_purpose() -> None:
    """The first paragraph of a module's docstring fits on two lines."""
    for name, module in syntax_trees().items():
        first = (ast.get_docstring(module) or "").partition("\n\n")[0]
        assert 0 < len(first) <= 240, name


def test_modules_have_no_import_cycle() -> None:
    """No module imports itself through other modules at import time."""
    imports = imports_of_modules()
    done: set[str] = set()
    assert [cycle for name in sorted(imports) if (cycle := cycle_from(name, imports, (), done))] == []


def test_no_two_modules_import_each_other() -> None:
    """Of two modules, one is the lower one: the other imports it, also where an import is late or for types only."""
    trees = syntax_trees()
    imports = {name: set(imported(ast.walk(tree), set(trees))) - {name} for name, tree in trees.items()}
    assert [(a, b) for a in sorted(imports) for b in sorted(imports[a]) if a < b and a in imports.get(b, ())] == []


NAMED_ROOMS = ("backup", "citations", "cli", "encoders", "library", "loading", "records", "storage", "views")
ADJECTIVES = re.compile(
    r"_?(MOST|FEWEST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST|DEEPEST|WIDEST|NEAREST|FEW|MANY|LONG|SHORT|LARGE|SMALL|FAR|NEAR)"
    r"|_?(MOST|FEWEST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST|DEEPEST|WIDEST|NEAREST)_.*"
)


def test_constants_are_nouns() -> None:
    """A limit says what it limits, and in which unit: `MAX_CELL_CHARACTERS`, not `LONGEST`."""
    names = [
        (path.name, target.id)
        for room in NAMED_ROOMS
        for path in (ROOT / "index" / room).rglob("*.py")
        for target in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store) and target.id.isupper()
    ]
    assert [name for name in names if ADJECTIVES.fullmatch(name[1])] == []
