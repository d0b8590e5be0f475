"""The README and docs/ agree with the program and with each other."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import SecretStr

from index.cli import app, search_commands
from index.cli.options import ERROR, INTERRUPTED, SOME_FAILED
from index.library.answer_files import ANSWER_COLUMNS
from index.records import Statement, Status, Verdict, Why, remarks
from index.settings import Settings
from tests import reference
from tests.reference import BLOCK, ROOT
from tests.skips import NEEDS_PLUGINS

PAGES = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in reference.pages()}
DECISIONS = sorted(name for name in PAGES if re.match(r"docs/adr/\d", name))
TABLES = ("commands", "formats", "operators", "problems", "routes", "tools", "tree")
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
WORDS = {"": {"none", "built in"}, (): {"none"}, False: {"no"}, True: {"`true`"}}
"""The words of docs/settings.md for defaults that have no literal form."""


# The program


@pytest.fixture(scope="module")
def tables() -> dict[str, str]:
    """The tables that the program generates."""
    return reference.tables()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=NEEDS_PLUGINS) if name in ("commands", "formats") else name for name in TABLES]
)
def test_reference_tables_are_up_to_date(name: str, tables: dict[str, str]) -> None:
    """Commands, options, operators, routes, errors and tools; `python -m tests.reference` writes them again."""
    (pages_table,) = [
        found["table"] for text in PAGES.values() for found in BLOCK.finditer(text) if found["name"] == name
    ]
    assert pages_table == tables[name]


def test_each_reference_table_is_on_one_page(tables: dict[str, str]) -> None:
    """No table lacks a page, and no page has an unknown table."""
    assert sorted(tables) == sorted(TABLES)
    assert sorted(found["name"] for text in PAGES.values() for found in BLOCK.finditer(text)) == sorted(TABLES)


def test_each_command_and_option_is_documented() -> None:
    """Each option is listed under its command, or under the options of every command."""
    shared = section("docs/command-line.md", "## Options of every command")
    for name, command in typer.main.get_command(app.app).commands.items():  # type: ignore[attr-defined]
        text = section("docs/command-line.md", f"## pincite {name}") + shared
        inner = list(getattr(command, "commands", {}).values())
        assert [one.help for one in (command, *inner) if one.help not in text] == []
        parameters = [parameter for one in (command, *inner) for parameter in one.params]
        options = [parameter for parameter in parameters if parameter.param_type_name == "option"]
        for spelling in [spelling for option in options for spelling in [*option.opts, *option.secondary_opts]]:
            assert re.search(rf"`(?:-\w, )?{spelling}\b", text), (name, spelling)


def test_each_setting_is_documented_with_its_default() -> None:
    """There is one row for each setting, and no other."""
    rows = re.findall(r"^\| `PINCITE_(\w+)` \| ([^|]+) \|", PAGES["docs/settings.md"], re.MULTILINE)
    assert sorted(name.lower() for name, _ in rows) == sorted(Settings.model_fields)
    for name, default in rows:
        assert default in documented_defaults(name.lower()), name


def documented_defaults(name: str) -> set[str]:
    """Return the ways in which a default may be written."""
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    if isinstance(default, Path):
        return {"your data folder"}
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool | tuple) or default == "":
        return WORDS[default]
    return {f"{default:g}"} if isinstance(default, int | float) else {f"`{default}`"}


def test_each_exit_code_is_documented() -> None:
    """The table has the codes of the program, and the text mentions no other code."""
    text = PAGES["docs/command-line.md"]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert codes == {0, ERROR, 2, SOME_FAILED, INTERRUPTED}
    assert {int(code) for code in re.findall(r"[Ee]xit code (?:is )?(\d+)", text)} <= codes


def test_paths_outside_the_route_table_are_documented() -> None:
    """The OpenAPI document, its page and the MCP endpoint have no row in the table of routes."""
    assert all(f"`{path}`" in PAGES["docs/service.md"] for path in ("/docs", "/openapi.json", "/mcp"))


def test_each_verdict_is_documented_in_order() -> None:
    """The order goes from the strongest proof to the weakest."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section("docs/answers-and-checks.md", "## Verdicts"), re.MULTILINE)
    assert dict(rows) == remarks.NAMES
    assert tuple(name for name, _ in rows) == get_args(Verdict)


