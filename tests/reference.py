"""Writes the reference tables of docs/ from the program: `python -m tests.reference`.

A table is between the lines `<!-- NAME: written by python -m tests.reference -->` and `<!-- end -->`. The text
around it is written by hand. `tests/test_docs.py` fails if a table differs from the program.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import typer
from mcp import Client

from index.cli import app
from index.cli.options import shared_options
from index.library.library import Library
from index.page import create_app
from index.records.file_kinds import Format, formats
from index.server.http import problems
from index.settings import Settings
from index.text.query import SYNTAX
from tests.fakes import FakeEncoder
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.errors import PinciteError

ROOT = Path(__file__).parents[1]
LEDGER = ROOT / "docs" / "budget.toml"
MISSING_REASON = "say what users get for it, and what was taken out for it"
BLOCK = re.compile(
    r"(?P<begin><!-- (?P<name>\w+): written by python -m tests\.reference -->\n)(?P<table>.*?)(?P<end><!-- end -->)",
    re.DOTALL,
)


def main() -> None:
    """Write all tables again."""
    written = tables()
    LEDGER.write_text(ledger(LEDGER.read_text(encoding="utf-8")), "utf-8")
    for page in pages():
        text = page.read_text(encoding="utf-8")
        page.write_text(BLOCK.sub(lambda found: found["begin"] + written[found["name"]] + found["end"], text), "utf-8")


def ledger(text: str) -> str:
    """The ledger of the rooms with today's numbers. A reason stays beside its number until the number rises again."""
    head, *entries = re.split(r"^(?=\w+ = \[)", text, flags=re.MULTILINE)
    found = re.findall(r"(\w+) = \[\d+, (\d+)\](.*)", "".join(entries))
    old = {room: (int(lines), reason.strip()) for room, lines, reason in found}
    written = []
    for room, (count, lines) in sizes().items():
        before, reason = old.get(room, (0, ""))
        if lines > before:
            reason = f"# +{lines - before}: {MISSING_REASON}"
        written.append(f"{room} = [{count}, {lines}]  {reason}".rstrip() + "\n")
    return head + "".join(written)


def sizes() -> dict[str, tuple[int, int]]:
    """The number of modules, and of lines in all files, of each room: a package or a module directly under index/."""
    rooms: dict[str, list[Path]] = {}
    for path in sorted((ROOT / "index").rglob("*.py")):
        rooms.setdefault(path.relative_to(ROOT / "index").with_suffix("").parts[0], []).append(path)
    rooms.pop("__init__")
    return {
        room: (
            sum(path.name != "__init__.py" for path in paths),
            sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths),
        )
        for room, paths in rooms.items()
    }


def pages() -> list[Path]:
    """The README and everything under docs/, as paths."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def without_tables(text: str) -> str:
    """The hand-written part of a page."""
    return BLOCK.sub("", text)


def tables() -> dict[str, str]:
    """Every table as Markdown, by the name in its first line."""
    schema, tools = served()
    return {
        "operators": table(("operator", "what it does"), ((code(form), meaning) for form, meaning in SYNTAX)),
        "commands": commands(),
        "routes": table(("route", "what it does", "query"), routes(schema)),
        "problems": table(("status", "type", "title"), sorted(map(problem, problems.KINDS))),
        "tools": table(("tool", "what it does", "arguments"), map(tool, tools)),
        "tree": tree(),
        "formats": table(("format", "endings", "a citation's place"), sorted(map(format_row, formats()))),
    }


def tree() -> str:
    """Every package and every module of index/, each with the first sentence or line of its docstring."""
    lines = []
    for folder in sorted({path.parent for path in modules()}):
        name = folder.relative_to(ROOT).as_posix()
        lines += [f"\n**`{name}/`** {purpose(folder / '__init__.py')}\n\n"]
        lines += [f"- `{path.stem}` {purpose(path)}\n" for path in modules() if path.parent == folder]
    return "".join(lines)


def modules() -> list[Path]:
    """All modules of index/ except the packages themselves."""
    return sorted(path for path in (ROOT / "index").rglob("*.py") if path.name != "__init__.py")


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def purpose(path: Path) -> str:
    """The first paragraph of a module's docstring, on one line."""
    docstring = ast.get_docstring(parsed(path)) or ""
    return flat(docstring.partition("\n\n")[0])


