"""The configuration file `pincite.toml`: where it is, and the settings in it."""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from platformdirs import user_config_path
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from index.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal["path", "paths", "model"]
"""Kind of a setting with paths: one path, several paths (as in PATH, or a list), or a model's name or folder."""
FILE_NAME = "pincite.toml"
VARIABLE = "PINCITE_CONFIG"


def configuration_path() -> Path | None:
    """Return the file that PINCITE_CONFIG names; None if it is set to an empty value; if unset, the user's own file.

    A file in the current folder is not read automatically: it may come from a stranger, and its settings could send
    questions, passages and the key of the language model to the stranger's server.
    """
    named = os.environ.get(VARIABLE)
    if named is None:
        return user_config_path("pincite") / FILE_NAME
    return Path(named).expanduser().absolute() if named else None


class ConfigurationFile(TomlConfigSettingsSource):
    """Reads settings by their lower-case names; relative paths are relative to the file's folder.

    Raises SettingsError if PINCITE_CONFIG names a missing file, or if the file is unreadable, is not valid TOML, or has
    an unknown setting.
    """

    def __init__(self, settings_cls: type[BaseSettings], paths: Mapping[str, Kind]) -> None:
        self.path = configuration_path()
        self._text = ""
        if self.path is not None and VARIABLE in os.environ and not self.path.is_file():
            hint = f"Create the file, or unset {VARIABLE}; an empty value means that no file is read."
            raise SettingsError(f"The configuration file {self.path} does not exist or is not a file.", hint)
        super().__init__(settings_cls, toml_file=self.path)
        for name in self.toml_data:
            if name not in settings_cls.model_fields:
                raise self._unknown(name, settings_cls.model_fields)
        for name in self.toml_data.keys() & paths.keys():
            self.init_kwargs[name] = self._absolute(self.toml_data[name], paths[name])

    def error(self, name: str, problem: str, hint: str) -> SettingsError:
        """Return an error about a setting in the file, with its line number."""
        return SettingsError(f"{self.path}, line {self._line(name)}: {problem}.", hint)

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        try:
            self._text = file_path.read_text(encoding="utf-8")
            return tomllib.loads(self._text)
        except OSError as error:
            hint = "Check its permissions."
            message = f"The configuration file {file_path} cannot be read: {error.strerror}."
            raise SettingsError(message, hint) from error
        except ValueError as error:  # invalid TOML or invalid UTF-8
            message = f"The configuration file {file_path} is not valid TOML: {error}."
            hint = 'Write one setting per line: passage_tokens = 170, or: device = "cpu"'
            raise SettingsError(message, hint) from error

    def _unknown(self, name: str, known: Iterable[str]) -> SettingsError:
        alike = get_close_matches(name.lower().replace("-", "_").removeprefix("pincite_"), known, n=1)
        hint = f"Did you mean {alike[0]!r}?" if alike else "`pincite doctor -v` lists all settings."
        return self.error(name, f"there is no setting {name!r}", hint)

    def _line(self, name: str) -> int:
        key = re.escape(name)
        found = re.search(rf"""^[ \t]*(?:\[+[ \t]*)?["']?{key}["']?[ \t]*[=.\]]""", self._text, re.MULTILINE)
        return self._text.count("\n", 0, found.start()) + 1 if found else 1

    def _absolute(self, value: Any, kind: Kind) -> Any:
        """Resolve one or several paths against the file's folder; other values are left for validation to reject."""
        if kind == "paths" and isinstance(value, str):
            value = [part for part in value.split(os.pathsep) if part]
        if isinstance(value, list):
            return [self._absolute(path, "path") for path in value]
        if isinstance(value, str) and value and self.path is not None:
            path = self.path.parent / Path(value).expanduser()
            return str(path) if kind != "model" or path.is_dir() else value
        return value
