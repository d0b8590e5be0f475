"""The libraries behind one server: each a folder with an application, and the file that says who may use which."""

from __future__ import annotations

import logging
import re
import tomllib
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi.concurrency import run_in_threadpool

from index.errors import PinciteError, SettingsError
from index.library.library import Library
from index.server.principals import Grants
from index.settings import require_grant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from index.settings import Settings

    MakeApplication = Callable[[Library, Settings], FastAPI]


RULES = "libraries.toml"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of folders that can be served: they are part of an address."""
_KEYS = ("title", "readers", "curators")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What `libraries.toml` says about one library."""

    title: str = ""
    grants: Grants = field(default_factory=Grants)


@dataclass(frozen=True, slots=True)
class Served:
    """One library of the server."""

    name: str
    """The last part of its address; empty for the only library of a server."""
    app: FastAPI | None
    """None if the library cannot be opened; the log says why."""


class RulesFile:
    """The file `libraries.toml`. A change takes effect with the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._rules: dict[str, Rules] = {}

    def read(self, *, strict: bool = False) -> dict[str, Rules]:
        """Return the rules by library.

        After a mistake in the file the last valid rules hold and the log names the line; with `strict`, a SettingsError
        is raised instead.
        """
        stamp = self._stamp()
        if stamp != self._seen:
            try:
                self._rules = self._parsed()
            except SettingsError as error:
                if strict:
                    raise
                _log.error("%s %s The former rules hold.", error.message, error.hint)
            self._seen = stamp
        return self._rules

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _parsed(self) -> dict[str, Rules]:
        try:
            text = self._path.read_text(encoding="utf-8")
            tables = tomllib.loads(text)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SettingsError(f"{self._path} cannot be read: {error.strerror}.", "Check its permissions.") from error
        except ValueError as error:
            hint = 'Write a table for each library: [papers], and below it: readers = ["@example.org"]'
            raise SettingsError(f"{self._path} is not valid TOML: {error}.", hint) from error
        return {name: self._rules_of(name, table, text) for name, table in tables.items()}

    def _rules_of(self, name: str, table: Any, text: str) -> Rules:
        if not isinstance(table, dict):
            raise self._mistake(text, name, "", f"{name!r} is not a table", f"Write [{name}] on a line of its own.")
        for key, value in table.items():
            self._check(text, name, key, value)
        grants = Grants(tuple(table.get("readers", ())), tuple(table.get("curators", ())))
        return Rules(table.get("title", ""), grants)

    def _check(self, text: str, name: str, key: str, value: Any) -> None:
        if key not in _KEYS:
            raise self._mistake(text, name, key, f"there is no setting {key!r}", f"Use {', '.join(_KEYS)}.")
        if key == "title" and not isinstance(value, str):
            raise self._mistake(text, name, key, "the title is not a text", 'Write: title = "Papers"')
        if key == "title":
            return
        if not isinstance(value, list) or not all(isinstance(grant, str) for grant in value):
            raise self._mistake(text, name, key, f"{key!r} is not a list of texts", f'Write: {key} = ["@example.org"]')
        for grant in value:
            try:
                require_grant(grant)
            except ValueError as error:
                raise self._mistake(text, name, key, str(error), "Change that line.") from error

    def _mistake(self, text: str, name: str, key: str, problem: str, hint: str) -> SettingsError:
        """Return an error with the number of the line that has the key, or else of the library's table."""
        lines = text.splitlines()
        head = re.compile(rf"""\s*\[?\s*["']?{re.escape(name)}["']?\s*(?:\]|=)""")
        first = next((number for number, line in enumerate(lines) if head.match(line)), 0)
        wanted = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""") if key else head
        found = next((number for number in range(first, len(lines)) if wanted.match(lines[number])), first)
        return SettingsError(f"{self._path}, line {found + 1}: {problem}.", hint)


class Collection:
    """All libraries of a server, and their applications."""

    def __init__(self, served: dict[str, Served], rules: RulesFile | None, stack: ExitStack) -> None:
        self._served = served
        self._rules = rules
        self._stack = stack

    @property
    def is_single(self) -> bool:
        """Whether there is one library, at the root of the server."""
        return self._rules is None

    @property
    def names(self) -> list[str]:
        """The names of all libraries, in order."""
        return sorted(self._served, key=str.casefold)

    def find(self, name: str) -> Served | None:
        """Return a library by its exact name."""
        return self._served.get(name)

    def rules(self, name: str) -> Rules:
        """Return the rules of a library; those of an unknown one grant nothing beyond the settings."""
        return self._rules.read().get(name, Rules()) if self._rules else Rules()

    def title(self, name: str) -> str:
        """Return the name of a library for people."""
        return self.rules(name).title or name

    async def start(self, stack: AsyncExitStack) -> None:
        """Start all applications; the end of the stack stops them. One that fails is logged, and the others start.

        Their first questions come one after the other: at once, four libraries take 300 MB more, which stay.
        """
        for name, served in list(self._served.items()):
            if served.app is not None:
                try:
                    await stack.enter_async_context(served.app.router.lifespan_context(served.app))
                    await run_in_threadpool(served.app.state.service.warmup.join)
                except Exception:
                    _log.exception("The library %s cannot be served.", name)
                    self._served[name] = Served(name, None)

    async def close(self) -> None:
        """Close all libraries."""
        await run_in_threadpool(self._stack.close)


def single(folder: Path, settings: Settings, make: MakeApplication) -> Collection:
    """Open the only library of a server. Raises the errors of `Library.open`."""
    stack = ExitStack()
    library = stack.enter_context(Library.open(folder, settings))
    return Collection({"": Served("", make(library, settings))}, None, stack)


def several(folder: Path, settings: Settings, make: MakeApplication) -> Collection:
    """Open the libraries in the subfolders of a folder; one that cannot be opened does not stop the others.

    Raises SettingsError if the folder cannot be read, has no library, or `libraries.toml` has a mistake.
    """
    rules, stack = RulesFile(folder / RULES), ExitStack()
    rules.read(strict=True)
    served = {path.name: _opened(path, settings, make, stack) for path in _subfolders(folder)}
    if not served:
        hint = f"Make one: pincite --library {folder / 'papers'} add FILES"
        raise SettingsError(f"{folder} has no folder with a library.", hint)
    return Collection(served, rules, stack)


def _subfolders(folder: Path) -> Iterator[Path]:
    """Yield the folders of libraries. An empty folder becomes a library; one with other files is left alone."""
    try:
        entries = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise SettingsError(f"{folder} cannot be read: {error.strerror}.", "Name a folder of libraries.") from error
    for path in entries:
        if not NAME.fullmatch(path.name):
            _log.warning("%s is not served: its name may only have letters, digits, dots, hyphens and _.", path)
        elif (path / "catalog.db").exists() or not any(path.iterdir()):
            yield path
        else:
            _log.warning("%s is not served: it is not a library.", path)


def _opened(path: Path, settings: Settings, make: MakeApplication, stack: ExitStack) -> Served:
    try:
        library = Library.open(path, settings)
        stack.callback(library.close)
        app = make(library, settings)
    except PinciteError as error:
        _log.error("The library %s cannot be served: %s %s", path.name, error.message, error.hint)
        return Served(path.name, None)
    return Served(path.name, app)
