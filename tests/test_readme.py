"""The commands and programs that the README and docs/ show are run as a reader would."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.page import create_app
from index.settings import Settings
from tests.hosted import hosted
from tests.libraries import filled_library
from tests.reference import ROOT, pages, without_tables
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.command_line import Run

TEXTS = [without_tables(page.read_text(encoding="utf-8")) for page in pages()]
ADDRESS = "http://127.0.0.1:7860"
TREATY = "# The Treaty\n\nThe king signed the treaty in the harbour. The queen kept a garden."
COMMANDS = sorted({command for text in TEXTS for command in re.findall(r"^    (curl .*?)(?:  # .*)?$", text, re.M)})
BLOCKS = [
    re.sub(r"^    ", "", block, flags=re.MULTILINE)
    for text in TEXTS
    for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    if "import " in block
]
PROGRAMS = [block for block in BLOCKS if ADDRESS in block]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a library with the treaty, and return its address. The examples add the same file again or only read."""
    settings = Settings(passage_tokens=32, bar=0)
    with (
        filled_library(tmp_path_factory.mktemp("served"), {"treaty.md": TREATY}, settings) as library,
        hosted(create_app(library, settings)) as address,
    ):
        yield address


def test_documentation_has_examples_of_each_kind() -> None:
    """Otherwise the other tests would check nothing."""
    assert len(COMMANDS) >= 5
    assert [re.findall(r"from (\w+)", block)[0] for block in BLOCKS] == ["index", "mcp", "gradio_client"]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing: apt-get install -y curl")
@pytest.mark.parametrize("command", COMMANDS)
def test_documented_curl_command_works(command: str, served: str, tmp_path: Path) -> None:
    """It exits with 0, and the response is JSON, events or a file."""
    (tmp_path / "treaty.md").write_text(TREATY)
    line = command.replace(ADDRESS, served).replace("curl ", "curl --fail-with-body -sS ", 1)
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    if "text/event-stream" in command:
        assert "event: answer\n" in done.stdout
    elif "format=" in command:
        assert "treaty" in done.stdout
    else:
        assert json.loads(done.stdout)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: re.findall(r"from (\w+)", program)[0])
def test_documented_client_program_works(program: str, served: str) -> None:
    """It ends without an error, and prints the quote that answers the question."""
    code = program.replace(ADDRESS, served)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "treaty" in done.stdout.lower()


@pytest.mark.usefixtures("run")
def test_documented_library_example_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It adds the sample documents, prints hits and verdicts, and removes one of them."""
    (program,) = set(BLOCKS) - set(PROGRAMS)
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    exec(program, {})
    output = capsys.readouterr().out
    assert "¶" in output
    assert "unverified" in output


README_COMMANDS = [
    re.sub(r" +# .*", "", command)
    for command in re.findall(r"^    (pincite .*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
]


@NEEDS_PLUGINS
def test_commands_of_the_readme_work_in_a_clone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each names files that the project has; 1 means that a check or a question found too little."""
    for folder in ("seeds", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    assert len(README_COMMANDS) >= 10
    for command in README_COMMANDS:
        _, *words = shlex.split(command)
        files = [sorted(map(str, Path().glob(word))) if "*" in word else [word] for word in words]
        outcome = run(*(name for names in files for name in names), *(["--yes"] if "publish" in words else []))
        assert outcome.code in (0, 1), (command, outcome.err)
        assert "Traceback" not in outcome.err
    assert {"matrix.xlsx", "monday.zip", "demo"} <= {path.name for path in tmp_path.iterdir()}
