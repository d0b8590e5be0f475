"""A library stores the settings that it was made with, so nobody has to give them again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from index.errors import EncoderError, FingerprintMismatch
from index.library.diagnosis import diagnose
from index.library.library import Library
from index.settings import Settings
from tests.backup.conftest import COUNT, best_source, copy_template, text_about, write_files
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKENS = 100


class ModelLoads(list[str]):
    """The models that were loaded, in order; each is a fake encoder named after its setting."""

    def __call__(self, settings: Settings) -> FakeEncoder:
        """What `load_encoder` is called with."""
        self.append(settings.model)
        return FakeEncoder(name=f"{settings.model or 'built-in'}@1")


@pytest.fixture
def model_loads(monkeypatch: pytest.MonkeyPatch) -> ModelLoads:
    """Fake encoders in place of real models."""
    for name in ("MODEL", "PASSAGE_TOKENS"):
        monkeypatch.delenv(f"PINCITE_{name}", raising=False)
    model_loads = ModelLoads()
    monkeypatch.setattr("index.encoders.encoder.load_encoder", model_loads)
    monkeypatch.setattr("index.encoders.encoder.SentenceTransformerEncoder", raise_absent)
    return model_loads


def raise_absent(*_: object, **__: object) -> None:
    """The doctor loads the encoder itself, and there is none."""
    raise EncoderError("There is no encoder here.", "Install one.")


@pytest.fixture
def rebuilt(model_loads: ModelLoads, tmp_path: Path) -> Iterator[Path]:
    """The folder of a library that was rebuilt with another model and other passages."""

    def make() -> None:
        with Library.open(tmp_path / "library", Settings()) as library:
            library.add(write_files(tmp_path / "sources"))
            library.rebuild(model="other", passage_tokens=TOKENS)

    copy_template("rebuilt with another model", tmp_path, make)
    with Library.open(tmp_path / "library", Settings()) as library:
        made_with = library.stats().made_with
    assert made_with.startswith("other@1")
    assert f"/{TOKENS}-" in made_with
    model_loads.clear()
    yield tmp_path / "library"
    with Library.open(tmp_path / "library", Settings()) as library:
        assert library.stats().made_with == made_with


def test_rebuilt_library_is_used_with_its_own_settings(rebuilt: Path, model_loads: ModelLoads, tmp_path: Path) -> None:
    """After a rebuild, no setting has to be given for any command."""
    path = tmp_path / "new.md"
    path.write_text(text_about(50))
    with Library.open(rebuilt, Settings()) as library:
        assert library.add(path).added == (str(path),)
        assert best_source(library, "Ship50") == "new.md"
        assert library.ask("Ship5 left the harbour").hits
        assert len(library.sync(tmp_path / "sources").unchanged) == COUNT
        assert library.rebuild().encoded == 0
        assert library.disagreements() == {}
        assert library.settings.passage_tokens == TOKENS
    assert model_loads == ["other"]


def test_backups_and_copies_keep_the_model(rebuilt: Path, model_loads: ModelLoads, tmp_path: Path) -> None:
    """A restored backup and a copied folder keep the model; an export keeps the passages, and names no model."""
    path = tmp_path / "new.md"
    path.write_text(text_about(60))
    with Library.open(rebuilt, Settings()) as library:
        library.backup(tmp_path / "b.zip")
        library.export_library(tmp_path / "e.zip")
        made_with = library.stats().made_with
    Library.restore(tmp_path / "b.zip", tmp_path / "restored")
    shutil.copytree(rebuilt, tmp_path / "copied")
    for name in ("restored", "copied"):
        with Library.open(tmp_path / name, Settings()) as library:
            assert library.add(path).added == (str(path),)
            assert library.stats().made_with == made_with
    assert set(model_loads) == {"other"}
    model_loads.clear()
    with Library.open(tmp_path / "imported", Settings(model="other")) as library:
        assert library.import_library(tmp_path / "e.zip").encoded == 0
        assert library.stats().made_with == made_with
    with Library.open(tmp_path / "imported", Settings()) as library:
        assert library.add(path).added == (str(path),)
    model_loads.clear()
    with Library.open(tmp_path / "elsewhere", Settings()) as library:
        assert library.import_library(tmp_path / "e.zip").encoded > 0
        assert library.stats().made_with.startswith("built-in@1")
    assert model_loads == [""], "an imported file does not choose the model"


def test_open_library_follows_a_rebuild_with_another_model(rebuilt: Path, model_loads: ModelLoads) -> None:
    """A server continues to answer after another process rebuilt the library."""
    with Library.open(rebuilt, Settings()) as serving, Library.open(rebuilt, Settings()) as other:
        assert best_source(serving, "Ship5") == "05.md"
        other.rebuild(model="third")
        assert best_source(serving, "Ship5") == "05.md"
        assert serving.encoder().name == "third@1"
        other.rebuild(model="")
        assert best_source(serving, "Ship5") == "05.md"
        other.rebuild(model="other")
    assert model_loads[0] == "other"


@pytest.mark.parametrize(
    ("setting", "value", "shown_value"),
    [("PASSAGE_TOKENS", "170", "170"), ("MODEL", "another", "another"), ("MODEL", "", "")],
)
def test_setting_that_contradicts_the_library_is_refused(
    rebuilt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, shown_value: str
) -> None:
    """The error says what to unset, and the doctor reports it, too."""
    path = tmp_path / "new.md"
    path.write_text(text_about(70))
    monkeypatch.setenv(f"PINCITE_{setting}", value)
    with Library.open(rebuilt, Settings()) as library:
        with pytest.raises(FingerprintMismatch) as caught:
            library.add(path)
        assert f"PINCITE_{setting}" in caught.value.hint
        assert "pincite rebuild" in caught.value.hint
        assert list(library.disagreements()) == [setting.lower()]
    (problem,) = [problem for problem in diagnose(rebuilt, Settings()).problems if "PINCITE_" in problem.what]
    assert f"PINCITE_{setting} is set to {shown_value!r}" in problem.what
    monkeypatch.delenv(f"PINCITE_{setting}")
    assert not [problem for problem in diagnose(rebuilt, Settings()).problems if "PINCITE_" in problem.what]


def test_contradicting_setting_is_named_as_in_its_file(
    rebuilt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For one from the file, no environment variable is mentioned; one that agrees is accepted."""
    file = tmp_path / "mine.toml"
    file.write_text("passage_tokens = 170\n")
    monkeypatch.setenv("PINCITE_CONFIG", str(file))
    (problem,) = [problem for problem in diagnose(rebuilt, Settings()).problems if "made with" in problem.what]
    assert problem.what.startswith(f"passage_tokens in {file} is set to '170'")
    assert "PINCITE_" not in problem.what
    with Library.open(rebuilt, Settings(model="other", passage_tokens=TOKENS)) as library:
        assert len(library.add(tmp_path / "sources").unchanged) == COUNT
        assert best_source(library, "Ship5") == "05.md"
        assert library.disagreements() == {}


def test_library_without_a_stored_model_uses_the_settings(
    rebuilt: Path, model_loads: ModelLoads, tmp_path: Path
) -> None:
    """A library of an older version has its passage size in its fingerprint; the next `add` stores the model, too."""
    path = tmp_path / "new.md"
    path.write_text(text_about(80))
    with Library.open(rebuilt, Settings()) as library, library.parts.store.catalog.database.writing() as connection:
        connection.execute("DELETE FROM meta WHERE key = 'model'")
    with Library.open(rebuilt, Settings(model="other")) as library:
        assert library.settings.passage_tokens == TOKENS
        library.add(path)
        assert library.parts.store.catalog.model() == "other"
    assert model_loads == ["other"]


def test_model_folder_is_stored_as_an_absolute_path(
    model_loads: ModelLoads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the library could be used from one working folder only."""
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    with Library.open(tmp_path / "library", Settings(model="model")) as library:
        library.add(write_files(tmp_path / "sources"))
        assert library.disagreements() == {}
    with Library.open(tmp_path / "library", Settings()) as library:
        assert library.settings.model == str(tmp_path / "model")
    assert model_loads == ["model"]
