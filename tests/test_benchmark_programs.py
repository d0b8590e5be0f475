"""Every benchmark has a help, the quick ones run on little data, and the ablation replaces code that is used."""

from __future__ import annotations

import json
import pkgutil
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import benchmarks
from benchmarks import ablation, keeping, living, mapping, reading, scaling, visitors
from index.plugins.evaluation.runs import evaluate_folder
from index.settings import Settings
from tests.cases import cases
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Write

MODULES = sorted(module.name for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks."))
PROGRAMS = [name for name in MODULES if hasattr(import_module(name), "argparse")]
QUESTION = "Which ship left the harbour?"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that runs a benchmark with these arguments and gives the rows of its table."""

    def run(module: Any, *arguments: object) -> list[dict[str, Any]]:
        table = tmp_path / "table.json"
        options = map(str, (*arguments, "--json", table))
        monkeypatch.setattr(sys, "argv", [module.__name__, *options])
        module.main()
        rows: list[dict[str, Any]] = json.loads(table.read_text())["rows"]
        return rows

    return run


@pytest.fixture
def sets(write: Write) -> Path:
    """Write one small set in BEIR's format, and return the folder above it."""
    texts = {"sea": "The ship left the harbour.", "land": "The king signed the treaty.", "rain": "A whale swam by."}
    write("tiny/corpus.jsonl", "\n".join(json.dumps({"id": name, "text": text}) for name, text in texts.items()))
    write("tiny/queries.jsonl", json.dumps({"id": "q1", "text": QUESTION}))
    return write("tiny/qrels.tsv", "q1\tsea\t1\n").parent.parent


@pytest.fixture
def kept(sets: Path, tmp_path: Path, encoder: FakeEncoder) -> Path:
    """Return the folder with the library that `pincite eval --keep` leaves of the set."""
    evaluate_folder(sets / "tiny", Settings(passage_tokens=32), keep=tmp_path / "kept" / "tiny", encoder=encoder)
    return tmp_path / "kept"


@cases("name", MODULES)
def test_benchmark_modules_can_be_imported(name: str) -> None:
    """The parts of the package that a benchmark uses exist."""
    assert import_module(name).__doc__


@pytest.mark.parametrize("name", PROGRAMS)
def test_benchmark_programs_have_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The help begins with the sentence that says what the program measures."""
    module = import_module(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    assert str(module.__doc__).split()[0] in capsys.readouterr().out


def test_ablation_has_a_row_for_each_variant(
    run: Callable[..., Any], sets: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows come from a library that was kept."""
    monkeypatch.setattr(ablation, "SETTINGS", Settings(passage_tokens=32))
    monkeypatch.setattr(ablation, "load_encoder", lambda settings: FakeEncoder())
    rows = run(ablation, "--sets", sets, "--kept", kept)
    assert [row["variant"] for row in rows] == [variant.name for variant in ablation.variants()]
    assert rows[0]["tiny"] == 1.0


EXCHANGES = [
    pytest.param(variant, change, id=f"{variant.name}, {change[1]}")
    for variant in ablation.variants()
    for change in variant.changes
]


@pytest.mark.parametrize(("variant", "change"), EXCHANGES)
def test_ablation_replaces_code_that_a_search_uses(
    variant: ablation.Variant, change: tuple[Any, str, object], kept: Path, encoder: FakeEncoder
) -> None:
    """With a useless object in its place a search fails; a renamed function would leave every figure unchanged."""
    module, name, _ = change
    useless = ablation.Variant("useless", ((module, name, object()),), variant.mode, variant.rebuilt)
    with (
        pytest.raises((TypeError, AttributeError, ValueError)),
        ablation.exchanged(useless),
        ablation._library(kept / "tiny", encoder, rebuilt=variant.rebuilt) as library,  # type: ignore[arg-type]
    ):
        library.search(QUESTION, mode=variant.mode)


def test_sync_benchmark_runs(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The two seconds for files to settle are left out."""
    monkeypatch.setattr(living, "settle", lambda: None)
    assert run(living, "--files", 3)[0]["done"] == "3 added"


def test_maintenance_benchmark_runs(kept: Path, tmp_path: Path) -> None:
    """Each operation runs in this process, because starting processes would take longer than the work."""
    for operation in ("backup", "restore", "export-library", "compact", "rebuild"):
        assert keeping.measured(kept / "tiny", tmp_path, operation)["operation"] == operation


def test_reading_benchmark_runs(run: Callable[..., Any], sets: Path) -> None:
    """It reads a few files."""
    assert run(reading, sets)


def test_map_benchmark_runs(run: Callable[..., Any], tmp_path: Path) -> None:
    """It makes its own library."""
    assert run(mapping, "--library", tmp_path / "large", "--passages", 200, "--rounds", 1)


def test_visitors_benchmark_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hasty visitors meet no error, and leave nothing behind."""
    table = tmp_path / "table.json"
    options = ["--fake", "--minutes", "0.1", "--visitors", "3", "--pause", "0.2", "--json", str(table)]
    monkeypatch.setattr(sys, "argv", ["visitors", *options])
    visitors.main()
    rows = next(iter(json.loads(table.read_text())["tables"].values()))
    assert sum(row["ask"] for row in rows) > 0
    assert sum(row["errors"] for row in rows) == 0


def test_scaling_benchmark_draws_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is made from rows that other benchmarks wrote."""
    rows = [{"passages": n, "way to ask": "search", "clients": "one", "p50 ms": n / 10} for n in (10, 100)]
    (tmp_path / "search.json").write_text(json.dumps({"tables": {"Asking": rows}}))
    monkeypatch.setattr(sys, "argv", ["scaling", str(tmp_path / "search.json"), "--svg", str(tmp_path / "s.svg")])
    scaling.main()
    assert "<svg" in (tmp_path / "s.svg").read_text()
