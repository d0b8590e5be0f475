"""`pincite eval`: its output, the files it writes and the calls it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from index.cli import progress
from index.cli.app import app
from index.errors import EvaluationError
from index.records import Progress
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from typer.testing import Result

    from tests.conftest import Write

FILES = {
    "corpus.jsonl": '{"id": "sea", "text": "The ship left the harbour."}\n'
    '{"id": "land", "text": "The king signed the treaty."}',
    "queries.jsonl": '{"id": "q1", "text": "Which vessel sailed?"}\n{"id": "q2", "text": "Who signed the treaty?"}',
    "qrels.tsv": "q1\tsea\t1\nq2\tland\t1\n",
}


@pytest.fixture(autouse=True)
def _readable_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.encoders.encoder.load_encoder", lambda settings: FakeEncoder())
    monkeypatch.setenv("PINCITE_PASSAGE_TOKENS", "32")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def folder(write: Write) -> Path:
    """Write a set of two documents and two questions."""
    for name, text in FILES.items():
        path = write(f"tiny/{name}", text)
    return path.parent


def run(*arguments: str | Path) -> Result:
    """Run `pincite eval` with these arguments; exceptions are not caught."""
    return CliRunner().invoke(app, ["eval", *map(str, arguments)], catch_exceptions=False)


def cells(output: str, name: str) -> Sequence[str]:
    """Return the cells of a table's row, without its name."""
    return next(line for line in output.splitlines() if line.strip().startswith(name)).split(name)[1].split()


def test_modes_are_columns_of_one_table(folder: Path) -> None:
    """The lexical mode misses one of two questions, the dense mode none."""
    output = run(folder, "--mode", "dense", "--mode", "lexical").output
    assert output.startswith("tiny: 2 documents, 2 passages, 2 questions\n")
    assert cells(output, "MRR@10") == ["2", "1.000", "[1.000,", "1.000]", "0.500", "[.000,", "1.000]"]
    assert len(cells(output, "Latency p50 / p95, ms")) == 7
    assert "passages per second" in output


def test_json_has_estimates_values_and_meanings(folder: Path) -> None:
    """JSON has each figure with its interval, each question's value, and what each measure means."""
    result = json.loads(run(folder, "--json").output)
    (outcome,) = result["outcomes"]
    assert outcome["values"]["nDCG@10"] == {"q1": 1.0, "q2": 1.0}
    assert outcome["estimates"]["nDCG@10"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "n": 2}
    assert outcome["latency_p95_ms"] >= outcome["latency_p50_ms"] > 0
    assert result["passages_per_second"] > 0
    assert set(outcome["values"]) <= set(result["meanings"])


def test_run_file_is_written_for_each_mode(folder: Path, tmp_path: Path) -> None:
    """With one mode the file has the given name; with several modes the name includes the mode."""
    run(folder, "--run", tmp_path / "one.trec")
    run(folder, "--run", tmp_path / "more.trec", "--mode", "dense", "--mode", "lexical")
    assert {path.name for path in tmp_path.glob("*.trec")} == {"one.trec", "more.dense.trec", "more.lexical.trec"}
    first = (tmp_path / "more.lexical.trec").read_text().splitlines()[0].split()
    assert first == ["q2", "Q0", "land", "1", "1", "pincite-lexical"]


def test_compare_prints_differences_of_two_results(folder: Path, tmp_path: Path) -> None:
    """The differences are printed as a table and, with `--json`, as JSON."""
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file, mode in zip(files, ("lexical", "dense"), strict=True):
        file.write_text(run(folder, "--mode", mode, "--json").output)
    output = run("--compare", *files).output
    assert f"A: {files[0]} (lexical)\nB: {files[1]} (dense)\n" in output
    assert cells(output, "MRR@10")[:4] == ["2", "0.500", "1.000", "+0.500"]
    assert json.loads(run("--compare", *files, "--json").output)["differences"][0]["first_mode"] == "lexical"


