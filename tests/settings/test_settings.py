"""Settings: arguments override the environment, which overrides the defaults, and every value is validated."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import SettingsError
from index.settings import Settings, configuration_path
from tests.cases import cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Run


def test_defaults_need_no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the built-in encoder, and a library in the user's data folder.

    A server accepts neither addresses nor folders, and logs no question.
    """
    monkeypatch.delenv("PINCITE_LIBRARY")
    settings = Settings()
    assert (settings.model, settings.device, settings.precision) == ("", "auto", "auto")
    assert settings.library.parts[-2:] == ("pincite", "library")
    assert not settings.library.exists() or settings.library.is_dir()
    assert (settings.allow_urls, settings.allow_folders, settings.log_questions) == (False, (), False)


@cases(
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


# `pincite.toml`: where it is read from, what overrides it, and which error a mistake in it gives


@pytest.fixture
def write_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that writes a configuration file and sets PINCITE_CONFIG to it."""

    def write_configuration(text: str) -> Path:
        path = tmp_path / "settings" / "pincite.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        monkeypatch.setenv("PINCITE_CONFIG", str(path))
        return path

    return write_configuration


# Location


def test_configuration_is_read_from_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the usual one of the system; a missing file is no error."""
    monkeypatch.delenv("PINCITE_CONFIG")
    monkeypatch.setattr("index.settings.user_config_path", lambda name: tmp_path / name)
    assert configuration_path() == tmp_path / "pincite" / "pincite.toml"
    assert Settings().passage_tokens == 170
    (tmp_path / "pincite").mkdir()
    (tmp_path / "pincite" / "pincite.toml").write_text("passage_tokens = 99")
    assert Settings().passage_tokens == 99


def test_configuration_in_the_current_folder_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign folder could send documents and the model's key to its server. PINCITE_CONFIG may name the file."""
    monkeypatch.delenv("PINCITE_CONFIG")
    monkeypatch.setattr("index.settings.user_config_path", lambda name: tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pincite.toml").write_text('llm_url = "http://127.0.0.1:9/v1"')
    assert Settings().llm_url == ""
    monkeypatch.setenv("PINCITE_CONFIG", "pincite.toml")
    assert Settings().llm_url == "http://127.0.0.1:9/v1"


def test_empty_variable_disables_the_configuration_file(
    write_configuration: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs can rely on the defaults then."""
    write_configuration("passage_tokens = 99")
    monkeypatch.setenv("PINCITE_CONFIG", "")
    assert configuration_path() is None
    assert Settings().passage_tokens == 170


# Precedence


def test_precedence_is_argument_environment_file_default(
    write_configuration: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds for each setting, whose origin is known; a value of the file counts as set."""
    path = write_configuration("passage_tokens = 91\nmax_pages = 92\nmax_hits = 93\n")
    monkeypatch.setenv("PINCITE_PASSAGE_TOKENS", "81")
    monkeypatch.setenv("PINCITE_MAX_PAGES", "82")
    settings = Settings(passage_tokens=71)
    assert (settings.passage_tokens, settings.max_pages, settings.max_hits, settings.workers) == (71, 82, 93, 0)
    origins = [settings.origin(name) for name in ("passage_tokens", "max_pages", "max_hits", "workers")]
    assert origins == ["argument", "PINCITE_MAX_PAGES", str(path), "default"]
    assert {"passage_tokens", "max_pages", "max_hits"} <= settings.model_fields_set
    assert "workers" not in settings.model_fields_set


def test_paths_are_relative_to_the_configuration_file(
    write_configuration: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working folder does not matter, and `~` is the user's home. A model is a folder there, or a name."""
    monkeypatch.delenv("PINCITE_LIBRARY")
    path = write_configuration('library = "notes"\nallow_folders = ["papers", "/all", "~/x"]\n')
    settings = Settings()
    assert settings.library == path.parent / "notes"
    assert settings.allow_folders == (path.parent / "papers", Path("/all"), Path.home() / "x")
    path = write_configuration(f'allow_folders = "papers{os.pathsep}notes"\n')
    assert Settings().allow_folders == (path.parent / "papers", path.parent / "notes")
    path = write_configuration('model = "mine"\nreranker = "org/theirs"\n')
    assert Settings().model == "mine"
    (path.parent / "mine").mkdir()
    assert Settings().model == str(path.parent / "mine")
    assert Settings().reranker == "org/theirs"


def test_values_of_each_type_are_read(write_configuration: Callable[[str], Path]) -> None:
    """The types are text, numbers and booleans."""
    write_configuration(
        'bar = 0.5\nallow_urls = true\nllm_model = "small"\nllm_key = "sesame"\nprecision = "float32"\n'
    )
    settings = Settings()
    values = (settings.bar, settings.allow_urls, settings.llm_model, settings.precision)
    assert values == (0.5, True, "small", "float32")
    assert settings.llm_key.get_secret_value() == "sesame"


# Errors


@cases(
    ("text", "message", "hint"),
    [
        pytest.param(
            "\npasage_tokens = 9", "line 2: there is no setting 'pasage_tokens'", "'passage_tokens'", id="a typo"
        ),
        pytest.param("PINCITE_DEVICE = 'cpu'", "line 1: there is no setting", "'device'", id="as in the environment"),
        pytest.param("passage-tokens = 99", "line 1: there is no setting", "'passage_tokens'", id="a hyphen"),
        pytest.param("# x\n[llm]\nurl = 'x'", "line 2: there is no setting 'llm'", "", id="a table"),
        pytest.param("zzzz = 1", "line 1: there is no setting 'zzzz'", "doctor", id="nothing like a setting"),
        pytest.param(
            "bar = 0.5\npassage_tokens = 5", "line 2: the setting 'passage_tokens' cannot be 5", "170", id="too small"
        ),
        pytest.param(
            "passage_tokens = 'many'", "line 1: the setting 'passage_tokens' cannot be 'many'", "", id="no number"
        ),
        pytest.param("bar = 1\nallow_folders = 5", "line 2: the setting 'allow_folders'", "delete", id="no path"),
        pytest.param("llm_url = [1]", "line 1: the setting 'llm_url' cannot be [1]", "", id="a list"),
        pytest.param("passage_tokens 99", "is not valid TOML", "passage_tokens = 170", id="no TOML"),
        pytest.param("device = 'caf\udce9'", "is not valid TOML", "", id="no UTF-8"),
    ],
)
def test_error_names_the_file_and_the_line(
    write_configuration: Callable[[str], Path], text: str, message: str, hint: str
) -> None:
    """The hint says what to do."""
    path = write_configuration("")
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.hint


def test_error_does_not_repeat_a_secret(write_configuration: Callable[[str], Path]) -> None:
    """The default is described in words."""
    write_configuration("llm_key = [12345]")
    with pytest.raises(SettingsError, match="'llm_key' cannot be that") as caught:
        Settings()
    assert "12345" not in str(caught.value)
    assert caught.value.hint.endswith("delete it for the default, which is empty.")


def test_error_in_a_variable_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint does not name a line of a file."""
    monkeypatch.setenv("PINCITE_BAR", "high")
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert caught.value.hint == "Change the environment variable PINCITE_BAR, or unset it for the default, 0.55."


def test_missing_configuration_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in its place is one, too."""
    monkeypatch.setenv("PINCITE_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingsError, match=r"nowhere\.toml does not exist"):
        Settings()
    monkeypatch.setenv("PINCITE_CONFIG", str(tmp_path))
    with pytest.raises(SettingsError, match="or is not a file"):
        Settings()


def test_command_line_reports_a_configuration_error(run: Run, write_configuration: Callable[[str], Path]) -> None:
    """The exit code is 1, and there is no output."""
    path = write_configuration("colour = 1")
    outcome = run("list")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"Error: {path}, line 1: there is no setting 'colour'.\n")


# Doctor


def test_doctor_shows_settings_with_their_origins(
    run: Run, write_configuration: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It lists changed settings, or all with --verbose and as JSON; keys and passwords are hidden."""
    path = write_configuration('llm_key = "sesame"\nllm_url = "http://ann:open@127.0.0.1:9/v1"\nmax_pages = 77\n')
    monkeypatch.setenv("PINCITE_MAX_HITS", "55")
    monkeypatch.setenv("PINCITE_MODEL", str(tmp_path / "no model"))  # else it is run three times
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pincite.toml").write_text("")
    outcome, verbose, as_json = run("doctor"), run("doctor", "-v"), run("doctor", "--json")
    lines = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines() if line.split()}
    assert lines["max_pages"] == ["77", str(path)]
    assert lines["max_hits"] == ["55", "PINCITE_MAX_HITS"]
    assert lines["llm_url"] == ["http://****@127.0.0.1:9/v1", str(path)]
    assert lines["Configuration"] == [str(path)]
    assert "read only if PINCITE_CONFIG names it" in outcome.out
    assert "parse_seconds" not in outcome.out
    settings = {setting["name"]: setting for setting in as_json.json["settings"]}
    assert settings["parse_seconds"] == {"name": "parse_seconds", "value": "120.0", "origin": "default"}
    assert set(settings) == set(Settings.model_fields)
    assert "parse_seconds" in verbose.out
    for out in (outcome.out, verbose.out, as_json.out):
        assert "sesame" not in out
        assert "open@" not in out


@pytest.mark.model
def test_doctor_reports_a_key_that_others_can_read(run: Run, write_configuration: Callable[[str], Path]) -> None:
    """The problem has a command as its remedy."""
    path = write_configuration('llm_key = "sesame"\n')
    assert "other users of this machine" not in run("doctor").out
    path.chmod(0o644)
    outcome = run("doctor", "--json")
    assert outcome.code == 1
    assert [problem["remedy"] for problem in outcome.json["problems"]] == [f"chmod 600 {path}"]
