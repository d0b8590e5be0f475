"""An index in a read-only folder, as one in a folder that takes changes: tantivy locks the folder that it reads."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from index.storage.lexical.folder import LIST, MANIFEST, META

if TYPE_CHECKING:
    from pathlib import Path

_REWRITTEN = (MANIFEST, META, LIST)
"""The manifest is first: what it tells of is in the others by then."""


def shadow(folder: Path, place: Path) -> None:
    """Make the empty folder `place` hold the index of `folder`: links to files that never change, copies of the rest.

    Writing in `place` changes nothing in `folder`. Where `folder` cannot be read, the index is empty.
    """
    with suppress(OSError):
        for name in _REWRITTEN:
            shutil.copyfile(folder / name, place / name)
        for path in folder.iterdir():
            if not path.name.startswith(".") and path.name not in _REWRITTEN:
                (place / path.name).symlink_to(path)
