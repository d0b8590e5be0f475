"""The manifest of a published folder: what it was made of, and the size and SHA-256 of every file in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from index.errors import PublishError
from index.records import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "manifest.json"
FORMAT = "pincite publication"
VERSION = 1
PROTECTED = ("library/", "index/", "vendor/")
"""Folders that must not be changed. The other files of a publication are there for its owner to edit."""
_AGAIN = "Publish the library again, or copy the folder again."


@dataclass(frozen=True, slots=True)
class Manifest:
    """A publication and its files."""

    target: str
    title: str
    made_at: str
    """UTC, ISO 8601."""
    made_with: str
    documents: int
    passages: int
    questions: tuple[str, ...] = ()
    """Questions that the page suggests."""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Size in bytes and SHA-256 of each file, by its path in the folder."""

    def write(self, folder: Path) -> Manifest:
        """Hash all files of a folder, write the manifest there, and return it with the files."""
        described = {name: _facts(folder / name) for name in sorted(files_in(folder)) if name != NAME}
        complete = Manifest(**{**{name: getattr(self, name) for name in self.__slots__}, "files": described})
        content = {"format": FORMAT, "version": VERSION, **asdict(complete)}
        (folder / NAME).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        return complete


def read(folder: Path) -> Manifest:
    """Return the manifest of a published folder. Raises PublishError if there is none, or if it is damaged."""
    try:
        content = json.loads((folder / NAME).read_text("utf-8"))
        if content.pop("format") != FORMAT or content.pop("version") != VERSION:
            raise ValueError("it is of another kind")
        questions, files = tuple(map(str, content.pop("questions"))), content.pop("files")
        if not all(_is_inside(name) and {"bytes", "sha256"} <= facts.keys() for name, facts in files.items()):
            raise ValueError("it names files outside the folder")
        return Manifest(**content, questions=questions, files=files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"The folder {folder} has no valid {NAME}: {error}.", _AGAIN) from error


def check(folder: Path, manifest: Manifest, *, below: tuple[str, ...] = PROTECTED) -> list[Problem]:
    """Return a problem for each file in the folders `below` that is missing, changed or not in the manifest."""
    named = {name for name in manifest.files if name.startswith(below)}
    present = {name for name in files_in(folder) if name.startswith(below) and name != NAME}
    present = {name for name in present if "__pycache__" not in name}  # Python writes it where it may
    wrong = [(name, "is missing") for name in named - present]
    wrong += [(name, "is not part of the publication") for name in present - named]
    wrong += [(name, what) for name in named & present if (what := _difference(folder / name, manifest.files[name]))]
    return [Problem(f"{name} {what}.", _AGAIN) for name, what in sorted(wrong)]


def require_intact(folder: Path) -> Manifest:
    """Return the manifest of a published folder. Raises PublishError, which names a file, if it is not intact."""
    manifest = read(folder)
    if found := check(folder, manifest):
        raise PublishError(
            f"The publication is damaged: {found[0].what} Number of files that differ: {len(found)}.", found[0].remedy
        )
    return manifest


def files_in(folder: Path) -> Iterator[str]:
    """Yield the path of each file below a folder, relative to it, with slashes; links count as files."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _difference(path: Path, expected: Mapping[str, Any]) -> str:
    try:
        return "" if _facts(path) == expected else "was changed"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _facts(path: Path) -> dict[str, Any]:
    if path.is_symlink():  # a link leads anywhere: no publication has one
        return {}
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "sha256": digest}


def _is_inside(name: str) -> bool:
    return not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
