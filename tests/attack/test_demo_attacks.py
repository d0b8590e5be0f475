"""Every attack on a public demo as a test: briefly by default, with every variant in the nightly run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.attack.demo_roster import LONG_ATTACKS, ROOMY_ATTACKS, TIGHT_ATTACKS, warm_demo_up
from tests.attack.demos import ROOMY, TIGHT, files_of_visitors, running_demo
from tests.attack.honest import honest_visitors
from tests.attack.outcomes import Trial
from tests.attack.test_attacks import attack_parameters
from tests.nightly import is_nightly
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attack.outcomes import Attack
    from tests.attack.servers import Server

pytestmark = [
    NEEDS_PLUGINS,
    pytest.mark.skipif(sys.platform != "linux", reason="Visitors use loopback addresses that only Linux has."),
]

NIGHTLY = {attack.name for attack in LONG_ATTACKS}


def _served(folders: pytest.TempPathFactory, name: str, settings: dict[str, str]) -> Iterator[Server]:
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
    yield from _served(tmp_path_factory, "roomy", ROOMY)


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo with few requests and a short life."""
    yield from _served(tmp_path_factory, "tight", TIGHT)


@pytest.mark.parametrize("attack", attack_parameters(ROOMY_ATTACKS, NIGHTLY))
def test_demo_withstands_the_attack(roomy: Server, attack: Attack) -> None:
    """No visitor sees or harms another, and the published library stays as it was."""
    _withstands(roomy, attack)


@pytest.mark.parametrize("attack", attack_parameters(TIGHT_ATTACKS, NIGHTLY))
def test_demo_keeps_its_limits(tight: Server, attack: Attack) -> None:
    """No visitor gets more requests or time than the settings allow."""
    _withstands(tight, attack)


def _withstands(server: Server, attack: Attack) -> None:
    outcome = attack.run_on(server, brief=not is_nightly())
    findings = [*outcome.breaches, *(f"control: {doubt}" for doubt in outcome.doubts)]
    assert outcome.withstood, "\n".join(
        [f"{attack.summary}: {len(findings)} of {outcome.tries} tries.", *findings[:20]]
    )
