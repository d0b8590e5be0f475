"""A quick program called tesseract that knows what is on every page, for tests that start processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from index.loading.recognition import tesseract

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_PROGRAM = r"""#!/bin/sh
home='HOME'
case "$*" in
*--version*) echo "tesseract 9.0" ;;
*--list-langs*) printf 'List of available languages (1):\neng\n' ;;
*)
    cat > /dev/null
    page=$(($(ls "$home" | grep -c '^read-') + 1))
    : > "$home/read-$page"
    while [ -e "$home/wait-$page" ]; do sleep 0.02; done
    while [ -e "$home/spin-$page" ]; do :; done
    if [ -e "$home/fail-$page" ]; then echo "page $page makes it fail" >&2; exit 1; fi
    n=0
    for word in Page $page says that the ship was towed to sea and sold to its owner; do
        printf '5\t1\t1\t1\t1\t%d\t%d\t300\t30\t28\t95.5\t%s\n' $n $((10 + 32 * n)) "$word"
        n=$((n + 1))
    done ;;
esac
"""


class StubTesseract:
    """The program's folder; files in it say what the next pages do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def pages(self) -> int:
        """Number of pages that were recognised, or are being recognised."""
        return len(list(self.folder.glob("read-*")))

    def let_wait(self, page: int) -> Path:
        """Let the page with this number wait until the returned file is deleted."""
        path = self.folder / f"wait-{page}"
        path.touch()
        return path

    def let_spin(self, page: int) -> None:
        """Let the page with this number use processor time for ever."""
        (self.folder / f"spin-{page}").touch()

    def let_fail(self, page: int) -> None:
        """Let the page with this number fail."""
        (self.folder / f"fail-{page}").touch()


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> StubTesseract:
    """Put the program first on the path, for this process and those that it starts."""
    folder.mkdir()
    program = folder / "tesseract"
    program.write_text(_PROGRAM.replace("HOME", str(folder)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    tesseract._installed.cache_clear()
    tesseract._models.cache_clear()
    return StubTesseract(folder)
