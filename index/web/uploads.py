"""Where uploaded files stay: `uploads/` in the library's folder, each under its own name.

Gradio receives a file into a folder for temporary files, under a random path, and deletes it after a while. A document
needs a source that lasts: its name is its title where the file states none, `verify` reads it again, and a file
uploaded again under the same name is recognised as its next version. Hence each upload is moved here before it is
added. What the library does not hold in the end does not stay: a file that failed goes, and its predecessor returns;
with a document, its file goes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_LONGEST_NAME = 200
"""In bytes; file systems take 255, and a prefix and a suffix may follow."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
"""What no file system in use would take, or what would lead out of the folder."""
_FALLBACK = "document"


class Uploads:
    """The folder of uploaded files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, files: Sequence[str | Path]) -> list[Path]:
        """Move files here, in order; one that was here under the same name is set aside until `settle`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        taken: list[Path] = []
        for file in files:
            target = self._free({path.name for path in taken}, safe_name(str(file)))
            if target.exists():
                target.replace(_aside(target))
            shutil.move(file, target)
            taken.append(target)
        return taken

    def settle(self, taken: Sequence[Path], held: Collection[str]) -> None:
        """Keep the files whose bytes the library holds, by their SHA-256; of the others, bring back what was before."""
        for path in taken:
            before = _aside(path)
            if _sha256(path) in held:
                before.unlink(missing_ok=True)
            elif before.exists():
                before.replace(path)
            else:
                path.unlink()

    def forget(self, identity: str) -> None:
        """Delete every file that has these bytes."""
        for path in self._files():
            if _sha256(path) == identity:
                path.unlink()

    def _files(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from (path for path in sorted(self._folder.iterdir()) if path.is_file())

    def _free(self, taken: set[str], name: str) -> Path:
        """Two files of one upload may share a name, having come from two folders: they are not versions of one."""
        path, number = self._folder / name, 1
        while path.name in taken:
            number += 1
            path = self._folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
        return path


def safe_name(name: str) -> str:
    """The last part of a path of whatever system, without what could lead elsewhere or is no name at all."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    clean = _UNSAFE.sub("", last).strip(" .") or _FALLBACK
    suffix = os.fsencode(Path(clean).suffix)[:20]
    stem = os.fsencode(Path(clean).stem)[: _LONGEST_NAME - len(suffix)]
    return (stem + suffix).decode("utf-8", "ignore")


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.before")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
