"""Damaged containers give their members or a refusal with a reason, and nothing else."""

from __future__ import annotations

import io
from contextlib import closing, suppress

import pytest

from index.errors import LoadingError
from index.loading.containers.container_reader import open_container
from index.loading.containers.member_paths import ContainerLimits
from tests.loading.archives import locked_zip, mail, mailbox, tarred, zipped
from tests.loading.compound import compound, outlook
from tests.loading.fuzz import cases
from tests.nightly import length
from tests.skips import NEEDS_PLUGINS

CASES = length(25, 500)
SEED = 7
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
    outcomes = [outcome(case.data, name) for case in cases(CASES, SEED, {name: CONTAINERS[name]})]
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
