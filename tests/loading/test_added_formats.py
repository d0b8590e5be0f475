"""A format that another distribution brings is recognised, read and listed, with the example of docs/formats.md."""

from __future__ import annotations

import re
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from index.library.diagnosis import diagnose
from index.library.library import Library
from index.loading.sandbox import pool
from index.records.file_kinds import forget_formats, format_of, formats
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.reference import ROOT, format_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE, ENTRY = re.findall(
    r"```(?:python|toml)\n(.*?)```", (ROOT / "docs" / "formats.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the distribution with the format, as far as Python looks."""
    ((group, entries),) = tomllib.loads(ENTRY)["project"]["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    folder = tmp_path / "packages"
    (folder / "toy-1.dist-info").mkdir(parents=True)
    (folder / "toy-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1\n")
    (folder / "toy-1.dist-info" / "entry_points.txt").write_text("\n".join(lines))
    (folder / "toy_format.py").write_text(MODULE)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delenv("PINCITE_PLUGINS", raising=False)
    forget_formats()
    pool.close_idle()  # processes that have looked for formats already
    yield
    forget_formats()
    pool.close_idle()
    sys.modules.pop("toy_format", None)


@pytest.mark.usefixtures("_installed")
def test_an_added_format_is_read_and_listed(tmp_path: Path) -> None:
    """Its module has fewer than forty lines, and it needs one entry besides."""
    assert len(MODULE.splitlines()) < 40
    file = tmp_path / "hive.txt"
    file.write_text("TOY\nThe bees are well.\n")
    with Library.open(tmp_path / "library", Settings(), encoder=FakeEncoder()) as library:
        library.add([file])
        (info,) = library.documents()
        assert (info.media_type, info.kind) == ("text/x-toy", "Toy")
        assert library.search("bees")[0].passage.text == "The bees are well."
    assert format_row(format_of("text/x-toy")) == ("Toy", "`.toy`", "")
    without_model = Settings(model=str(tmp_path / "no model"))  # else the diagnosis runs it
    assert "Toy" in diagnose(tmp_path / "library", without_model).findings["Formats"]


@pytest.mark.usefixtures("_installed")
def test_plugins_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """PINCITE_PLUGINS=none leaves the built-in formats."""
    assert "Toy" in {each.name for each in formats()}
    monkeypatch.setenv("PINCITE_PLUGINS", "none")
    forget_formats()
    assert {"Toy", "EPUB"} & {each.name for each in formats()} == set()
    assert format_of("text/x-toy").kind == "toy"