def served() -> tuple[Any, Sequence[Any]]:
    """The OpenAPI document and the MCP tools of a running server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "library", Settings(), encoder=FakeEncoder()) as library,
        hosted(create_app(library, Settings())) as address,
    ):
        return httpx.get(f"{address}/openapi.json", timeout=30).json(), asyncio.run(offered(address))


async def offered(address: str) -> Sequence[Any]:
    """The tools that an MCP server lists."""
    async with Client(f"{address}/mcp") as assistant:
        return (await assistant.list_tools()).tools


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with one line for each row."""
    ruled = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(flat(cell) for cell in row)} |\n".replace("| --- ", "|---") for row in ruled)


def flat(cell: str) -> str:
    """A cell's text on one line, with its vertical bars escaped."""
    return " ".join(cell.split()).replace("|", r"\|")


def code(text: str) -> str:
    """Format text as code."""
    return f"`{text}`"


def commands() -> str:
    """A section for the shared options and one for each command: usage, help, options and example."""
    program = typer.main.get_command(app.app)
    context: Any = typer.Context(program, info_name="pincite")
    own = [option for option in program.params if option.name not in {shared.name for shared in shared_options()}]
    parts = ["\n## Options of every command\n\n", options(shared_options(), context)]
    parts += ["\n## Options of the program\n\n", options(own, context)]
    parts += [section(name, command) for name, command in program.commands.items()]  # type: ignore[attr-defined]
    return "".join(parts)


def section(name: str, command: Any, level: str = "##") -> str:
    """What `pincite NAME --help` says, as Markdown; below a group, also what its commands say."""
    context: Any = typer.Context(command, info_name=name)
    shared = {option.name for option in shared_options()}
    own = [option for option in command.get_params(context) if option.name not in {*shared, "help"}]
    usage = " ".join(["pincite", name, *command.collect_usage_pieces(context)])
    rows = f"{options(own, context)}\n" if own else ""
    parts = [section(f"{name} {inner}", one, f"{level}#") for inner, one in getattr(command, "commands", {}).items()]
    text = f"\n{level} pincite {name}\n\n    {usage}\n\n{command.help}\n\n{rows}{command.epilog}\n"
    return text + "".join(parts)


def options(parameters: Iterable[Any], context: Any) -> str:
    """A table of arguments and options with their help texts."""
    records = (parameter.get_help_record(context) for parameter in parameters)
    return table(("option", "meaning"), ((code(record[0]), record[1]) for record in records if record))


def routes(schema: Any) -> Iterable[tuple[str, str, str]]:
    """A row for each route of an OpenAPI document."""
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            query = [parameter["name"] for parameter in route.get("parameters", ()) if parameter["in"] == "query"]
            yield code(f"{method.upper()} {path}"), route["summary"], ", ".join(map(code, query))


def problem(kind: type[PinciteError]) -> tuple[str, str, str]:
    """A row for a class of errors, as the service reports it."""
    error = kind.__new__(kind)  # no arguments: only its class decides what is looked at here
    error.message = ""
    reported = problems.problem_from_error(error, request_id="")
    return str(int(reported.status)), code(reported.type.rpartition(":")[2]), reported.title


def format_row(each: Format) -> tuple[str, str, str]:
    """A row for a format."""
    return each.name, ", ".join(code(f".{ending}") for ending in each.endings.split()), each.place


def tool(description: Any) -> tuple[str, str, str]:
    """A row for an MCP tool."""
    return code(description.name), description.description, ", ".join(map(code, description.input_schema["properties"]))


if __name__ == "__main__":
    main()
