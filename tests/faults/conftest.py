"""Helper processes, small disks and checks of a library's state. Every test of this folder is marked `faults`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from tests.faults.disks import NoDiskError, mounted_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.library.library import Library

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)


class HelperProcess:
    """A program of `tests.faults`, with which the test exchanges lines."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"tests.faults.{module}", *arguments]
        root = HERE.parents[1]
        self.process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read_line(self) -> str:
        """Return the next line of the output; empty if the process has ended."""
        return _opened(self.process.stdout).readline().strip()

    def ask(self, line: str) -> list[str]:
        """Send a line and return the answer."""
        stdin = _opened(self.process.stdin)
        stdin.write(line + "\n")
        stdin.flush()
        return json.loads(self.read_line())  # type: ignore[no-any-return]

    def kill(self) -> None:
        """Send SIGKILL, so that the process cannot clean up."""
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for the end of the process and return its exit code."""
        _opened(self.process.stdin).close()
        code = self.process.wait()
        _opened(self.process.stdout).close()
        return code


def _opened(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def text_of(number: int, version: int = 1) -> str:
    """Return a text of three passages in which each sentence names its file."""
    return "\n".join(
        f"# Chapter {part}\n\nShip{number} left harbour{part} in winter. Captain{number} of version{version} slept.\n"
        for part in ("one", "two", "three")
    )


def write_files(folder: Path, count: int, version: int = 1) -> list[str]:
    """Write some files of a version and return their paths."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:03}.md" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(text_of(number, version))
    return [str(path) for path in paths]


def check_committed(library: Library, texts: Mapping[str, Sequence[str]]) -> set[str]:
    """Check that the library is a committed state: documents are whole and both indexes agree. Return its sources."""
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
    """Mount a disk of eight megabytes."""
    try:
        with mounted_disk(tmp_path / "disk", 8) as disk:
            yield disk
    except NoDiskError:
        pytest.skip("no disk can be mounted here: that takes root")
