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
from index.records import Statement, Status, Verdict, Why, remarks
from index.settings import Settings
from tests import reference
from tests.reference import BLOCK, ROOT

PAGES = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in reference.pages()}
DECISIONS = sorted(name for name in PAGES if re.match(r"docs/adr/\d", name))
TABLES = ("commands", "operators", "problems", "routes", "tools", "tree")
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
WORDS = {"": {"none", "built in"}, (): {"none"}, False: {"no"}, True: {"`true`"}}
"""What docs/settings.md calls the defaults that are not written as they are."""


# Against the program


@pytest.fixture(scope="module")
def tables() -> dict[str, str]:
    """The tables of the program as it is."""
    return reference.tables()


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_those_of_the_program(name: str, tables: dict[str, str]) -> None:
    """Commands, options, operators, routes, errors and tools; `python -m tests.reference` writes them anew."""
    (written,) = [found["table"] for text in PAGES.values() for found in BLOCK.finditer(text) if found["name"] == name]
    assert written == tables[name]


def test_every_table_is_written(tables: dict[str, str]) -> None:
    """The program has no table without a page, and no page a table that the program does not know."""
    assert sorted(tables) == sorted(TABLES)
    assert sorted(found["name"] for text in PAGES.values() for found in BLOCK.finditer(text)) == sorted(TABLES)


def test_no_command_and_no_option_is_left_out() -> None:
    """Whatever the tables are made by: each option stands under its command, or under those of every command."""
    shared = section("docs/command-line.md", "## Options of every command")
    for name, command in typer.main.get_command(app.app).commands.items():  # type: ignore[attr-defined]
        text = section("docs/command-line.md", f"## pincite {name}") + shared
        assert command.help in text
        options = [each for each in command.params if each.param_type_name == "option"]
        for form in [form for option in options for form in [*option.opts, *option.secondary_opts]]:
            assert re.search(rf"`(?:-\w, )?{form}\b", text), (name, form)


def test_every_setting_has_its_default() -> None:
    """One row for each setting, and no other."""
    rows = re.findall(r"^\| `PINCITE_(\w+)` \| ([^|]+) \|", PAGES["docs/settings.md"], re.MULTILINE)
    assert sorted(name.lower() for name, _ in rows) == sorted(Settings.model_fields)
    for name, default in rows:
        assert default in written_defaults(name.lower()), name


def written_defaults(name: str) -> set[str]:
    """How a default may be written."""
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    if isinstance(default, Path):
        return {"your data folder"}
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool | tuple) or default == "":
        return WORDS[default]
    return {f"{default:g}"} if isinstance(default, int | float) else {f"`{default}`"}


def test_every_exit_code_is_explained() -> None:
    """The codes of the program, success and wrong usage; and those that the help mentions are among them."""
    text = PAGES["docs/command-line.md"]
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert codes == {0, ERROR, 2, SOME_FAILED, INTERRUPTED}
    assert {int(code) for code in re.findall(r"[Ee]xit code (?:is )?(\d+)", text)} <= codes


def test_what_is_no_route_of_the_library_stands_in_the_text() -> None:
    """The description, its page and the assistants' endpoint have no row in the table of routes."""
    assert all(f"`{path}`" in PAGES["docs/service.md"] for path in ("/docs", "/openapi.json", "/mcp"))


def test_every_verdict_and_its_name() -> None:
    """In the order in which less and less is proven."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section("docs/answers-and-checks.md", "## Verdicts"), re.MULTILINE)
    assert dict(rows) == remarks.NAMES
    assert tuple(name for name, _ in rows) == get_args(Verdict)


def test_every_status_and_its_threshold() -> None:
    """The thresholds are those of the settings."""
    text = section("docs/answers-and-checks.md", "## Answered, not sure, no answer")
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == get_args(Status)
    for name, field in (("PINCITE_BAR", "bar"), ("PINCITE_UNSURE_BAR", "unsure_bar")):
        assert f"`{name}` ({Settings.model_fields[field].default})" in text


@pytest.mark.parametrize(("shape", "record"), [(r'"why": \{(.*?)\}', Why), (r"STATEMENT = \{(.*?)\}", Statement)])
def test_the_shapes_of_json_are_those_of_the_records(shape: str, record: type) -> None:
    """By the names that JSON has."""
    found = re.search(shape, PAGES["docs/json.md"], re.DOTALL)
    assert found
    assert re.findall(r'"(\w+)"', found[1]) == [field.name for field in fields(record)]


def test_every_column_of_a_coverage() -> None:
    """The CSV's header."""
    text = section("docs/json.md", "## A coverage")
    assert all(f"`{column}`" in text for column in search_commands.COLUMNS)


def section(page: str, heading: str) -> str:
    """The text under a heading, up to the next of its level."""
    return PAGES[page].split(f"{heading}\n")[1].split("\n## ")[0]


# Against each other


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """To a file of the project and, where it names one, to a heading of it."""
    for target, heading in LINK.findall(prose(PAGES[page])):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), f"{page}: {target}"
        if heading:
            assert heading in anchors(path.read_text(encoding="utf-8")), f"{page}: {target}#{heading}"


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page; the second of one name gets a number."""
    names = [re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", text, re.M)]
    seen: Counter[str] = Counter()
    found = set()
    for name in names:
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def prose(text: str) -> str:
    """A page without its code."""
    return re.sub(r"^    .*$|`[^`\n]*`", "", text, flags=re.MULTILINE)


def test_every_page_is_found_from_the_readme() -> None:
    """By following links."""
    found, due = set(), ["README.md"]
    while due:
        page = due.pop()
        found.add(page)
        targets = [((ROOT / page).parent / target).resolve() for target, _ in LINK.findall(PAGES[page]) if target]
        names = [path.relative_to(ROOT.resolve()).as_posix() for path in targets]
        due += [name for name in names if name in PAGES and name not in found]
    assert found == set(PAGES)


def test_the_readme_is_short() -> None:
    """120 lines at most: the rest stands in docs/."""
    assert len(PAGES["README.md"].splitlines()) <= 120


def test_pictures_are_small() -> None:
    """250 KB each, and none that no page shows."""
    shown = {((ROOT / page).parent / target).resolve() for page in PAGES for target, _ in LINK.findall(PAGES[page])}
    for picture in (ROOT / "docs").rglob("*.png"):
        assert picture.stat().st_size <= 250_000
        assert picture.resolve() in shown


# Decisions


@pytest.mark.parametrize("page", DECISIONS)
def test_a_decision_is_short_and_has_its_parts(page: str) -> None:
    """Its number and title, context, decision and consequence, in ten to thirty lines."""
    text = PAGES[page]
    assert re.findall(r"^#+ (.+)$", text, re.MULTILINE)[1:] == ["Context", "Decision", "Consequence"]
    assert text.startswith(f"# {int(Path(page).name[:4])}. ")
    assert 10 <= len(text.splitlines()) <= 30


def test_decisions_are_listed_in_order() -> None:
    """Numbered without a gap, each by its title."""
    titles = [PAGES[page].splitlines()[0].removeprefix("# ") for page in DECISIONS]
    listed = re.findall(r"^(\d+\.) \[(.+)\]\((.+)\)$", PAGES["docs/adr/README.md"], re.MULTILINE)
    assert [f"{number} {title}" for number, title, _ in listed] == titles
    assert [int(title.split(".")[0]) for title in titles] == list(range(1, len(titles) + 1))
