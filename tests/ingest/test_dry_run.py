"""`sync(dry_run=True)` gives the receipt of the real run, whatever happened to the files, and changes nothing."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.library.library import Library
from index.settings import Settings
from tests.backup.forgeries import Manifest, Parts, altered
from tests.fakes import FakeEncoder
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.records import Receipt
    from tests.conftest import Write

SEA = "# Sea\n\nThe ship left the harbour. A whale swam by.\n"
LAND = "# Land\n\nThe king signed the treaty. Bread was dear.\n"
HILL = "# Hill\n\nA shepherd counted the comets.\n"
BROKEN = "%PDF-1.7 and nothing more"


MANY = length(30, 200)
TEXTS = {"sea.md": SEA, "land.md": LAND, "below/deep.md": "# Deep\n\nThe clock stopped the bell.\n"}
OPTIONS = Settings(passage_tokens=32, max_file_megabytes=1)


pytestmark = pytest.mark.usefixtures("settled_files")


class Templates:
    """Libraries that scenarios start from. Each is made once, and each scenario changes a copy of it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = root / "sources"

    @contextmanager
    def synced(self) -> Iterator[Library]:
        """Open a library that is in sync with the three files of the folder."""
        self._write_files(TEXTS)
        with self._copy_of("synced", lambda library: library.sync(self.folder)) as library:
            library.sync(self.folder)  # remembers the metadata of the new files
            yield library

    @contextmanager
    def imported(self, *, forged: bool) -> Iterator[Library]:
        """Open a library with an import of the same files, and of one whose path is elsewhere on this machine."""
        self._write_files(TEXTS | {"here.md": HILL})
        sources = {self.folder / name: text for name, text in TEXTS.items()} | {self._root / "there/hill.md": HILL}
        name = "forged" if forged else "imported"
        with self._copy_of(
            name, lambda library: _import_library(library, self._root, sources, forged=forged)
        ) as library:
            yield library

    def _write_files(self, texts: dict[str, str]) -> None:
        """Write the files of the folder, without those of the scenario before, which may have changed permissions."""
        for path in self.folder.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, text in texts.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)

    @contextmanager
    def _copy_of(self, name: str, fill: Callable[[Library], object]) -> Iterator[Library]:
        template, copy = self._root / name, self._root / "library"
        if not template.exists():
            with Library.open(template, OPTIONS, encoder=FakeEncoder()) as library:
                fill(library)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(template, copy)
        with Library.open(copy, OPTIONS, encoder=FakeEncoder()) as library:
            yield library


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Return the libraries that scenarios start from."""
    return Templates(tmp_path_factory.mktemp("dry-run"))


def comparable(receipt: Receipt) -> Receipt:
    """Return a receipt without its time and encodings, which only the real run can know."""
    return replace(receipt, seconds=0.0, encoded=0)


def sync_after_dry_runs(library: Library, folder: Path, *, checksum: bool = False, force: bool = False) -> Receipt:
    """Sync after two dry runs; check that both gave its receipt, changed and encoded nothing, and return it."""

    def sync(*, dry_run: bool) -> Receipt:
        return comparable(library.sync(folder, dry_run=dry_run, checksum=checksum, force=force))

    def state() -> object:
        encoded = list(library.encoder().encoded)  # type: ignore[attr-defined]
        return library.generation(), library.parts.store.catalog.sources(), library.queue(), encoded

    before = state()
    dry_runs = [sync(dry_run=True) for _ in range(2)]
    assert state() == before
    receipt = sync(dry_run=False)
    assert dry_runs == [receipt, receipt]
    assert sync(dry_run=True) == sync(dry_run=False)
    return receipt


def _write_unreadable(path: Path) -> None:
    """Write a file that its owner cannot open; root can."""
    path.write_text(HILL)
    path.chmod(0)


SCENARIOS: dict[str, Callable[[Path], object]] = {
    "no change": lambda folder: None,
    "new": lambda folder: (folder / "new.md").write_text(HILL),
    "changed": lambda folder: (folder / "sea.md").write_text(HILL),
    "touched": lambda folder: os.utime(folder / "sea.md", (1, 1)),
    "renamed": lambda folder: (folder / "sea.md").rename(folder / "ocean.md"),
    "moved": lambda folder: (folder / "sea.md").rename(folder / "below" / "sea.md"),
    "moved and changed": lambda folder: (
        (folder / "sea.md").rename(folder / "below" / "sea.md"),
        (folder / "below" / "sea.md").write_text(HILL),
    ),
    "renamed to another format": lambda folder: (folder / "sea.md").rename(folder / "sea.txt"),
    "renamed to a format that does not fit": lambda folder: (folder / "sea.md").rename(folder / "sea.pdf"),
    "vanished": lambda folder: (folder / "sea.md").unlink(),
    "vanished, and a copy of another is new": lambda folder: (folder / "sea.md").rename(folder / "x").write_text(LAND),
    "copied": lambda folder: shutil.copy(folder / "sea.md", folder / "copy.md"),
    "copied to another format": lambda folder: shutil.copy(folder / "sea.md", folder / "copy.txt"),
    "two new with equal words": lambda folder: [(folder / name).write_text(HILL) for name in ("x.md", "y.md")],
    "three new with equal words, one under the name of another format": lambda folder: [
        (folder / name).write_text(HILL) for name in ("x.md", "y.txt", "z.pdf")
    ],
    "two changed to equal words": lambda folder: [(folder / name).write_text(HILL) for name in ("sea.md", "land.md")],
    "exchanged": lambda folder: [
        (folder / "sea.md").rename(folder / "x"),
        (folder / "land.md").rename(folder / "sea.md"),
        (folder / "x").rename(folder / "land.md"),
    ],
    "changed to the former words of another file": lambda folder: [
        (folder / "land.md").write_text(SEA),
        (folder / "sea.md").write_text(HILL),
    ],
    "new with the former words of a changed file": lambda folder: [
        (folder / "sea.md").write_text(HILL),
        (folder / "zzz.txt").write_text(SEA),
    ],
    "new and cannot be parsed": lambda folder: (folder / "broken.pdf").write_text(BROKEN),
    "changed and cannot be parsed": lambda folder: (folder / "sea.md").write_bytes(b"\x00\x01\x02" * 400),
    "new and empty": lambda folder: (folder / "empty.md").write_text(""),
    "new of no known format": lambda folder: (folder / "a.exe").write_bytes(b"MZ\x00\x01" * 100),
    "new and cannot be opened": lambda folder: _write_unreadable(folder / "shut.md"),
    "changed and cannot be opened": lambda folder: _write_unreadable(folder / "sea.md"),
    "a folder that cannot be listed": lambda folder: (folder / "below").chmod(0),
    "a link to nothing": lambda folder: (folder / "lost.md").symlink_to(folder / "nowhere.md"),
    "a link to a file that is there": lambda folder: (folder / "also.md").symlink_to(folder / "sea.md"),
    "too large": lambda folder: (folder / "large.txt").write_text("The ship left. " * 80_000),
    "with a note": lambda folder: (folder / "note.txt").write_bytes(
        "The café served bread. ".encode() * 20 + b"A caf\xe9"
    ),
    "many": lambda folder: [(folder / f"{n}.md").write_text(f"# {n}\n\nThe ship {n} left.\n") for n in range(MANY)],
}


@pytest.mark.parametrize(
    "checksum", [pytest.param(False, id=""), pytest.param(True, id="checksum", marks=pytest.mark.nightly)]
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_dry_run_gives_the_receipt_of_the_real_run(templates: Templates, name: str, checksum: bool) -> None:
    """Each file is at the same place of the receipt, with the same reasons, notes and numbers of passages."""
    with templates.synced() as library:
        SCENARIOS[name](templates.folder)
        sync_after_dry_runs(library, templates.folder, checksum=checksum)


def test_scenarios_have_the_outcome_that_they_name(tmp_path: Path, folder: Path, write: Write) -> None:
    """Two scenarios are checked, because all of them might do the same by mistake."""
    (folder / "below").mkdir()
    (folder / "sea.md").write_text(SEA)
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        sync_after_dry_runs(library, folder)
        assert library.sync(folder, dry_run=True).passages == 0
        SCENARIOS["new and cannot be parsed"](folder)
        SCENARIOS["two new with equal words"](folder)
        receipt = sync_after_dry_runs(library, folder)
        assert [Path(failure.source).name for failure in receipt.failed] == ["broken.pdf"]
        assert [Path(source).name for source in receipt.added] == ["x.md", "y.md"]
        assert receipt.passages == 1


def _import_library(library: Library, root: Path, files: dict[Path, str], *, forged: bool) -> None:
    """Import a library that had these words in these files; if `forged`, its texts are altered."""
    folder = root / "exporter"
    folder.mkdir()
    archive = folder / "archive.zip"
    sources = {folder / f"{n}{path.suffix}": str(path) for n, path in enumerate(files)}
    for path, words in zip(sources, files.values(), strict=True):
        path.write_text(words)
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as exporting_library:
        exporting_library.add(sources.keys(), sources=sources)
        exported = exporting_library.export_library(archive)

    def alter(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            words = line["document"]["text"]
            line["document"]["text"] = words.replace(" the ", " any ") if forged else words

    if exported.documents:  # empty if the suffix does not fit the words
        altered(archive, alter)
    library.import_library(archive)
    shutil.rmtree(folder)


FORGED_SCENARIOS = (
    "no change", "changed", "moved and changed", "renamed to another format",
    "vanished, and a copy of another is new",
    "three new with equal words, one under the name of another format",
    "changed to the former words of another file", "new and cannot be parsed", "changed and cannot be opened",
    "a link to nothing",
)  # fmt: skip
"""The scenarios that the default run tries after a forged import; the other scenarios run at night."""
TRUE_SCENARIOS = ("renamed", "copied to another format", "exchanged")
"""The scenarios that it tries with checksums after an import that is not forged."""


def _is_default(name: str, *, checksum: bool, forged: bool) -> bool:
    return (name in FORGED_SCENARIOS and forged and not checksum) or (
        name in TRUE_SCENARIOS and checksum and not forged
    )


@pytest.mark.parametrize(
    ("name", "checksum", "forged"),
    [
        pytest.param(
            name,
            checksum,
            forged,
            id=f"{name}-{'checksum' if checksum else 'metadata'}-{'forged' if forged else 'true'}",
            marks=[] if _is_default(name, checksum=checksum, forged=forged) else pytest.mark.nightly,
        )
        for name, checksum, forged in product(SCENARIOS, (False, True), (False, True))
    ],
)
def test_dry_run_after_an_import_gives_the_receipt_of_the_real_run(
    templates: Templates, name: str, checksum: bool, forged: bool
) -> None:
    """Imported documents are replaced, kept or removed as the dry run announces."""
    with templates.imported(forged=forged) as library:
        SCENARIOS[name](templates.folder)
        sync_after_dry_runs(library, templates.folder, checksum=checksum, force=True)


def test_local_file_replaces_an_imported_document_of_another_path(tmp_path: Path, folder: Path) -> None:
    """The real run replaces the imported document, as the dry run announces."""
    (folder / "b.md").write_text(SEA)
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        _import_library(library, tmp_path, {tmp_path / "src" / "a.md": SEA}, forged=True)
        receipt = sync_after_dry_runs(library, folder)
        assert [Path(source).name for source in receipt.replaced] == ["b.md"]
        assert [info.source for info in library.documents()] == [str(folder / "b.md")]


FILE_NAMES = ("a.md", "b.md", "c.txt", "d/e.md", "d/f.pdf")
WORDS = (SEA, LAND, HILL, BROKEN, "")
ACTIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(FILE_NAMES), st.sampled_from(WORDS)),
    st.tuples(st.just("move"), st.sampled_from(FILE_NAMES), st.sampled_from(FILE_NAMES)),
    st.tuples(st.just("copy"), st.sampled_from(FILE_NAMES), st.sampled_from(FILE_NAMES)),
    st.tuples(st.just("delete"), st.sampled_from(FILE_NAMES), st.just("")),
    st.tuples(st.just("sync"), st.just(""), st.just("")),
    st.tuples(st.just("import"), st.sampled_from(FILE_NAMES), st.sampled_from((SEA, LAND, HILL))),
    st.tuples(st.just("forge"), st.sampled_from(FILE_NAMES), st.sampled_from((SEA, LAND, HILL))),
)


@settings(max_examples=length(6, 40))
@given(actions=st.lists(ACTIONS, min_size=1, max_size=12))
def test_dry_run_agrees_after_any_changes(
    actions: Sequence[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The two receipts are equal after any sequence of changes."""
    root = tmp_path_factory.mktemp("rehearsal")
    folder = root / "sources"
    (folder / "d").mkdir(parents=True)
    with Library.open(root / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        for action, first, second in [*actions, ("sync", "", "")]:
            path, other = folder / first, folder / second
            if action == "write":
                path.write_text(second)
            elif action == "sync":
                sync_after_dry_runs(library, folder, force=True)
            elif action in ("import", "forge"):
                _import_library(library, root, {path: second}, forged=action == "forge")
            elif path.is_file() and action == "delete":
                path.unlink()
            elif path.is_file() and path != other:
                path.rename(other) if action == "move" else shutil.copy(path, other)
        assert library.problems() == []
