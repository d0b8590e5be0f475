"""A library remembers with what it was made: whoever opens it need not say so."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from index.errors import EncoderError, FingerprintMismatch
from index.library.diagnosis import diagnose
from index.library.library import Library
from index.settings import Settings
from tests.backup.conftest import COUNT, first, words, write_files
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKENS = 100


class Loads(list[str]):
    """Which models were loaded, in order; each is a fake one that goes by its setting."""

    def __call__(self, settings: Settings) -> FakeEncoder:
        """What `load_encoder` is called with."""
        self.append(settings.model)
        return FakeEncoder(name=f"{settings.model or 'built-in'}@1")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Loads:
    """In place of real models."""
    for name in ("MODEL", "PASSAGE_TOKENS"):
        monkeypatch.delenv(f"PINCITE_{name}", raising=False)
    loads = Loads()
    monkeypatch.setattr("index.encoders.encoder.load_encoder", loads)
    monkeypatch.setattr("index.encoders.encoder.SentenceTransformerEncoder", absent)
    return loads


def absent(*_: object, **__: object) -> None:
    """The doctor looks at the encoder itself, which is not there."""
    raise EncoderError("There is no encoder here.", "Install one.")


@pytest.fixture
def rebuilt(loads: Loads, tmp_path: Path) -> Iterator[Path]:
    """The folder of a library that was rebuilt with another model, in other passages."""
    with Library.open(tmp_path / "library", Settings()) as library:
        library.add(write_files(tmp_path / "sources"))
        library.rebuild(model="other", passage_tokens=TOKENS)
        made_with = library.stats().made_with
    assert made_with.startswith("other@1")
    assert f"/{TOKENS}-" in made_with
    loads.clear()
    yield tmp_path / "library"
    with Library.open(tmp_path / "library", Settings()) as library:
        assert library.stats().made_with == made_with


def test_it_is_filled_and_asked_with_its_own(rebuilt: Path, loads: Loads, tmp_path: Path) -> None:
    """After a rebuild nothing has to be set, for whatever is done next."""
    path = tmp_path / "new.md"
    path.write_text(words(50))
    with Library.open(rebuilt, Settings()) as library:
        assert library.add(path).added == (str(path),)
        assert first(library, "Ship50") == "new.md"
        assert library.ask("Ship5 left the harbour").hits
        assert len(library.sync(tmp_path / "sources").unchanged) == COUNT
        assert library.rebuild().encoded == 0
        assert library.disagreements() == {}
        assert library.settings.passage_tokens == TOKENS
    assert loads == ["other"]


def test_copies_of_it_remember_too(rebuilt: Path, loads: Loads, tmp_path: Path) -> None:
    """A backup that is restored, and a folder that is copied; an export gives its passages, and names no model."""
    path = tmp_path / "new.md"
    path.write_text(words(60))
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
    assert set(loads) == {"other"}
    loads.clear()
    with Library.open(tmp_path / "imported", Settings(model="other")) as library:
        assert library.import_library(tmp_path / "e.zip").encoded == 0
        assert library.stats().made_with == made_with
    with Library.open(tmp_path / "imported", Settings()) as library:
        assert library.add(path).added == (str(path),)
    loads.clear()
    with Library.open(tmp_path / "elsewhere", Settings()) as library:
        assert library.import_library(tmp_path / "e.zip").encoded > 0
        assert library.stats().made_with.startswith("built-in@1")
    assert loads == [""], "no file that came from elsewhere says which model is loaded"


def test_who_has_it_open_follows(rebuilt: Path, loads: Loads) -> None:
    """A server goes on answering after another process rebuilt the library with another model."""
    with Library.open(rebuilt, Settings()) as serving, Library.open(rebuilt, Settings()) as other:
        assert first(serving, "Ship5") == "05.md"
        other.rebuild(model="third")
        assert first(serving, "Ship5") == "05.md"
        assert serving.encoder().name == "third@1"
        other.rebuild(model="")
        assert first(serving, "Ship5") == "05.md"
        other.rebuild(model="other")
    assert loads[0] == "other"


@pytest.mark.parametrize(
    ("setting", "value", "said"), [("PASSAGE_TOKENS", "170", "170"), ("MODEL", "another", "another"), ("MODEL", "", "")]
)
def test_what_is_set_by_hand_and_disagrees_is_refused(
    rebuilt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, said: str
) -> None:
    """The error says what to unset; the doctor finds it before."""
    path = tmp_path / "new.md"
    path.write_text(words(70))
    monkeypatch.setenv(f"PINCITE_{setting}", value)
    with Library.open(rebuilt, Settings()) as library:
        with pytest.raises(FingerprintMismatch) as caught:
            library.add(path)
        assert f"PINCITE_{setting}" in caught.value.hint
        assert "pincite rebuild" in caught.value.hint
        assert list(library.disagreements()) == [setting.lower()]
    (problem,) = [each for each in diagnose(rebuilt, Settings()).problems if "PINCITE_" in each.what]
    assert f"PINCITE_{setting} is set to {said!r}" in problem.what
    monkeypatch.delenv(f"PINCITE_{setting}")
    assert not [each for each in diagnose(rebuilt, Settings()).problems if "PINCITE_" in each.what]


def test_what_is_set_in_the_file_is_named_as_in_the_file(
    rebuilt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable is to be unset that is not set."""
    file = tmp_path / "mine.toml"
    file.write_text("passage_tokens = 170\n")
    monkeypatch.setenv("PINCITE_CONFIG", str(file))
    (problem,) = [each for each in diagnose(rebuilt, Settings()).problems if "made with" in each.what]
    assert problem.what.startswith(f"passage_tokens in {file} is set to '170'")
    assert "PINCITE_" not in problem.what


def test_what_is_set_by_hand_and_agrees_is_taken(rebuilt: Path, tmp_path: Path) -> None:
    """Nobody has to unset what is true."""
    with Library.open(rebuilt, Settings(model="other", passage_tokens=TOKENS)) as library:
        assert len(library.add(tmp_path / "sources").unchanged) == COUNT
        assert first(library, "Ship5") == "05.md"
        assert library.disagreements() == {}


def test_a_library_that_noted_no_model_is_what_the_settings_say(rebuilt: Path, loads: Loads, tmp_path: Path) -> None:
    """One from before: its passages stand in its fingerprint, its model is noted when it is next added to."""
    path = tmp_path / "new.md"
    path.write_text(words(80))
    with Library.open(rebuilt, Settings()) as library, library._store.catalog.database.writing() as connection:
        connection.execute("DELETE FROM meta WHERE key = 'model'")
    with Library.open(rebuilt, Settings(model="other")) as library:
        assert library.settings.passage_tokens == TOKENS
        library.add(path)
        assert library._store.catalog.model() == "other"
    assert loads == ["other"]


def test_a_folder_is_remembered_by_its_full_name(loads: Loads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the library could be asked from one working folder alone."""
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    with Library.open(tmp_path / "library", Settings(model="model")) as library:
        library.add(write_files(tmp_path / "sources"))
        assert library.disagreements() == {}
    with Library.open(tmp_path / "library", Settings()) as library:
        assert library.settings.model == str(tmp_path / "model")
    assert loads == ["model"]
