"""Damaged and hostile files become a document or a refusal with a reason, within limits of time and memory."""

from __future__ import annotations

import io
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from index.errors import LoadingError
from index.loading.containers.container_reader import open_container
from index.loading.containers.member_paths import ContainerLimits
from tests.loading.archives import locked_zip, mail, mailbox, tarred, zipped
from tests.loading.compound import compound, outlook
from tests.loading.fuzz import SandboxReader, cases, corpus, fuzz
from tests.loading.hostile import HOSTILE
from tests.nightly import length
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = length(75, 150)
SEED = 6
SIZE = 30
"""About 3 % of the size in the nightly run, `python -m tests.loading.fuzz --hostile 1000`."""
CRASHING = {"PDF, form that draws itself"}
"""Files that crash pdfium, and with it the process that uses it."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxReader]:
    """The sandbox that `add` uses, in which no file but the crashing ones may reach a limit."""
    with SandboxReader(tmp_path_factory.mktemp("files"), seconds=60) as sandbox:
        yield sandbox


def test_damaged_files_become_documents_or_refusals(reader: SandboxReader) -> None:
    """Each damaged file becomes a document in canonical form, or is refused with a reason."""
    outcomes = list(fuzz(cases(CASES, SEED, corpus(real=False)), reader))
    unexpected = [f"{case}: {outcome}" for case, outcome in outcomes if outcome.fate not in ("document", "refused")]
    assert unexpected == []
    assert {outcome.fate for _, outcome in outcomes} == {"document", "refused"}


@pytest.mark.parametrize("description", sorted(HOSTILE.keys() - CRASHING))
def test_hostile_files_stay_within_time_and_memory(reader: SandboxReader, description: str) -> None:
    """Each hostile file is a document or a refusal, and neither ends its process nor reaches a limit."""
    name, make = HOSTILE[description]
    outcome = reader.read(make(SIZE), name)
    assert outcome.fate in ("document", "refused"), outcome


@pytest.mark.parametrize("description", sorted(CRASHING))
def test_sandbox_survives_a_file_that_crashes_pdfium(description: str, tmp_path: Path) -> None:
    """In the sandbox that `add` uses, the file is a failure, and the next file is read."""
    name, make = HOSTILE[description]
    with SandboxReader(tmp_path, seconds=20, megabytes=300) as reader:
        outcome = reader.read(make(SIZE), name)
        assert outcome.fate == "limit", outcome
        assert reader.read(b"The Arctic Tern was moored.", "a.txt").fate == "document"


# Damaged containers give their members or a refusal with a reason, and nothing else


CONTAINER_CASES = length(25, 500)
FILES = {f"ships/{n}.txt": f"Ship {n} left the harbour. ".encode() * 20 for n in range(8)}
LETTERS = [mail(f"Letter {n}", "We sailed.\n\nFrom there, on.", {"log.txt": FILES["ships/1.txt"]}) for n in range(4)]
CONTAINERS = {
    "a.zip": zipped(FILES),
    "locked.zip": locked_zip("a.txt", FILES["ships/2.txt"], "Kiel"),
    "a.tar": tarred(FILES),
    "a.tar.gz": tarred(FILES, "gz"),
    "a.tar.xz": tarred(FILES, "xz"),
    "a.tar.bz2": tarred(FILES, "bz2"),
    "a.mbox": mailbox(*LETTERS),
    "a.eml": LETTERS[0],
    "a.msg": compound(outlook("Ships", "We sailed.", {"log.txt": FILES["ships/1.txt"] * 20, "b.txt": b"b"})),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=NEEDS_PLUGINS) if name == "a.msg" else name for name in CONTAINERS]
)
def test_damaged_containers_give_members_or_refusals(name: str) -> None:
    """The nightly run has 500 damaged copies of each. Names of members stay inside, and reasons name the file."""
    outcomes = [outcome(case.data, name) for case in cases(CONTAINER_CASES, SEED, {name: CONTAINERS[name]})]
    assert [each for each in outcomes if each not in ("members", "refused")] == []
    assert "members" in outcomes or name.startswith("a.tar.")


def outcome(data: bytes, name: str) -> str:
    """Return `members` or `refused`, or what is wrong with either."""
    try:
        with closing(open_container(io.BytesIO(data), name, ContainerLimits(), ["Kiel"])) as container:
            for member in container.members:
                if ".." in member.name.split("/") or member.name.startswith("/"):
                    return f"a name that leads out: {member.name}"
                with suppress(LoadingError):
                    container.read(member, max_bytes=1_000_000)
            return "members"
    except LoadingError as error:
        return "refused" if name in error.message else f"no name: {error.message}"
