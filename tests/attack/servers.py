"""Starts a real server in its own process, with its own library, temporary folder, working folder and secrets."""

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

from tests.attack import command_server
from tests.attack.visitors import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds"
BYSTANDER = "127.0.0.2"
"""The address of honest visitors. Attackers use 127.0.0.1."""
_PROGRAM = (sys.executable, "-c", "from index.cli.app import main; main()")
_DEMO_PROGRAM = (sys.executable, "-m", "tests.attack.demo_program")
ROUTES = "routes.json"
"""The file in a demo's home that lists its routes."""
_START_TIMEOUT = 180.0
_FOLDERS = ("library", "temporary", "working")


@dataclass(frozen=True)
class Server:
    """A running server, and the facts about it that an attacker must not learn."""

    program: str
    """`serve`, `app`, `demo` or `team`."""
    port: int
    pid: int
    home: Path
    """The folder of its library, temporary files, working folder and log. No response may contain its name."""
    secret: str
    """The value of a variable in the server's environment."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def library(self) -> Path:
        return self.home / "library"

    @property
    def outside(self) -> Path:
        """A folder that the server can read and never needs."""
        folder = self.home.with_name(f"{self.home.name}-outside")
        folder.mkdir(exist_ok=True)
        return folder

    def visitor(self, address: str = "127.0.0.1") -> Visitor:
        """A visitor with their own cookies, who connects from this address."""
        return Visitor(self.url, address)

    def leak(self, text: str) -> str:
        """Return the path, traceback or secret that a response reveals; an empty text if it reveals none."""
        secrets_on_disk = (
            str(self.home),
            str(ROOT),
            str(Path(sys.prefix)),
            "Traceback (most recent call last)",
            self.secret,
        )
        return next((secret_on_disk for secret_on_disk in secrets_on_disk if secret_on_disk in text), "")


@contextmanager
def running_server(program: str, home: Path, **settings: str) -> Iterator[Server]:
    """Serve a library in `home` until the block ends. `serve` starts with the example files, as `app.py` does.

    `demo` is the demo mode of `pincite serve` with the fake encoder; its library must have been made. `team` lets in
    only programs with a key.
    """
    _make_folders(home)
    if program == "serve" and not any((home / "library").iterdir()):
        add_examples(home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = f"secret{secrets.token_hex(8)}"
    variables = {"GRADIO_SERVER_PORT": str(port), "ATTACKED_SECRET": secret, **settings}
    arguments = {
        "serve": (*_PROGRAM, "serve", "--port", str(port)),
        "team": (*_PROGRAM, "serve", "--users", "--port", str(port)),
        "app": (sys.executable, str(ROOT / "app.py")),
        "demo": (*_DEMO_PROGRAM, str(home / "library"), str(port), str(home / ROUTES)),
    }[program]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            arguments,
            cwd=home / "working",
            env=_environment(home, variables),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            server = Server(program, port, process.pid, home, secret)
            _wait_until_started(server, process)
            yield server
        finally:
            _stop(process)


def run_command(home: Path, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `pincite` on the library in `home`, as its owner would."""
    _make_folders(home)
    return command_server.run(tuple(map(str, arguments)), home / "working", _environment(home, settings))


def add_examples(home: Path) -> None:
    """Add the example files to the library in `home`."""
    run_command(home, "--quiet", "add", *sorted(path for path in SEEDS.iterdir() if path.suffix != ".jsonl"))


def warm_up(server: Server) -> None:
    """Make the server load everything that it loads on first use, so that its memory can be compared later."""
    with server.visitor() as visitor:
        visitor.wait_until_ready(_START_TIMEOUT)
        visitor.get("/")
        for _ in range(3):
            visitor.ask("Who signed the treaty of 16 July 2001?")
        visitor.post("/v1/check", json={"text": "The treaty was signed in 2001."})
        visitor.wait_for_job(visitor.add({"warm.txt": b"Nobody keeps the lighthouse warm in winter."}))


def is_alive(server: Server, seconds: float = 20) -> bool:
    """Whether the server answers `/healthz` within some seconds."""
    with server.visitor(BYSTANDER) as visitor:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if visitor.status_of("GET", "/healthz", timeout=min(5, seconds)) == 200:
                return True
            time.sleep(0.2)
    return False


def _make_folders(home: Path) -> None:
    for name in _FOLDERS:
        (home / name).mkdir(parents=True, exist_ok=True)


def _environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PINCITE_", "GRADIO_"))}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(home / "temporary"),
        "PINCITE_LIBRARY": str(home / "library"),
        "PINCITE_BODY_SECONDS": "15",  # half the default, so that attacks wait less
        "PINCITE_HEADER_SECONDS": "5",  # a quarter of the default
        "COLUMNS": "200",
        **settings,
    }


def _wait_until_started(server: Server, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"The server ended with {process.returncode}: {_log_tail(server.home)}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0:
                break
        time.sleep(0.2)
    if not is_alive(server, end - time.monotonic()):
        raise AssertionError(f"The server did not start within {_START_TIMEOUT} s: {_log_tail(server.home)}")


def _log_tail(home: Path) -> str:
    return (home / "log").read_text("utf-8", "replace")[-2000:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and every process that it has started, which are in a session of their own."""
    for stop_signal, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 30)):
        try:
            os.killpg(process.pid, stop_signal)
            process.wait(seconds)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(30)