def test_verbose_explains_each_measure(folder: Path) -> None:
    """Below the table there is a line for each measure."""
    output = CliRunner().invoke(app, ["--verbose", "eval", str(folder)], catch_exceptions=False).output
    assert "MRR@10: one over the rank of the first relevant document" in output


def test_eval_shows_progress_bars(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Indexing and each mode have a bar on standard error; hidden progress has no callbacks."""
    with progress.question_progress(shown=False) as callbacks:
        assert callbacks == (None, None)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress.question_progress(shown=True) as (indexed, asked):
        assert indexed
        assert asked
        indexed(Progress("sea", "encoding", 1, 2, 0, 0))
        asked("dense", 3, 4)
    out, err = capsys.readouterr()
    assert not out
    assert "indexing" in err
    assert "asking, dense" in err


def test_question_file_is_asked_of_the_library(write: Write) -> None:
    """A file of questions is evaluated on the user's own library, and its notes are printed."""
    CliRunner().invoke(app, ["add", str(write("land.txt", "The king signed the treaty."))], catch_exceptions=False)
    found = '{"question": "Who signed the treaty?", "document": "land.txt", "quote": "the king"}'
    unanswerable = '{"question": "Who?", "answerable": false}'
    output = run(write("questions.jsonl", f"{found}\n{found.replace('the king', 'a queen')}\n{unanswerable}")).output
    assert "2 questions, 1 without an answer skipped" in output
    assert cells(output, "Quote@1")[:2] == ["2", "0.500"]
    assert "note: Line 2: the document does not hold the quote." in output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "name a folder"),
        (("FILE", "--keep", "kept"), "these options need a folder"),
        (("x", "--mode", "best"), "best"),
    ],
    ids=["no argument", "a file and an option for folders", "unknown mode"],
)
def test_eval_wrong_usage_is_exit_code_2(write: Write, arguments: Sequence[str], complaint: str) -> None:
    """The exit code is 2, as for every command, and the message names the mistake."""
    file = write("questions.jsonl", "")
    result = run(*(file if argument == "FILE" else argument for argument in arguments))
    assert result.exit_code == 2
    assert complaint in " ".join(result.output.replace("│", " ").split())


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    """The error names the missing file and says what the folder has to contain."""
    with pytest.raises(EvaluationError, match=r"corpus\.jsonl cannot be read.*Name a folder with"):
        run(tmp_path / "nowhere")


def test_eval_help_loads_no_heavy_package() -> None:
    """`pincite eval --help` loads neither the measures nor the statistics."""
    code = "import sys; sys.argv = ['pincite', 'eval', '--help']\nfrom index.cli.app import main\ntry: main()\n"
    code += "except SystemExit: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"scipy", "ir_measures", "numpy", "torch"}.isdisjoint(done.stderr.split())
    assert "Example: pincite eval" in done.stdout


MISSING = """
import sys
sys.modules[{name!r}] = None  # as if it were not installed
from index.cli.app import main
for arguments in {calls!r}:
    sys.argv = ["pincite", *arguments]
    try:
        main()
    except SystemExit as end:
        print("exit code", end.code, file=sys.stderr)
"""


@pytest.mark.parametrize("name", ["ir_measures", "scipy"])
def test_missing_eval_package_is_named(name: str, folder: Path) -> None:
    """The error names the missing package and the command that installs the extra; the help loads neither."""
    calls = [["eval", str(folder)], ["eval", "--compare", "a.json", "b.json"], ["eval", "--help"]]
    code = MISSING.format(name=name, calls=calls)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for error in done.stderr.split("exit code 1\n")[:2]:
        assert error.startswith("Error: Evaluating needs a package that is not installed: ")
        assert "pip install 'pincite[eval]'" in error
        assert "Traceback" not in error
    assert done.stderr.endswith("exit code 1\nexit code 0\n")
    assert done.stdout.lstrip().startswith("Usage: pincite eval")
    assert "Example: pincite eval" in done.stdout
