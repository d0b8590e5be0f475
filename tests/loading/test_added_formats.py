"""A format that another distribution brings is recognised, read and listed, with the example of docs/formats.md."""

from __future__ import annotations

import os
import re
import subprocess
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

MODULE, ENTRY, BY_ENDING = re.findall(
    r"```(?:python|toml)\n(.*?)```", (ROOT / "docs" / "formats.md").read_text(encoding="utf-8"), re.DOTALL
)


def distribution(folder: Path, name: str, entries: dict[str, dict[str, str]], modules: dict[str, str]) -> Path:
    """Return a folder with a distribution, as an installer writes it: its entry points by group, and its modules."""
    packages = folder / "packages"
    about = packages / f"{name}-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    groups = [f"[{group}]\n" + "\n".join(map(" = ".join, named.items())) for group, named in entries.items()]
    (about / "entry_points.txt").write_text("\n".join(groups))
    for module, code in modules.items():
        (packages / f"{module}.py").write_text(code)
    return packages


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the distribution with the format, as far as Python looks."""
    ((group, entries),) = tomllib.loads(ENTRY.replace(":FORMAT", ":FORMATS"))["project"]["entry-points"].items()
    monkeypatch.syspath_prepend(
        distribution(tmp_path, "toy", {group: entries}, {"toy_format": f"{MODULE}\n{BY_ENDING}"})
    )
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
        by_ending = tmp_path / "hive.toylog"
        by_ending.write_text("TOY\nA hundred hives.\n")
        library.add([by_ending])
        assert library.search("hundred")[0].document.media_type == "text/x-toy-log"
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


BROKEN = {
    "pincite.formats": {"sad": "sad_format:FORMAT", "wrong": "wrong_format:FORMAT"},
    "pincite.commands": {"lost": "no_such_module:commands"},
}
REMEDY = "uninstall it (pip uninstall sorry), or leave out all plug-ins with PINCITE_PLUGINS=none."
BROKEN_MODULES = {"sad_format": "raise RuntimeError('no\\nluck')", "wrong_format": "FORMAT = ('Toy',)"}


def test_broken_plugins_are_named_and_left_out(tmp_path: Path) -> None:
    """A sentence on standard error names each, with what to do; commands and formats work without them."""
    packages = distribution(tmp_path, "sorry", BROKEN, BROKEN_MODULES)
    code = (
        "import sys; from index.records.file_kinds import formats; from index.cli.app import main; "
        "print(len(formats())); sys.argv = ['pincite', '--version']; main()"
    )
    paths = os.pathsep.join([str(packages), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "PINCITE_PLUGINS": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == str(len(formats()))
    told = [line.partition(" is broken ")[::2] for line in done.stderr.splitlines()]
    assert [each for each in told if "distribution sorry" in each[0]] == [
        (f"The plug-in {name} (entry point {group} of the distribution sorry)", f"({reason}): {REMEDY}")
        for name, group, reason in (
            ("lost", "pincite.commands", "ModuleNotFoundError: No module named 'no_such_module'"),
            ("sad", "pincite.formats", "RuntimeError: no luck"),
            ("wrong", "pincite.formats", "wrong_format:FORMAT is not a Format, nor a tuple of them"),
        )
    ]
