"""Every attack as a test: against `pincite serve`, against `app.py` what concerns files, and against a public demo.

These tests try the first of an attack's similar variants; `python -m tests.attack` tries all. Long attacks run in the
nightly run; each module of attacks has some that run by default.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.attack import files
from tests.attack.demos import ROOMY, TIGHT, files_of_visitors, running_demo
from tests.attack.guests import honest_visitors
from tests.attack.outcomes import Trial
from tests.attack.roster import ATTACKS, LONG_ATTACKS, ROOMY_ATTACKS, TIGHT_ATTACKS, warm_demo_up
from tests.attack.servers import Server, add_examples, is_alive, running_server, warm_up
from tests.nightly import is_nightly
from tests.skips import NEEDS_PLUGINS

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
    "roles-events",
    "stalls-bodies",
    "stalls-drips",
}
"""Attacks that take from half a minute to two minutes each. `test_page_events` has the events of roles by default."""
NIGHTLY_ON_APP = {attack.name for attack in files.ATTACKS}
"""`app.py` has the page of `pincite serve`, which the same attacks are tried on by default."""
NIGHTLY_ON_DEMO = {attack.name for attack in LONG_ATTACKS}


def parameters(attacks: Iterable[Attack], nightly: Collection[str]) -> list[Any]:
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
            add_examples(home)  # `app.py` would add them itself, but first import all that it takes
            self._server = self._running.enter_context(running_server(self._program, home))
            if self._program == "serve":
                warm_up(self._server)
        try:
            expect_withstood(attack, self._server, brief=True)
        except AssertionError:
            self.close()
            raise

    def close(self) -> None:
        """Stop the server."""
        self._running.close()
        self._server = None


def expect_withstood(attack: Attack, server: Server, *, brief: bool) -> None:
    """Run an attack and fail with a list of the tries that got through."""
    outcome = attack.run_on(server, brief=brief)
    findings = [*outcome.breaches, *(f"control: {doubt}" for doubt in outcome.doubts)]
    assert outcome.withstood, "\n".join(
        [f"{attack.summary}: {len(findings)} of {outcome.tries} tries.", *findings[:40]]
    )


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`pincite serve`."""
    target = Target("serve", tmp_path_factory)
    yield target
    target.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`app.py`."""
    target = Target("app", tmp_path_factory)
    yield target
    target.close()


@pytest.mark.parametrize("attack", parameters(ATTACKS, NIGHTLY))
def test_service_withstands_the_attack(service: Target, attack: Attack) -> None:
    """No try gets through, and honest visitors are served meanwhile."""
    service.withstands(attack)


@pytest.mark.parametrize("attack", parameters(files.ATTACKS, NIGHTLY_ON_APP))
def test_app_withstands_the_attack(app: Target, attack: Attack) -> None:
    """`app.py`, which serves the same page, withstands the attack too."""
    app.withstands(attack)


def served(folders: pytest.TempPathFactory, name: str, settings: dict[str, str]) -> Iterator[Server]:
    """Serve a demo beside honest visitors. After the tests, each of them must have been answered."""
    home = folders.mktemp("demo") / name
    with running_demo(home, settings) as server:
        warm_demo_up(server)
        with honest_visitors(server) as answers:
            yield server
        trial = Trial(brief=True)
        answers.judge(trial)
        assert trial.outcome.withstood, trial.outcome
    assert not files_of_visitors(home)


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo with the usual limits of requests."""
    yield from served(tmp_path_factory, "roomy", ROOMY)


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo with few requests and a short life."""
    yield from served(tmp_path_factory, "tight", TIGHT)


@NEEDS_PLUGINS
@pytest.mark.parametrize("attack", parameters(ROOMY_ATTACKS, NIGHTLY_ON_DEMO))
def test_demo_withstands_the_attack(roomy: Server, attack: Attack) -> None:
    """No visitor sees or harms another, and the published library stays as it was."""
    expect_withstood(attack, roomy, brief=not is_nightly())


@NEEDS_PLUGINS
@pytest.mark.parametrize("attack", parameters(TIGHT_ATTACKS, NIGHTLY_ON_DEMO))
def test_demo_keeps_its_limits(tight: Server, attack: Attack) -> None:
    """No visitor gets more requests or time than the settings allow."""
    expect_withstood(attack, tight, brief=not is_nightly())
