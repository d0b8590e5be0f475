"""Crowds of new visitors and of large uploads from one address, which must not push out an honest visitor."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.demos import TIGHT, running_demo
from tests.attack.guests import Guest, Ledger
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_VISITORS = 20
_LONG = {"PINCITE_DEMO_IDLE_MINUTES": "30", "PINCITE_DEMO_MINUTES": "120", "PINCITE_DEMO_QUESTIONS": "100"}


def _crowded(_server: Server, trial: Trial) -> None:
    """Come as many new visitors as a demo remembers, who add nothing: a library that was just used stays."""
    ledger = Ledger()
    settings = {**TIGHT, **_LONG, "PINCITE_DEMO_VISITORS": str(_VISITORS)}
    with (
        tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder,
        running_demo(Path(folder) / "demo", settings) as server,
        Guest(server, ledger) as honest,
        Guest(server, ledger) as crowd,
        Guest(server, ledger) as uploaders,
    ):
        honest.settle()
        trial.works("The honest visitor's document is added.", len(honest.private_documents()) == 1)
        for path in ("/v1/visitor", "/v1/documents", "/page/documents", "/v1/stats"):
            for _ in range(2 * _VISITORS):
                crowd.cookies.clear()
                crowd.page(path)
            kept = len(honest.private_documents())
            trial.holds(f"New visitors at {path} push out no library.", kept == 1, kept)
            if not kept:
                honest.settle()
        refused = 0
        for number in range(2 * _VISITORS):
            uploaders.cookies.clear()
            refused += not uploaders.add({"a.txt": b"The crowd's ship %d." % number})
        kept = len(honest.private_documents())
        trial.holds("Nor do uploads of new visitors from one address.", kept == 1, f"{refused} refused")
        trial.figure(f"{refused} of {2 * _VISITORS} uploads refused")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


ATTACKS = (Attack("evictions-crowd", "Push out an honest visitor's library", _crowded, programs=("demo",)),)
