"""Every test in this folder is marked `faults`; processes of its own, and a library whose state can be checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.library.library import Library

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)


class Helper:
    """A process of `tests.faults`, with which the test speaks line by line."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"tests.faults.{module}", *arguments]
        root = HERE.parents[1]
        self.process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def hear(self) -> str:
        """The next line it says; empty where it has ended."""
        return _sure(self.process.stdout).readline().strip()

    def ask(self, line: str) -> list[str]:
        """Say a line, and hear the answer."""
        stdin = _sure(self.process.stdin)
        stdin.write(line + "\n")
        stdin.flush()
        return json.loads(self.hear())  # type: ignore[no-any-return]

    def kill(self) -> None:
        """SIGKILL: it has no chance to tidy up."""
        self.process.kill()
        self.end()

    def end(self) -> int:
        """Wait for its end."""
        _sure(self.process.stdin).close()
        code = self.process.wait()
        _sure(self.process.stdout).close()
        return code


def _sure(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def words_of(n: int, version: int = 1) -> str:
    """A file of three passages in which each sentence names the file, so that nothing can be mistaken."""
    return "\n".join(
        f"# Chapter {part}\n\nShip{n} left harbour{part} in winter. Captain{n} of version{version} slept.\n"
        for part in ("one", "two", "three")
    )


def write_files(folder: Path, count: int, version: int = 1) -> list[str]:
    """So many files of that version."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{n:03}.md" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_text(words_of(n, version))
    return [str(path) for path in paths]


def check_committed(library: Library, texts: Mapping[str, Sequence[str]]) -> set[str]:
    """The library is some committed state: each document is whole, and both indexes agree. Gives its sources."""
    assert library.problems() == []
    sources = set()
    for info in library.documents():
        assert library.document(info.id).text in texts[info.source]
        assert info.passages == 3
        sources.add(info.source)
    for source in sorted(texts)[::20]:
        ship = f"Ship{int(Path(source).stem)} "
        found = [hit.document.source for hit in library.search(ship, limit=30) if ship in hit.passage.text]
        assert found == ([source] * 3 if source in sources else [])
    return sources


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(mounted)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no disk can be mounted here: that takes root")
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def fill(disk: Path, *, leave: int) -> Path:
    """Take all but so many bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
    ballast = disk / "ballast"
    ballast.write_bytes(b"\0" * (free - leave))
    return ballast
