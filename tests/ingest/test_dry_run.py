"""`sync(dry_run=True)` gives the receipt of the real run, whatever happened to the files, and changes nothing."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.ingest import queue
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


@pytest.fixture(autouse=True)
def _aged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, as they do two seconds after they were written."""
    _age(monkeypatch)


def _age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.ingest.scan.SETTLING_NS", -(10**12))
    monkeypatch.setattr(queue, "SETTLING_NS", -(10**12))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the files are; afterwards all of it can be removed."""
    path = tmp_path / "sources"
    path.mkdir()
    yield path
    for each in path.rglob("*"):
        if not each.is_symlink():
            each.chmod(0o700)


def told(receipt: Receipt) -> Receipt:
    """A receipt without what only the real run can know: how long it took, and how much it encoded."""
    return replace(receipt, seconds=0.0, encoded=0)


def agree(library: Library, folder: Path, *, checksum: bool = False, force: bool = False) -> Receipt:
    """The receipt of a sync, which was the dry run's before it: twice, and without a change to the library."""

    def sync(*, dry_run: bool) -> Receipt:
        return told(library.sync(folder, dry_run=dry_run, checksum=checksum, force=force))

    before = (library.generation(), library._store.catalog.sources(), library.queue())
    foretold = [sync(dry_run=True) for _ in range(2)]
    assert (library.generation(), library._store.catalog.sources(), library.queue()) == before
    done = sync(dry_run=False)
    assert foretold == [done, done]
    assert sync(dry_run=True) == sync(dry_run=False)
    return done


def _write_shut(path: Path) -> None:
    """A file that its owner cannot open; whoever is root can."""
    path.write_text(HILL)
    path.chmod(0)


SCENARIOS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda folder: None,
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
    "renamed to a format that it is not": lambda folder: (folder / "sea.md").rename(folder / "sea.pdf"),
    "vanished": lambda folder: (folder / "sea.md").unlink(),
    "vanished, and one like another is new": lambda folder: (folder / "sea.md").rename(folder / "x").write_text(LAND),
    "copied": lambda folder: shutil.copy(folder / "sea.md", folder / "copy.md"),
    "copied to another format": lambda folder: shutil.copy(folder / "sea.md", folder / "copy.txt"),
    "two new of the same words": lambda folder: [(folder / name).write_text(HILL) for name in ("x.md", "y.md")],
    "two changed to the same words": lambda folder: [
        (folder / name).write_text(HILL) for name in ("sea.md", "land.md")
    ],
    "exchanged": lambda folder: [
        (folder / "sea.md").rename(folder / "x"),
        (folder / "land.md").rename(folder / "sea.md"),
        (folder / "x").rename(folder / "land.md"),
    ],
    "changed to what another file was, which changed": lambda folder: [
        (folder / "land.md").write_text(SEA),
        (folder / "sea.md").write_text(HILL),
    ],
    "a new file has the words that a changed one had": lambda folder: [
        (folder / "sea.md").write_text(HILL),
        (folder / "zzz.txt").write_text(SEA),
    ],
    "new and cannot be parsed": lambda folder: (folder / "broken.pdf").write_text(BROKEN),
    "changed and cannot be parsed": lambda folder: (folder / "sea.md").write_bytes(b"\x00\x01\x02" * 400),
    "new and empty": lambda folder: (folder / "empty.md").write_text(""),
    "new of no known format": lambda folder: (folder / "a.exe").write_bytes(b"MZ\x00\x01" * 100),
    "new and cannot be opened": lambda folder: _write_shut(folder / "shut.md"),
    "changed and cannot be opened": lambda folder: _write_shut(folder / "sea.md"),
    "a folder that cannot be listed": lambda folder: (folder / "below").chmod(0),
    "a link to nothing": lambda folder: (folder / "lost.md").symlink_to(folder / "nowhere.md"),
    "a link to a file that is there": lambda folder: (folder / "also.md").symlink_to(folder / "sea.md"),
    "too large": lambda folder: (folder / "large.txt").write_text("The ship left. " * 80_000),
    "with a note": lambda folder: (folder / "note.txt").write_bytes(
        "The café served bread. ".encode() * 20 + b"A caf\xe9"
    ),
    "many": lambda folder: [(folder / f"{n}.md").write_text(f"# {n}\n\nThe ship {n} left.\n") for n in range(200)],
}


