"""Every attack as a test: against `pincite serve`, and those on files against `app.py` as well.

Where an attack has many variants alike, these are the first of them; `python -m tests.attack` tries all. Attacks that
take long run at night; each module of attacks has some that run by default.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.attack import addresses, files
from tests.attack.roster import ATTACKS
from tests.attack.servers import Server, alive, serving, warm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.attack.outcomes import Attack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Visitors have addresses that only Linux gives.")


NIGHTLY = {
    "archives-backups",
    "bodies-limit",
    "checks-batches",
    "checks-texts",
    "files-requests",
    "forgeries-libraries",
    "indexes-server",
    "proxies-trusted",
    "stalls-bodies",
    "stalls-drips",
}
"""Attacks that take from half a minute to two minutes each."""


def variants(attacks: Iterable[Attack]) -> list[Any]:
    """Return them as parameters of a test, some of which are for the night."""
    return [
        pytest.param(each, id=each.name, marks=[pytest.mark.nightly] if each.name in NIGHTLY else [])
        for each in attacks
    ]


class Target:
    """One server for all attacks of this process; started when it is needed, and anew when an attack got through."""

    def __init__(self, face: str, folders: pytest.TempPathFactory) -> None:
        self._face = face
        self._folders = folders
        self._running = ExitStack()
        self._server: Server | None = None

    def withstands(self, attack: Attack) -> None:
        """Run an attack; fails with all that got through."""
        if self._server is None or not alive(self._server):
            self.close()
            self._server = self._running.enter_context(serving(self._face, self._folders.mktemp(self._face)))
            warm(self._server)
        outcome = attack.on(self._server, brief=True)
        if not outcome.held:
            self.close()
        told = [*outcome.breaches, *(f"control: {doubt}" for doubt in outcome.doubts)]
        assert outcome.held, "\n".join([f"{attack.summary}: {len(told)} of {outcome.tries} tries.", *told[:40]])

    def close(self) -> None:
        """End the server."""
        self._running.close()
        self._server = None


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`pincite serve`."""
    target = Target("serve", tmp_path_factory)
    yield target
    target.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`app.py`."""
    target = Target("app", tmp_path_factory)
    yield target
    target.close()


@pytest.mark.parametrize("attack", variants(ATTACKS))
def test_the_service_withstands_it(served: Target, attack: Attack) -> None:
    """Nothing gets through, and honest visitors are served meanwhile."""
    served.withstands(attack)


@pytest.mark.parametrize("attack", variants([*files.ATTACKS, *addresses.ATTACKS]))
def test_the_demo_withstands_it(demo: Target, attack: Attack) -> None:
    """The demo serves the same page, started in another way."""
    demo.withstands(attack)
