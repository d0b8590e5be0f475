"""Every attack as a test: against `pincite serve`, and the attacks on files also against `app.py`.

These tests try the first of an attack's similar variants; `python -m tests.attack` tries all. Long attacks run in the
nightly run; each module of attacks has some that run by default.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.attack import addresses, files
from tests.attack.roster import ATTACKS
from tests.attack.servers import Server, add_examples, is_alive, running_server, warm_up

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tests.attack.outcomes import Attack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Visitors use loopback addresses that only Linux has.")


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
DEMO_ATTACKS = (*files.ATTACKS, *addresses.ATTACKS)
NIGHTLY_ON_DEMO = {attack.name for attack in DEMO_ATTACKS} - {"files-routes"}
"""The demo has the page of `pincite serve`, which the same attacks are tried on by default."""


def attack_parameters(attacks: Iterable[Attack], nightly: Collection[str]) -> list[Any]:
    """Return the attacks as parameters of a test; the long ones are marked `nightly`."""
    return [
        pytest.param(attack, id=attack.name, marks=[pytest.mark.nightly] if attack.name in nightly else [])
        for attack in attacks
    ]


class Target:
    """One server for all attacks of this process. It starts on first use, and again after a successful attack."""

    def __init__(self, program: str, folders: pytest.TempPathFactory) -> None:
        self._program = program
        self._folders = folders
        self._running = ExitStack()
        self._server: Server | None = None

    def withstands(self, attack: Attack) -> None:
        """Run an attack and fail with a list of the tries that got through."""
        if self._server is None or not is_alive(self._server):
            self.close()
            home = self._folders.mktemp(self._program)
            add_examples(home)  # the demo would add them itself, but first import all that it takes
            self._server = self._running.enter_context(running_server(self._program, home))
            if self._program == "serve":
                warm_up(self._server)
        outcome = attack.run_on(self._server, brief=True)
        if not outcome.withstood:
            self.close()
        findings = [*outcome.breaches, *(f"control: {doubt}" for doubt in outcome.doubts)]
        assert outcome.withstood, "\n".join(
            [f"{attack.summary}: {len(findings)} of {outcome.tries} tries.", *findings[:40]]
        )

    def close(self) -> None:
        """Stop the server."""
        self._running.close()
        self._server = None


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
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


@pytest.mark.parametrize("attack", attack_parameters(ATTACKS, NIGHTLY))
def test_service_withstands_the_attack(service: Target, attack: Attack) -> None:
    """No try gets through, and honest visitors are served meanwhile."""
    service.withstands(attack)


@pytest.mark.parametrize("attack", attack_parameters(DEMO_ATTACKS, NIGHTLY_ON_DEMO))
def test_demo_withstands_the_attack(demo: Target, attack: Attack) -> None:
    """The demo, which serves the same page from `app.py`, withstands the attack too."""
    demo.withstands(attack)
