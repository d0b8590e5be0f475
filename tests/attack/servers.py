"""Starts a real server in a process of its own, with its own library, temporary folder, working folder and secrets."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.visitors import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds"
BYSTANDER = "127.0.0.2"
"""The address of honest visitors while the attackers use 127.0.0.1."""
_PROGRAM = (sys.executable, "-c", "from index.cli.app import main; main()")
_START_SECONDS = 180.0
_COMMAND_SECONDS = 120.0
_FOLDERS = ("library", "temporary", "working")


@dataclass(frozen=True)
class Server:
    """A server that runs, and what an attacker may not learn of it."""

    face: str
    """`serve` or `app`."""
    port: int
    pid: int
    home: Path
    """Its library, temporary folder, working folder and log are in it. Its name appears in no response."""
    secret: str
    """A word of the server's environment."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def library(self) -> Path:
        return self.home / "library"

    @property
    def outside(self) -> Path:
        """A folder that the server can read and has no business with."""
        folder = self.home.with_name(f"{self.home.name}-outside")
        folder.mkdir(exist_ok=True)
        return folder

    def visitor(self, address: str = "127.0.0.1") -> Visitor:
        """A visitor with cookies of their own, at this address."""
        return Visitor(self.url, address)

    def leak(self, text: str) -> str:
        """What a response reveals of the server's disk or code; empty if nothing."""
        places = (str(self.home), str(ROOT), str(Path(sys.prefix)), "Traceback (most recent call last)", self.secret)
        return next((place for place in places if place in text), "")


@contextmanager
def serving(face: str, home: Path, **settings: str) -> Iterator[Server]:
    """Serve a library in `home` until the block ends. `serve` is given the seeds first, as `app.py` gives itself."""
    _prepare(home)
    if face == "serve" and not any((home / "library").iterdir()):
        command(home, "--quiet", "add", *sorted(path for path in SEEDS.iterdir() if path.suffix != ".jsonl"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = f"secret{secrets.token_hex(8)}"
    extra = {"GRADIO_SERVER_PORT": str(port), "ATTACKED_SECRET": secret, **settings}
    program = (*_PROGRAM, "serve", "--port", str(port)) if face == "serve" else (sys.executable, str(ROOT / "app.py"))
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            program,
            cwd=home / "working",
            env=_environment(home, extra),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            server = Server(face, port, process.pid, home, secret)
            _wait_for(server, process)
            yield server
        finally:
            _stop(process)


def command(home: Path, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `pincite` on the library in `home`, as its owner does."""
    _prepare(home)
    return subprocess.run(
        (*_PROGRAM, *map(str, arguments)),
        cwd=home / "working",
        env=_environment(home, settings),
        capture_output=True,
        text=True,
        timeout=_COMMAND_SECONDS,
        check=False,
    )


def warm(server: Server) -> None:
    """Have everything loaded that a server loads with use, so that its memory can be compared later."""
    with server.visitor() as visitor:
        visitor.wait_until_ready(_START_SECONDS)
        visitor.get("/")
        for _ in range(3):
            visitor.ask("Who signed the treaty of 16 July 2001?")
        visitor.post("/v1/check", json={"text": "The treaty was signed in 2001."})
        visitor.finished(visitor.add({"warm.txt": b"Nobody keeps the lighthouse warm in winter."}))


def alive(server: Server, seconds: float = 20) -> bool:
    """Whether it answers at all within some time."""
    with server.visitor(BYSTANDER) as visitor:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if visitor.tried("GET", "/healthz", timeout=min(5, seconds)) == 200:
                return True
            time.sleep(0.2)
    return False


def _prepare(home: Path) -> None:
    for name in _FOLDERS:
        (home / name).mkdir(parents=True, exist_ok=True)


def _environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PINCITE_", "GRADIO_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(home / "temporary"),
        "PINCITE_LIBRARY": str(home / "library"),
        "PINCITE_BODY_SECONDS": "15",  # half the default, for which no attack has to wait
        "COLUMNS": "200",
        **settings,
    }


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"The server ended with {process.returncode}: {_last_words(server.home)}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                break
        time.sleep(0.2)
    if not alive(server, end - time.monotonic()):
        raise AssertionError(f"The server did not start within {_START_SECONDS} s: {_last_words(server.home)}")


def _last_words(home: Path) -> str:
    return (home / "log").read_text("utf-8", "replace")[-2000:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and all that it has started: they are a session of their own."""
    for sign, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 30)):
        try:
            os.killpg(process.pid, sign)
            process.wait(seconds)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(30)
