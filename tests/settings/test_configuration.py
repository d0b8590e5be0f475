"""`pincite.toml`: where it is looked for, what prevails over it, and what is said when it is wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import SettingsError
from index.settings import Settings, configuration_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Run


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes a configuration file and names it."""

    def configured(text: str) -> Path:
        path = tmp_path / "settings" / "pincite.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        monkeypatch.setenv("PINCITE_CONFIG", str(path))
        return path

    return configured


# Where it is


def test_it_is_in_the_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that system keeps configurations; a file that is not there is no error."""
    monkeypatch.delenv("PINCITE_CONFIG")
    monkeypatch.setattr("index.settings.user_config_path", lambda name: tmp_path / name)
    assert configuration_path() == tmp_path / "pincite" / "pincite.toml"
    assert Settings().passage_tokens == 170
    (tmp_path / "pincite").mkdir()
    (tmp_path / "pincite" / "pincite.toml").write_text("passage_tokens = 99")
    assert Settings().passage_tokens == 99


def test_a_file_in_the_current_folder_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could send documents and the model's key to a server of whoever wrote the folder; unless it is named."""
    monkeypatch.delenv("PINCITE_CONFIG")
    monkeypatch.setattr("index.settings.user_config_path", lambda name: tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pincite.toml").write_text('llm_url = "http://127.0.0.1:9/v1"')
    assert Settings().llm_url == ""
    monkeypatch.setenv("PINCITE_CONFIG", "pincite.toml")
    assert Settings().llm_url == "http://127.0.0.1:9/v1"


def test_where_the_variable_is_empty_no_file_is_read(
    configured: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For programs that have to know what applies."""
    configured("passage_tokens = 99")
    monkeypatch.setenv("PINCITE_CONFIG", "")
    assert configuration_path() is None
    assert Settings().passage_tokens == 170


# What prevails


def test_arguments_then_environment_then_file_then_defaults(
    configured: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting by itself, and it is known where each comes from; what a file says counts as set."""
    path = configured("passage_tokens = 91\nmax_pages = 92\nmax_hits = 93\n")
    monkeypatch.setenv("PINCITE_PASSAGE_TOKENS", "81")
    monkeypatch.setenv("PINCITE_MAX_PAGES", "82")
    settings = Settings(passage_tokens=71)
    assert (settings.passage_tokens, settings.max_pages, settings.max_hits, settings.workers) == (71, 82, 93, 0)
    origins = [settings.origin(name) for name in ("passage_tokens", "max_pages", "max_hits", "workers")]
    assert origins == ["argument", "PINCITE_MAX_PAGES", str(path), "default"]
    assert {"passage_tokens", "max_pages", "max_hits"} <= settings.model_fields_set
    assert "workers" not in settings.model_fields_set


def test_paths_are_relative_to_the_file(configured: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder a command runs in; `~` is the user's own."""
    monkeypatch.delenv("PINCITE_LIBRARY")
    path = configured('library = "notes"\nallow_folders = ["papers", "/all", "~/x"]\n')
    settings = Settings()
    assert settings.library == path.parent / "notes"
    assert settings.allow_folders == (path.parent / "papers", Path("/all"), Path.home() / "x")


def test_a_list_of_folders_is_relative_to_the_file_in_either_form(configured: Callable[[str], Path]) -> None:
    """As in PATH, too: the second folder is not relative to wherever the server was started."""
    path = configured(f'allow_folders = "papers{os.pathsep}notes"\n')
    assert Settings().allow_folders == (path.parent / "papers", path.parent / "notes")


def test_a_model_is_a_folder_beside_the_file_or_a_name(configured: Callable[[str], Path]) -> None:
    """A name stays a name."""
    path = configured('model = "mine"\nreranker = "org/theirs"\n')
    assert Settings().model == "mine"
    (path.parent / "mine").mkdir()
    assert Settings().model == str(path.parent / "mine")
    assert Settings().reranker == "org/theirs"


def test_each_kind_of_value(configured: Callable[[str], Path]) -> None:
    """Text, numbers, yes and no."""
    configured('bar = 0.5\nallow_urls = true\nllm_model = "small"\nllm_key = "sesame"\nprecision = "float32"\n')
    settings = Settings()
    assert (settings.bar, settings.allow_urls, settings.llm_model, settings.precision) == (
        0.5,
        True,
        "small",
        "float32",
    )
    assert settings.llm_key.get_secret_value() == "sesame"


# What is wrong with it


@pytest.mark.parametrize(
    ("text", "said", "hint"),
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
def test_what_is_wrong_is_named_with_file_and_line(
    configured: Callable[[str], Path], text: str, said: str, hint: str
) -> None:
    """And what to do."""
    path = configured("")
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert str(path) in caught.value.message
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.hint


def test_a_secret_is_not_repeated(configured: Callable[[str], Path]) -> None:
    """Where it is wrong, too; and its default is told in words."""
    configured("llm_key = [12345]")
    with pytest.raises(SettingsError, match="'llm_key' cannot be that") as caught:
        Settings()
    assert "12345" not in str(caught.value)
    assert caught.value.hint.endswith("delete it for the default, which is empty.")


def test_a_wrong_variable_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a line of a file."""
    monkeypatch.setenv("PINCITE_BAR", "high")
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert caught.value.hint == "Change the environment variable PINCITE_BAR, or unset it for the default, 0.55."


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And has to be a file."""
    monkeypatch.setenv("PINCITE_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(SettingsError, match=r"nowhere\.toml does not exist"):
        Settings()
    monkeypatch.setenv("PINCITE_CONFIG", str(tmp_path))
    with pytest.raises(SettingsError, match="or is not a file"):
        Settings()


def test_the_command_line_tells_it_in_two_lines(run: Run, configured: Callable[[str], Path]) -> None:
    """With exit code 1."""
    path = configured("colour = 1")
    outcome = run("list")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"Error: {path}, line 1: there is no setting 'colour'.\n")


# Doctor


@pytest.mark.model
def test_doctor_shows_what_applies_and_from_where(
    run: Run, configured: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is set, with its place; all of it with --verbose and as JSON; keys and passwords hidden."""
    path = configured('llm_key = "sesame"\nllm_url = "http://ann:open@127.0.0.1:9/v1"\nmax_pages = 77\n')
    monkeypatch.setenv("PINCITE_MAX_HITS", "55")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pincite.toml").write_text("")
    told = run("doctor")
    lines = {line.split()[0]: line.split()[1:] for line in told.out.splitlines() if line.split()}
    assert lines["max_pages"] == ["77", str(path)]
    assert lines["max_hits"] == ["55", "PINCITE_MAX_HITS"]
    assert lines["llm_url"] == ["http://****@127.0.0.1:9/v1", str(path)]
    assert lines["Configuration"] == [str(path)]
    assert "read only if PINCITE_CONFIG names it" in told.out
    assert "parse_seconds" not in told.out
    settings = {each["name"]: each for each in run("doctor", "--json").json["settings"]}
    assert settings["parse_seconds"] == {"name": "parse_seconds", "value": "120.0", "origin": "default"}
    assert set(settings) == set(Settings.model_fields)
    assert "parse_seconds" in run("-v", "doctor").out
    for out in (told.out, run("doctor", "-v").out, run("doctor", "--json").out):
        assert "sesame" not in out
        assert "open@" not in out


@pytest.mark.model
def test_doctor_warns_of_a_key_that_others_can_read(run: Run, configured: Callable[[str], Path]) -> None:
    """As a problem, with its remedy."""
    path = configured('llm_key = "sesame"\n')
    assert "other users of this machine" not in run("doctor").out
    path.chmod(0o644)
    told = run("doctor", "--json")
    assert told.code == 1
    assert [problem["remedy"] for problem in told.json["problems"]] == [f"chmod 600 {path}"]
