"""Measures the service with twenty concurrent clients: `python -m benchmarks.serve`.

A server in a separate process has the seeds as its library. Clients ask the seeds' questions over HTTP and look up
every citation: first one client, then all clients at once, then all at once while files are added and removed. `wrong`
counts citations whose words are not at their position in the document, answers from removed documents, and errors.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from benchmarks.machine import report
from tests.service.crowd import Account, Changes, add, ask_at_once, changing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEEDS = Path(__file__).parents[1] / "seeds"
PASSING = "Visitor number {} measured the lighthouse of Cape Quagga and found that it was too short by a foot."
_START_SECONDS = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--questions", type=int, default=20, help="the questions of each client")
    parser.add_argument("--json")
    options = parser.parse_args()
    lines = (SEEDS / "questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines][: options.questions]
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder) / "library") as (url, _):
        _fill(url)
        rows = [
            _measure("one client", url, questions, clients=1),
            _measure(f"{options.clients} clients", url, questions, clients=options.clients),
            _measure(f"{options.clients} clients, files added and removed", url, questions, options.clients, PASSING),
        ]
    report(f"Serve: the seeds, {len(questions)} questions each", rows, options.json)


def _measure(label: str, url: str, questions: Sequence[str], clients: int, passing: str = "") -> dict[str, Any]:
    began = perf_counter()
    with changing(url, passing) if passing else nullcontext(Changes()) as changes:
        account = ask_at_once(url, questions, clients=clients, changes=changes)
        seconds = perf_counter() - began
    return _row(label, account, changes, seconds)


def _row(label: str, account: Account, changes: Changes, seconds: float) -> dict[str, Any]:
    for trouble in (*account.troubles, *changes.troubles):
        print(trouble, file=sys.stderr)
    return {
        "clients": label,
        "answers": len(account.milliseconds),
        "answers/s": len(account.milliseconds) / seconds,
        "p50 ms": float(np.percentile(account.milliseconds, 50)),
        "p95 ms": float(np.percentile(account.milliseconds, 95)),
        "citations looked up": account.citations,
        "files added and removed": changes.added,
        "wrong": len(account.troubles) + len(changes.troubles),
    }


def _fill(url: str) -> None:
    files = {path.name: path.read_bytes() for path in sorted(SEEDS.iterdir()) if path.suffix != ".jsonl"}
    with httpx.Client(base_url=url, timeout=_START_SECONDS) as client:
        add(client, files)


@contextmanager
def running_service(library: Path) -> Iterator[tuple[str, int]]:
    """Run the service in a separate process, because clients must not share its interpreter; yield its URL and PID."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [
        sys.executable,
        "-c",
        "from index.cli.app import main; main()",
        "serve",
        "--api-only",
        "--port",
        str(port),
    ]
    # The log is dropped, because it has a line for every request; the clients see all errors.
    environment = {**os.environ, "PINCITE_LIBRARY": str(library)}
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, server)
        yield url, server.pid
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    began = perf_counter()
    while perf_counter() - began < _START_SECONDS and server.poll() is None:
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.TransportError:
            pass
        threading.Event().wait(0.1)
    raise TimeoutError(f"The server was not ready after {_START_SECONDS:.0f} s.")


if __name__ == "__main__":
    main()
