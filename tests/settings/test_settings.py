"""Settings: by argument, else by environment, else by default; and nothing that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from index.errors import SettingsError
from index.settings import Settings


def test_nothing_needs_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults are the built-in encoder, and a library in the user's data folder."""
    monkeypatch.delenv("PINCITE_LIBRARY")
    settings = Settings()
    assert (settings.model, settings.device, settings.precision) == ("", "auto", "auto")
    assert settings.library.parts[-2:] == ("pincite", "library")
    assert not settings.library.exists() or settings.library.is_dir()


def test_the_environment_sets_and_an_argument_prevails(monkeypatch: pytest.MonkeyPatch) -> None:
    """`PINCITE_NAME` beats the default, an argument beats both."""
    monkeypatch.setenv("PINCITE_PASSAGE_TOKENS", "99")
    monkeypatch.setenv("PINCITE_LIBRARY", "/elsewhere")
    assert (Settings().passage_tokens, Settings().library) == (99, Path("/elsewhere"))
    assert Settings(passage_tokens=50).passage_tokens == 50


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"passage_tokens": 5}, "passage_tokens", id="too small"),
        pytest.param({"passage_tokens": "many"}, "passage_tokens", id="no number"),
        pytest.param({"precision": "float8"}, "precision", id="none of the choices"),
        pytest.param({"precision": "int8"}, "precision", id="a choice that is gone"),
        pytest.param({"max_file_megabytes": 0}, "max_file_megabytes", id="nothing allowed"),
        pytest.param({"max_pages": 0}, "max_pages", id="no page"),
        pytest.param({"allow_urls": "sometimes"}, "allow_urls", id="neither yes nor no"),
        pytest.param({"colour": "red"}, "colour", id="unknown"),
    ],
)
def test_what_cannot_be_used_is_named(values: dict[str, Any], named: str) -> None:
    """The error names the setting, the value, and both places where it can come from."""
    with pytest.raises(SettingsError) as caught:
        Settings(**values)
    assert f"The setting {named!r} cannot be {values[named]!r}" in caught.value.message
    assert f"PINCITE_{named.upper()}" in caught.value.hint


def test_folders_are_listed_as_in_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment by the system's own separator, empty parts left out; as an argument in any sequence."""
    monkeypatch.setenv("PINCITE_ALLOW_FOLDERS", os.pathsep.join(["/papers", "", "/more papers"]))
    assert Settings().allow_folders == (Path("/papers"), Path("/more papers"))
    assert Settings(allow_folders=["/x"]).allow_folders == (Path("/x"),)
    monkeypatch.setenv("PINCITE_ALLOW_FOLDERS", "")
    assert Settings().allow_folders == ()


def test_a_server_gives_away_nothing_by_default() -> None:
    """Neither the web nor a folder can be added through it, and its log holds no question."""
    settings = Settings()
    assert (settings.allow_urls, settings.allow_folders, settings.log_questions) == (False, (), False)


def test_the_environment_is_validated_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value from outside that cannot be used is refused like an argument."""
    monkeypatch.setenv("PINCITE_MAX_QUESTION_CHARACTERS", "no")
    with pytest.raises(SettingsError, match="PINCITE_MAX_QUESTION_CHARACTERS"):
        Settings()


def test_settings_do_not_change() -> None:
    """Who holds settings can rely on them."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().model = "other"
