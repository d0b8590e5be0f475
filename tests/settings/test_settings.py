"""Settings: arguments override the environment, which overrides the defaults, and every value is validated."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from index.errors import SettingsError
from index.settings import Settings


def test_defaults_need_no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the built-in encoder, and a library in the user's data folder."""
    monkeypatch.delenv("PINCITE_LIBRARY")
    settings = Settings()
    assert (settings.model, settings.device, settings.precision) == ("", "auto", "auto")
    assert settings.library.parts[-2:] == ("pincite", "library")
    assert not settings.library.exists() or settings.library.is_dir()


def test_environment_overrides_defaults_and_arguments_override_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable of a setting is `PINCITE_` and its name."""
    monkeypatch.setenv("PINCITE_PASSAGE_TOKENS", "99")
    monkeypatch.setenv("PINCITE_LIBRARY", "/elsewhere")
    assert (Settings().passage_tokens, Settings().library) == (99, Path("/elsewhere"))
    assert Settings(passage_tokens=50).passage_tokens == 50


@pytest.mark.parametrize(
    ("values", "name"),
    [
        pytest.param({"passage_tokens": 5}, "passage_tokens", id="too small"),
        pytest.param({"passage_tokens": "many"}, "passage_tokens", id="no number"),
        pytest.param({"precision": "float8"}, "precision", id="none of the choices"),
        pytest.param({"max_file_megabytes": 0}, "max_file_megabytes", id="nothing allowed"),
        pytest.param({"max_pages": 0}, "max_pages", id="no page"),
        pytest.param({"allow_urls": "sometimes"}, "allow_urls", id="neither yes nor no"),
        pytest.param({"colour": "red"}, "colour", id="unknown"),
    ],
)
def test_invalid_setting_is_named(values: dict[str, Any], name: str) -> None:
    """The error gives the setting, the value, and its variable."""
    with pytest.raises(SettingsError) as caught:
        Settings(**values)
    assert f"The setting {name!r} cannot be {values[name]!r}" in caught.value.message
    assert f"PINCITE_{name.upper()}" in caught.value.hint


def test_folders_are_separated_as_in_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment uses the system's separator, and empty parts are ignored; an argument may be any sequence."""
    monkeypatch.setenv("PINCITE_ALLOW_FOLDERS", os.pathsep.join(["/papers", "", "/more papers"]))
    assert Settings().allow_folders == (Path("/papers"), Path("/more papers"))
    assert Settings(allow_folders=["/x"]).allow_folders == (Path("/x"),)
    monkeypatch.setenv("PINCITE_ALLOW_FOLDERS", "")
    assert Settings().allow_folders == ()


def test_server_is_private_by_default() -> None:
    """It accepts neither addresses nor folders, and logs no question."""
    settings = Settings()
    assert (settings.allow_urls, settings.allow_folders, settings.log_questions) == (False, (), False)


def test_invalid_environment_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is validated like an argument."""
    monkeypatch.setenv("PINCITE_MAX_QUESTION_CHARACTERS", "no")
    with pytest.raises(SettingsError, match="PINCITE_MAX_QUESTION_CHARACTERS"):
        Settings()


def test_settings_are_immutable() -> None:
    """Code that holds settings can rely on them."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().model = "other"
