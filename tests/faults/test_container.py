"""Containers: one with a read-only root serves a library, and one that is stopped leaves a library to be served so."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from index.library.library import Library
from tests.fakes import FakeEncoder
from tests.faults.adder import SETTINGS
from tests.faults.conftest import HERE
from tests.hosted import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write

ROOT = HERE.parents[1]
TREATY = "# The treaty\n\nThe king signed the treaty in winter.\n\nBread was dear.\n"
READ_ONLY = """
for disk in $(cut -d' ' -f2 /proc/self/mounts | sort -ru); do
  case $disk in /proc*|/sys*|/dev|/dev/pts|/dev/mqueue) ;; *) mount -o remount,bind,ro "$disk" || true ;; esac
done 2>/dev/null
if touch "$1/probe" 2>/dev/null; then exit 9; fi
if [ "$2" = memory ]; then
  folder=${1%/*}
  exec 9<"$folder"
  mount -t tmpfs tmpfs /dev/shm || exit 9
  if ! [ -d "$folder" ]; then
    mkdir -p "$folder" && mount -c --bind /proc/self/fd/9 "$folder" && mount -o remount,bind,ro "$folder" || exit 9
  fi
fi
shift 2
exec "$@"
"""
"""Makes every disk read-only, but for one in memory where that is wanted, and runs the rest of the arguments.

The folder of the library stays visible where it is in memory itself.
"""


def contained(library: Path, *, memory: bool) -> Any:
    """What is seen of a library where nothing can be written."""
    program = [sys.executable, "-m", "tests.faults.contained", str(library)]
    command = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", str(library), "memory" if memory else "none", *program]
    # The folder for uploads of a page that this process had is none of the container's.
    environment = {name: value for name, value in os.environ.items() if name != "GRADIO_TEMP_DIR"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
    except FileNotFoundError:
        pytest.skip("no disk can be mounted here: that takes unshare")
    if done.returncode == 9 or "unshare failed" in done.stderr:
        pytest.skip("no disk can be mounted here: that takes root")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def library(tmp_path: Path, write: Write) -> Path:
    """A library of one document, closed."""
    with Library.open(tmp_path / "library", SETTINGS, encoder=FakeEncoder()) as library:
        library.add(write("treaty.md", TREATY))
    return tmp_path / "library"


def test_a_read_only_root(library: Path) -> None:
    """It answers, verifies and serves; whoever wants to add or remove something is told that nothing can be changed."""
    seen = contained(library, memory=True)
    assert seen["answer"] == ["The king signed the treaty in winter."]
    assert (seen["notes"], seen["problems"], seen["verified"]) == ([], [], 1)
    assert (seen["ready"], seen["asked"], seen["page"]) == (200, "answered", True)
    assert (seen["added"]["status"], seen["added"]["title"]) == (403, "The library is read-only")
    assert str(library) not in json.dumps(seen["added"])
    assert seen["removed"] == 403


def stopped(folder: Path, file: Path) -> None:
    """A server that has added a file, and then is told to end as `docker stop` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.faults.served", str(folder), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                wait_until(lambda: _is_ready(client), 120)
                job = client.post("/v1/documents", files={"files": (file.name, file.read_bytes())})
                wait_until(lambda: client.get(job.headers["location"]).json()["state"] == "done", 60)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
    assert process.returncode == 0


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_server_that_is_stopped_closes_its_library(library: Path, write: Write) -> None:
    """Its last changes are in the catalog, where a container with a read-only root finds them."""
    stopped(library, write("whales.md", "# Whales\n\nA whale swam by the harbour.\n"))
    assert [path.name for path in library.glob("catalog*")] == ["catalog.db"]
    with Library.open(library, SETTINGS, encoder=FakeEncoder()) as again:
        assert len(again.documents()) == 2
