"""What the README tells readers to type, typed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from index import remarks
from index.records import Statement, Status, Verdict
from index.settings import Settings
from index.web import create_app
from tests.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library import Library
    from tests.conftest import Write

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860"
TREATY = "# The Treaty\n\nThe king signed the treaty in the harbour. The queen kept a garden."
COMMANDS = re.findall(r"^    (curl .*?)(?:  # .*)?$", README, re.MULTILINE)
PROGRAMS = [
    re.sub(r"^    ", "", block, flags=re.MULTILINE)
    for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", README, re.MULTILINE)
    if ADDRESS in block and "import " in block
]


@pytest.fixture
def served(library: Library, write: Write) -> Iterator[str]:
    """The address of a server over the treaty."""
    library.add(write("treaty.md", TREATY))
    with hosted(create_app(library, Settings(passage_tokens=32, bar=0))) as address:
        yield address


def test_the_readme_has_examples_of_both_kinds() -> None:
    """Else the tests below would have nothing to say."""
    assert len(COMMANDS) >= 5
    assert [name for name in ("gradio_client", "mcp") if any(f"from {name}" in program for program in PROGRAMS)] == [
        "gradio_client",
        "mcp",
    ]


def test_the_readme_tells_every_verdict_and_what_readers_call_it() -> None:
    """In the order in which less and less is proven."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", _section("### Verdicts"), re.MULTILINE)
    assert dict(rows) == remarks.NAMES
    assert tuple(name for name, _ in rows) == get_args(Verdict)


def test_the_readme_tells_every_status_and_from_which_confidence_on() -> None:
    """As the settings have it."""
    section = _section("### Answered, not sure, no answer")
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == get_args(Status)
    for name, field in (("PINCITE_BAR", "bar"), ("PINCITE_UNSURE_BAR", "unsure_bar")):
        assert f"`{name}` ({Settings.model_fields[field].default})" in section


def test_the_readme_tells_every_field_of_a_statement() -> None:
    """By the names that JSON has."""
    shape = re.search(r"STATEMENT = \{(.*?)\}", _section("### JSON and CSV"))
    assert shape
    assert re.findall(r'"(\w+)"', shape[1]) == [field.name for field in fields(Statement)]


def _section(heading: str) -> str:
    return README.split(f"{heading}\n")[1].split("\n### ")[0].split("\n## ")[0]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing: apt-get install -y curl")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_curl_works(command: str, served: str, tmp_path: Path) -> None:
    """It exits with 0, and what comes back is JSON, or events, or a file."""
    (tmp_path / "treaty.md").write_text(TREATY)
    typed = command.replace(ADDRESS, served).replace("curl ", "curl --fail-with-body -sS ", 1)
    done = subprocess.run(["bash", "-c", typed], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    if "text/event-stream" in command:
        assert "event: answer\n" in done.stdout
    elif "format=" in command:
        assert "treaty" in done.stdout
    else:
        assert json.loads(done.stdout)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: re.findall(r"from (\w+)", program)[0])
def test_every_program_works(program: str, served: str) -> None:
    """It ends well, and prints the quotation that answers the question."""
    code = program.replace(ADDRESS, served)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "treaty" in done.stdout.lower()
