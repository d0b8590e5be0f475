"""Every benchmark starts; the quick ones run to their end on a little; what the ablation exchanges is what is used."""

from __future__ import annotations

import json
import pkgutil
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import benchmarks
from benchmarks import ablation, keeping, living, mapping, reading, scaling
from index.evaluation.runs import evaluate_folder
from index.settings import Settings
from tests.cases import cases
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Write

MODULES = sorted(each.name for each in pkgutil.walk_packages(benchmarks.__path__, "benchmarks."))
PROGRAMS = [name for name in MODULES if hasattr(import_module(name), "argparse")]
QUESTION = "Which ship left the harbour?"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Runs a benchmark's `main` with these arguments; the rows of its table."""

    def run(module: Any, *arguments: object) -> list[dict[str, Any]]:
        written = tmp_path / "table.json"
        given = map(str, (*arguments, "--json", written))
        monkeypatch.setattr(sys, "argv", [module.__name__, *given])
        module.main()
        rows: list[dict[str, Any]] = json.loads(written.read_text())["rows"]
        return rows

    return run


@pytest.fixture
def sets(write: Write) -> Path:
    """A folder with one small set in BEIR's format."""
    texts = {"sea": "The ship left the harbour.", "land": "The king signed the treaty.", "rain": "A whale swam by."}
    write("tiny/corpus.jsonl", "\n".join(json.dumps({"id": each, "text": text}) for each, text in texts.items()))
    write("tiny/queries.jsonl", json.dumps({"id": "q1", "text": QUESTION}))
    return write("tiny/qrels.tsv", "q1\tsea\t1\n").parent.parent


@pytest.fixture
def kept(sets: Path, tmp_path: Path, encoder: FakeEncoder) -> Path:
    """The folder with the library that `pincite eval --keep` left of it."""
    evaluate_folder(sets / "tiny", Settings(passage_tokens=32), keep=tmp_path / "kept" / "tiny", encoder=encoder)
    return tmp_path / "kept"


@cases("name", MODULES)
def test_every_module_can_be_imported(name: str) -> None:
    """What it takes from the package is still there."""
    assert import_module(name).__doc__


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_has_help(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the sentence that says what it measures."""
    module = import_module(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    assert str(module.__doc__).split()[0] in capsys.readouterr().out


def test_the_ablation_runs(run: Callable[..., Any], sets: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for each variant, from the library that is kept."""
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
def test_what_the_ablation_exchanges_is_used(
    variant: ablation.Variant, change: tuple[Any, str, object], kept: Path, encoder: FakeEncoder
) -> None:
    """With something useless in its place a search fails: a name that has moved would leave every figure as it is."""
    module, name, _ = change
    useless = ablation.Variant("useless", ((module, name, object()),), variant.mode, variant.rebuilt)
    with (
        pytest.raises((TypeError, AttributeError, ValueError)),
        ablation.exchanged(useless),
        ablation._library(kept / "tiny", encoder, rebuilt=variant.rebuilt) as library,  # type: ignore[arg-type]
    ):
        library.search(QUESTION, mode=variant.mode)


def test_following_folders_runs(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the two seconds in which files come to rest."""
    monkeypatch.setattr(living, "settle", lambda: None)
    assert run(living, "--files", 3)[0]["done"] == "3 added"


def test_keeping_a_library_runs(kept: Path, tmp_path: Path) -> None:
    """Each operation, in this process: one of its own for each takes longer than all of them."""
    for operation in ("backup", "restore", "export-library", "compact", "rebuild"):
        assert keeping.measured(kept / "tiny", tmp_path, operation)["operation"] == operation


def test_reading_files_runs(run: Callable[..., Any], sets: Path) -> None:
    """A few of them."""
    assert run(reading, sets)


def test_a_map_is_made(run: Callable[..., Any], tmp_path: Path) -> None:
    """Of a library that is made for it."""
    assert run(mapping, "--library", tmp_path / "large", "--passages", 200, "--rounds", 1)


def test_a_picture_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the rows that other benchmarks wrote."""
    rows = [{"passages": n, "way to ask": "search", "clients": "one", "p50 ms": n / 10} for n in (10, 100)]
    (tmp_path / "search.json").write_text(json.dumps({"tables": {"Asking": rows}}))
    monkeypatch.setattr(sys, "argv", ["scaling", str(tmp_path / "search.json"), "--svg", str(tmp_path / "s.svg")])
    scaling.main()
    assert "<svg" in (tmp_path / "s.svg").read_text()
