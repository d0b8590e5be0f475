"""A host for tests: a user without privileges, a root that cannot be written, /tmp in memory, and a first process.

It is made with bubblewrap (Debian's package `bubblewrap`), where no container engine runs.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


USER = "1000"
_OPEN_TO_OTHERS = 0o005
STOP_SECONDS = 10.0
"""The seconds within which a host expects a program to stop."""


@dataclass(frozen=True)
class Host:
    """A host with a folder of the program, and an environment of Python; `writable` folders can be written."""

    program: Path
    at: str
    environment: Mapping[str, str]
    python: Path = Path(sys.prefix)
    python_at: str = sys.prefix
    writable: Sequence[Path] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> list[str]:
        """Return a command that runs another one there as the first process of user 1000."""
        if self.python.stat().st_mode & _OPEN_TO_OTHERS != _OPEN_TO_OTHERS:
            pytest.skip(f"other users may not read the environment: chmod 755 {self.python}")
        found = shutil.which("bwrap") or pytest.skip("bubblewrap is not installed: apt-get install bubblewrap")
        mounts = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--perms", "1777", "--tmpfs", "/tmp"]
        mounts += ["--perms", "1777", "--tmpfs", "/dev/shm", "--tmpfs", "/srv"]
        mounts += _reachable(Path(sys.base_prefix))
        covered = ["/srv", *(["/opt"] if self.python_at.startswith("/opt/") else [])]
        mounts += [word for folder in covered[1:] for word in ("--tmpfs", folder)]
        mounts += _mount(self.python, self.python_at) + _mount(self.program, self.at)
        for path in self.writable:
            mounts += _mount(path, str(path), "--bind")
        mounts += [word for folder in covered for word in ("--remount-ro", folder)]
        variables = {"PATH": f"{self.python_at}/bin:/usr/bin:/bin", **self.environment, **self.variables}
        settings = [word for name, value in variables.items() for word in ("--setenv", name, value)]
        process = ["--unshare-pid", "--as-pid-1", "--die-with-parent", "--clearenv", *settings, "--chdir", self.at]
        return [found, *self._user(), *mounts, *process, *self._drop(), *words]

    @staticmethod
    def _user() -> list[str]:
        return [] if os.geteuid() == 0 else ["--unshare-user", "--uid", USER, "--gid", USER]

    @staticmethod
    def _drop() -> list[str]:
        words = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--no-new-privs"]
        return words if os.geteuid() == 0 else []

    @contextmanager
    def running(self, *words: str, port: int) -> Iterator[httpx.Client]:
        """Run a server there until the block ends; then send SIGTERM, and require a clean end within ten seconds."""
        words = tuple(self.command(*words))
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
            stopped = False
            try:
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                    wait_until(lambda: server.poll() is not None or _is_ready(client), 120)
                    if server.poll() is not None:
                        output = server.stdout.read() if server.stdout else ""
                        if "Operation not permitted" in output and output.startswith("bwrap:"):
                            pytest.skip("bubblewrap may not make namespaces here")
                        raise AssertionError(output)
                    yield client
                began = time.monotonic()
                _first_process(server).send_signal(signal.SIGTERM)
                output, _ = server.communicate(timeout=STOP_SECONDS + 20)
                stopped = True
                assert time.monotonic() - began < STOP_SECONDS, output
                assert server.returncode == 0, output
            finally:
                if not stopped:
                    server.kill()


def _reachable(python: Path) -> list[str]:
    """Return the mounts that let every user reach an interpreter, also in the home of another user."""
    closed = next((path for path in reversed(python.parents) if not path.stat().st_mode & 0o001), None)
    if closed is None:
        return []
    return ["--perms", "0755", "--tmpfs", str(closed), *_mount(python, str(python))]


def _mount(path: Path, at: str, how: str = "--ro-bind") -> list[str]:
    """Return the options that mount a folder, below folders that every user may enter."""
    above = [str(parent) for parent in reversed(Path(at).parents)][1:]
    return [*(word for parent in above for word in ("--perms", "0755", "--dir", parent)), how, str(path), at]


@dataclass(frozen=True)
class _Process:
    number: int

    def send_signal(self, number: int) -> None:
        os.kill(self.number, number)


def _first_process(bubblewrap: subprocess.Popen[str]) -> _Process:
    """Return the first process of the host: bubblewrap's only child."""
    children = Path(f"/proc/{bubblewrap.pid}/task/{bubblewrap.pid}/children").read_text().split()
    return _Process(int(children[0]))


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
