"""Requests generated from the service's own OpenAPI description: `python -m tests.http.fuzz [--cases 2000]`.

A server is started on this machine over a library of its own. Valid requests must be accepted, invalid ones refused,
and each response must match the description. The printed table has a line for each operation; the exit code is 1 if
anything failed.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemathesis
import uvicorn
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.engine import from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

from index.server.http import create_app
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings
from tests.http.conftest import HARBOUR, SOURCES
from tests.libraries import filled_library

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI
    from schemathesis.core.failures import Failure

SEED = 7
OPERATIONS = 20
"""About the number of operations of the service."""
ACCEPTED = ["2xx", "403", "404", "409"]
"""Statuses of the response to a request that matches the description."""
REFUSED = ["400", "403", "404", "405", "406", "409", "413", "415", "422", "429"]
"""Statuses of the response to a request that does not match it: 413 is that for a body with too many values."""
BEYOND_DESCRIPTION = ("documents", "text", "view", "page")
"""Operations that refuse some valid parameters: a schema cannot describe a cursor or the end of a document."""


@dataclass
class Tally:
    """The outcome of the requests to one operation."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def broken(self) -> int:
        """Number of responses that report a server failure."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


def fuzz(address: str, cases: int, seed: int = SEED, *, brief: bool = False) -> dict[str, Tally]:
    """Send at least this many generated requests, check each response, and return the results by operation.

    A brief run omits the requests with one borderline value each, of which there are many hundreds in any case.
    """
    acceptance = {"checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "422"]}}}
    config = schemathesis.Config.from_dict(
        {
            "seed": seed,
            "generation": {"max-examples": ceil(cases / OPERATIONS), "deterministic": True, "database": "none"},
            "continue-on-failure": True,
            "request-timeout": 60,
            "phases": {"coverage": {"enabled": not brief}},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ACCEPTED},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            },
            "operations": [{"include-operation-id": name, **acceptance} for name in BEYOND_DESCRIPTION],
        }
    )
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)
    schema.hook(filter_failure)
    tallies: dict[str, Tally] = {}
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            _count(event, tallies)
        elif isinstance(event, NonFatalError):
            tallies.setdefault(event.label, Tally()).failures.append(str(event.value))
    return tallies


def filter_failure(_: schemathesis.HookContext, failure: Failure, case: schemathesis.Case[Any], __: object) -> bool:
    """Return whether a check counts: any value in a multipart form arrives as the bytes of a file and is valid."""
    return not (isinstance(failure, AcceptedNegativeData) and case.media_type == "multipart/form-data")


def _count(event: ScenarioFinished, tallies: dict[str, Tally]) -> None:
    for identity, node in event.recorder.cases.items():
        tally = tallies.setdefault(node.value.operation.label, Tally())
        interaction = event.recorder.interactions.get(identity)
        if interaction is None:
            continue
        tally.cases += 1
        if interaction.response is not None:
            tally.statuses[interaction.response.status_code] += 1
        for check in event.recorder.checks.get(identity, ()):
            if check.failure_info is not None:
                tally.failures.append(f"{check.name}: {check.failure_info.failure}\n  {check.failure_info.code_sample}")


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port and give its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def library_served(folder: Path) -> Iterator[str]:
    """Serve a small library and give its address."""
    settings = Settings(passage_tokens=32, max_waiting_jobs=100_000)
    with filled_library(folder, {**SOURCES, "harbour.pdf": HARBOUR}, settings) as library:
        jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
        try:
            with served(create_app(library, settings, jobs)) as address:
                yield address
        finally:
            jobs.close()


def main() -> int:
    """Run the fuzzer, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(description="Send requests generated from the service's own description.")
    parser.add_argument("--cases", type=int, default=2000, help="the least number of requests")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, library_served(Path(folder)) as address:
        tallies = fuzz(address, arguments.cases, arguments.seed)
    sys.stdout.writelines(f"{line}\n" for line in report(tallies))
    enough = sum(tally.cases for tally in tallies.values()) >= arguments.cases
    return int(not enough or any(tally.failures or tally.broken for tally in tallies.values()))


def report(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """Yield the table, then each kind of failure once."""
    total = Tally()
    yield f"{'operation':45} {'cases':>6} {'failures':>8} {'5xx':>5}  by status"
    for name, tally in sorted(tallies.items()):
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))
        yield f"{name:45} {tally.cases:6} {len(tally.failures):8} {tally.broken:5}  {statuses}"
        total.cases += tally.cases
        total.statuses += tally.statuses
        total.failures += tally.failures
    yield f"{'all':45} {total.cases:6} {len(total.failures):8} {total.broken:5}"
    yield from (f"\n{failure}" for failure in dict.fromkeys(total.failures))


if __name__ == "__main__":
    sys.exit(main())