@pytest.mark.parametrize(
    "checksum", [pytest.param(False, id=""), pytest.param(True, id="checksum", marks=pytest.mark.nightly)]
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_dry_run_announces_what_is_done(tmp_path: Path, folder: Path, name: str, checksum: bool) -> None:
    """Each file in the same place of the receipt, with the same reasons, notes and numbers of passages."""
    (folder / "below").mkdir()
    for each, text in (("sea.md", SEA), ("land.md", LAND), ("below/deep.md", "# Deep\n\nThe clock stopped.\n")):
        (folder / each).write_text(text)
    options = Settings(passage_tokens=32, max_file_megabytes=1)
    with Library.open(tmp_path / "library", options, encoder=FakeEncoder()) as library:
        assert len(agree(library, folder).added) == 3
        SCENARIOS[name](folder)
        agree(library, folder, checksum=checksum)


def test_the_scenarios_are_what_they_say(tmp_path: Path, folder: Path, write: Write) -> None:
    """A few of them: else all might be the same."""
    (folder / "below").mkdir()
    (folder / "sea.md").write_text(SEA)
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        agree(library, folder)
        assert library.sync(folder, dry_run=True).passages == 0
        SCENARIOS["new and cannot be parsed"](folder)
        SCENARIOS["two new of the same words"](folder)
        receipt = agree(library, folder)
        assert [Path(each.source).name for each in receipt.failed] == ["broken.pdf"]
        assert [Path(each).name for each in receipt.added] == ["x.md", "y.md"]
        assert receipt.passages == 1


def test_nothing_is_encoded_for_it(tmp_path: Path, folder: Path) -> None:
    """Only read and cut."""
    (folder / "sea.md").write_text(SEA)
    encoder = FakeEncoder()
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        assert library.sync(folder, dry_run=True).passages == 1
        assert encoder.encoded == []


def _import(library: Library, root: Path, files: dict[Path, str], *, forged: bool) -> None:
    """Take in an export of somebody who had these words in these files, and may have written others for them."""
    folder = root / "theirs"
    folder.mkdir()
    carried = folder / "carried.zip"
    sources = {folder / f"{n}{path.suffix}": str(path) for n, path in enumerate(files)}
    for path, words in zip(sources, files.values(), strict=True):
        path.write_text(words)
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as theirs:
        theirs.add(sources.keys(), sources=sources)
        exported = theirs.export_library(carried)

    def change(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            line["text"] = line["text"].replace(" the ", " any ") if forged else line["text"]

    if exported.documents:  # a name may mean a format that the words are not
        altered(carried, change)
    library.import_library(carried)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("checksum", "forged"),
    [
        pytest.param(False, True, id="forged"),
        pytest.param(True, False, id="checksum-true"),
        pytest.param(False, False, id="true", marks=pytest.mark.nightly),
        pytest.param(True, True, id="checksum-forged", marks=pytest.mark.nightly),
    ],
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_dry_run_knows_what_is_claimed(
    tmp_path: Path, folder: Path, name: str, checksum: bool, forged: bool
) -> None:
    """After an import, too, of the same files and of one more that lies elsewhere here."""
    (folder / "below").mkdir()
    texts = {"sea.md": SEA, "land.md": LAND, "below/deep.md": "# Deep\n\nThe clock stopped the bell.\n"}
    for each, text in texts.items():
        (folder / each).write_text(text)
    (folder / "here.md").write_text(HILL)
    options = Settings(passage_tokens=32, max_file_megabytes=1)
    with Library.open(tmp_path / "library", options, encoder=FakeEncoder()) as library:
        claims = {folder / each: text for each, text in texts.items()} | {tmp_path / "there" / "hill.md": HILL}
        _import(library, tmp_path, claims, forged=forged)
        SCENARIOS[name](folder)
        agree(library, folder, checksum=checksum, force=True)


def test_a_claim_from_elsewhere_gives_way(tmp_path: Path, folder: Path) -> None:
    """The file lies at another place than the import says: it replaces the claim, as the dry run announces."""
    (folder / "b.md").write_text(SEA)
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        _import(library, tmp_path, {tmp_path / "src" / "a.md": SEA}, forged=True)
        receipt = agree(library, folder)
        assert [Path(each).name for each in receipt.replaced] == ["b.md"]
        assert [info.source for info in library.documents()] == [str(folder / "b.md")]


NAMED = ("a.md", "b.md", "c.txt", "d/e.md", "d/f.pdf")
WORDS = (SEA, LAND, HILL, BROKEN, "")
ACTS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMED), st.sampled_from(WORDS)),
    st.tuples(st.just("move"), st.sampled_from(NAMED), st.sampled_from(NAMED)),
    st.tuples(st.just("copy"), st.sampled_from(NAMED), st.sampled_from(NAMED)),
    st.tuples(st.just("delete"), st.sampled_from(NAMED), st.just("")),
    st.tuples(st.just("sync"), st.just(""), st.just("")),
    st.tuples(st.just("import"), st.sampled_from(NAMED), st.sampled_from((SEA, LAND, HILL))),
    st.tuples(st.just("forge"), st.sampled_from(NAMED), st.sampled_from((SEA, LAND, HILL))),
)


@settings(max_examples=length(10, 40))
@given(acts=st.lists(ACTS, min_size=1, max_size=12))
def test_whatever_happens_to_the_files(
    acts: Sequence[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In any order, the two receipts are the same."""
    root = tmp_path_factory.mktemp("rehearsal")
    folder = root / "sources"
    (folder / "d").mkdir(parents=True)
    with Library.open(root / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        for what, first, second in [*acts, ("sync", "", "")]:
            path, other = folder / first, folder / second
            if what == "write":
                path.write_text(second)
            elif what == "sync":
                agree(library, folder, force=True)
            elif what in ("import", "forge"):
                _import(library, root, {path: second}, forged=what == "forge")
            elif path.is_file() and what == "delete":
                path.unlink()
            elif path.is_file() and path != other:
                path.rename(other) if what == "move" else shutil.copy(path, other)
        assert library.problems() == []
