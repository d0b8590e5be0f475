"""A container with a read-only root can serve a library, also one that a stopped server has left behind."""

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
from tests.nightly import is_nightly

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
"""Makes every disk read-only, mounts one in memory if asked, and runs the remaining arguments.

The folder of the library stays visible if it is in memory itself.
"""


def inspect_in_container(library: Path, *, memory: bool) -> Any:
    """Inspect a library in a mount namespace where every disk is read-only, and return the findings."""
    program = [sys.executable, "-m", "tests.faults.container_probe", str(library), *(["page"] if is_nightly() else [])]
    command = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", str(library), "memory" if memory else "none", *program]
    # A page in this process may have set this folder, which the container cannot use.
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
    """A closed library of one document."""
    with Library.open(tmp_path / "library", SETTINGS, encoder=FakeEncoder()) as library:
        library.add(write("treaty.md", TREATY))
    return tmp_path / "library"


def test_library_is_served_from_a_read_only_root(library: Path) -> None:
    """The library answers, verifies and serves; requests to add or remove are refused because it is read-only.

    The nightly run also looks at the page.
    """
    findings = inspect_in_container(library, memory=True)
    assert findings["answer"] == ["The king signed the treaty in winter."]
    assert (findings["notes"], findings["problems"], findings["verified"]) == ([], [], 1)
    assert (findings["ready"], findings["asked"]) == (200, "answered")
    assert findings["page"] is (True if is_nightly() else None)
    assert (findings["added"]["status"], findings["added"]["title"]) == (403, "The library is read-only")
    assert str(library) not in json.dumps(findings["added"])
    assert findings["removed"] == 403


def add_and_stop(folder: Path, file: Path) -> None:
    """Run a server, add a file, and send the server SIGTERM as `docker stop` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.faults.http_server", str(folder), str(port)]
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


def test_stopped_server_closes_its_library(library: Path, write: Write) -> None:
    """The last changes are in the catalog and not in a log, so that a container with a read-only root can read them."""
    add_and_stop(library, write("whales.md", "# Whales\n\nA whale swam by the harbour.\n"))
    assert [path.name for path in library.glob("catalog*")] == ["catalog.db"]
    with Library.open(library, SETTINGS, encoder=FakeEncoder()) as reopened:
        assert len(reopened.documents()) == 2