def test_each_answer_status_is_documented_with_its_threshold() -> None:
    """The thresholds are those of the settings."""
    text = section("docs/answers-and-checks.md", "## Answered, not sure, no answer")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == get_args(Status)
    for name, field in (("PINCITE_BAR", "bar"), ("PINCITE_UNSURE_BAR", "unsure_bar")):
        assert f"`{name}` ({Settings.model_fields[field].default})" in text


@pytest.mark.parametrize(("shape", "record"), [(r'"why": \{(.*?)\}', Why), (r"STATEMENT = \{(.*?)\}", Statement)])
def test_documented_json_fields_match_the_records(shape: str, record: type) -> None:
    """The field names are those that JSON has."""
    found = re.search(shape, PAGES["docs/json.md"], re.DOTALL)
    assert found
    assert re.findall(r'"(\w+)"', found[1]) == [field.name for field in fields(record)]


@pytest.mark.parametrize(
    ("heading", "columns"),
    [("A coverage", search_commands.COVERAGE_COLUMNS), ("A table of answers, and a matrix", ANSWER_COLUMNS)],
)
def test_each_column_is_documented(heading: str, columns: tuple[str, ...]) -> None:
    """The columns are those of the files' headers."""
    text = section("docs/json.md", f"## {heading}")
    assert [column for column in columns if f"`{column}`" not in text] == []


def section(page: str, heading: str) -> str:
    """Return the text under a heading, up to the next heading of its level."""
    return PAGES[page].split(f"{heading}\n")[1].split("\n## ")[0]


# Links and pages


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_to_files_and_headings(page: str) -> None:
    """A link's file exists and has the heading that the link names."""
    for target, heading in LINK.findall(prose(PAGES[page])):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), f"{page}: {target}"
        if heading:
            assert heading in anchors(path.read_text(encoding="utf-8")), f"{page}: {target}#{heading}"


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page; a repeated heading gets a number."""
    names = [re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", text, re.M)]
    seen: Counter[str] = Counter()
    found = set()
    for name in names:
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def prose(text: str) -> str:
    """Return a page without its code."""
    return re.sub(r"^    .*$|`[^`\n]*`", "", text, flags=re.MULTILINE)


def test_each_page_is_linked_from_the_readme() -> None:
    """Links may lead there through other pages."""
    visited, queue = set(), ["README.md"]
    while queue:
        page = queue.pop()
        visited.add(page)
        targets = [((ROOT / page).parent / target).resolve() for target, _ in LINK.findall(PAGES[page]) if target]
        names = [path.relative_to(ROOT.resolve()).as_posix() for path in targets]
        queue += [name for name in names if name in PAGES and name not in visited]
    assert visited == set(PAGES)


def test_readme_has_120_lines_at_most() -> None:
    """Details belong in docs/."""
    assert len(PAGES["README.md"].splitlines()) <= 120


def test_pictures_are_small_and_used() -> None:
    """A picture has 250 KB at most, and some page shows it."""
    shown = {((ROOT / page).parent / target).resolve() for page in PAGES for target, _ in LINK.findall(PAGES[page])}
    for picture in (ROOT / "docs").rglob("*.png"):
        assert picture.stat().st_size <= 250_000
        assert picture.resolve() in shown


# Decisions


@pytest.mark.parametrize("page", DECISIONS)
def test_decision_has_three_parts_and_thirty_lines_at_most(page: str) -> None:
    """A decision has number, title, context, decision and consequence."""
    text = PAGES[page]
    assert re.findall(r"^#+ (.+)$", text, re.MULTILINE)[1:] == ["Context", "Decision", "Consequence"]
    assert text.startswith(f"# {int(Path(page).name[:4])}. ")
    assert 10 <= len(text.splitlines()) <= 30


def test_decisions_are_listed_in_order() -> None:
    """They are numbered without a gap, and the list has their titles."""
    titles = [PAGES[page].splitlines()[0].removeprefix("# ") for page in DECISIONS]
    listed = re.findall(r"^(\d+\.) \[(.+)\]\((.+)\)$", PAGES["docs/adr/README.md"], re.MULTILINE)
    assert [f"{number} {title}" for number, title, _ in listed] == titles
    assert [int(title.split(".")[0]) for title in titles] == list(range(1, len(titles) + 1))
