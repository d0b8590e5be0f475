"""Published folders are served from a read-only root by a user without privileges, and stop when told to.

These runs use this environment of Python. `test_fresh_machine` installs one from the folder's own requirements.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.library.library import Library
from index.settings import Settings
from tests.plugins.publish.conftest import published
from tests.plugins.publish.dockerfile import command, stages
from tests.plugins.publish.sandbox import Host, free_port
from tests.reference import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


QUESTION = "Who signed the treaty in winter?"
SENTENCE = "The king signed the treaty in winter."


@pytest.fixture(scope="module")
def shelf_of_the_real_encoder(tmp_path_factory: pytest.TempPathFactory, real_encoder: Any) -> Iterator[Library]:
    """A library that the built-in model made."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "treaty.md").write_text(f"# The treaty\n\n{SENTENCE} It was written on two pages.\n")
    with Library.open(folder / "library", Settings(), encoder=real_encoder) as library:
        library.add(folder / "treaty.md")
        yield library


def check_restrictions(host: Host) -> None:
    """Require what the tests claim of the host: user 1000, first process, and only /tmp can be written."""
    places = "/srv /opt /var/tmp /home / /tmp"
    script = f"id -u; echo $$; for place in {places}; do touch $place/x 2>/dev/null && echo $place; done"
    done = subprocess.run(host.command("sh", "-c", script), capture_output=True, text=True, check=False)
    if done.stderr.startswith("bwrap:"):
        pytest.skip(f"bubblewrap may not make namespaces here: {done.stderr}")
    assert done.stdout.split() == ["1000", "1", "/tmp"]


def check_service(client: httpx.Client) -> None:
    """Ask over HTTP, and look at the page and at the endpoint for assistants."""
    answer = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert answer["status"] == "answered"
    assert answer["statements"][0]["text"] == SENTENCE
    assert answer["citations"][0]["document"]["source"] == "treaty.md"
    assert client.get("/").status_code == 200
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    tools = client.post("/mcp", json=call, headers={"Accept": "application/json, text/event-stream"})
    assert tools.json()["result"]["tools"]


@pytest.mark.model
@pytest.mark.faults
def test_space_starts_on_a_read_only_disk_and_stops(shelf_of_the_real_encoder: Library, tmp_path: Path) -> None:
    """`python app.py` as user 1000, without a home: a question is answered, and SIGTERM ends it within ten seconds."""
    published(shelf_of_the_real_encoder, tmp_path / "demo")
    port = free_port()
    host = Host(tmp_path / "demo", "/srv", {"GRADIO_SERVER_PORT": str(port)})
    check_restrictions(host)
    with host.running("python", "app.py", port=port) as client:
        check_service(client)


@pytest.mark.model
@pytest.mark.nightly
@pytest.mark.faults
def test_container_starts_as_its_dockerfile_says(shelf_of_the_real_encoder: Library, tmp_path: Path) -> None:
    """The last stage of the Dockerfile is done by hand: its variables, its steps, its folder, its command."""
    published(shelf_of_the_real_encoder, tmp_path / "demo", target="container")
    _, runtime = stages((tmp_path / "demo" / "Dockerfile").read_text())
    ignored = {line for line in (tmp_path / "demo" / ".dockerignore").read_text().split() if "/" not in line}
    root = tmp_path / "root"
    shutil.copytree(tmp_path / "demo", root, ignore=lambda folder, _: ignored if Path(folder).name == "demo" else set())
    (compiling,) = (step for step in runtime.all("RUN") if "compileall" in step)
    subprocess.run([sys.executable, *compiling.split()[1:]], cwd=root, check=True)
    port = free_port()
    variables = {name: value.replace(":$PATH", ":/usr/bin:/bin") for name, value in runtime.environment.items()}
    variables |= {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
    host = Host(root, runtime.only("WORKDIR"), variables, python_at="/opt/pincite")
    with host.running(*command(runtime), port=port) as client:
        check_service(client)


@pytest.mark.model
@pytest.mark.nightly
def test_zero_gpu_space_reports_its_start(shelf_of_the_real_encoder: Library, tmp_path: Path) -> None:
    """The report of the real package `spaces` arrives before the page is served; CPU builds of PyTorch are enough."""
    pytest.importorskip("spaces", reason="the package `spaces` is not installed: pip install spaces")
    reports: list[str] = []

    class Device(BaseHTTPRequestHandler):
        """The device API of ZeroGPU, as far as a start needs it."""

        def do_POST(self) -> None:
            """Accept a report."""
            reports.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    published(shelf_of_the_real_encoder, tmp_path / "demo")
    with HTTPServer(("127.0.0.1", 0), Device) as device:
        threading.Thread(target=device.serve_forever, daemon=True).start()
        port = free_port()
        zero = {"SPACES_ZERO_GPU": "1", "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{device.server_port}"}
        host = Host(tmp_path / "demo", "/srv", {"GRADIO_SERVER_PORT": str(port), **zero})
        with host.running("python", "app.py", port=port) as client:
            assert reports == ["/startup-report"]
            check_service(client)
        device.shutdown()


@pytest.mark.model
@pytest.mark.nightly
@pytest.mark.faults
def test_demo_of_this_repository_starts_on_a_read_only_disk(tmp_path: Path) -> None:
    """`app.py` as its Dockerfile runs it: the sample documents were added when the image was built."""
    image = tmp_path / "image"
    for name in ("index", "seeds"):
        shutil.copytree(ROOT / name, image / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "app.py", image / "app.py")
    builder, runtime = stages((ROOT / "Dockerfile").read_text())
    (building,) = (step for step in builder.all("RUN") if "open_library" in step)
    script = building.replace("/srv/library", str(image / "library"))
    script = script.replace("/opt/pincite/bin/python", sys.executable)
    subprocess.run(["sh", "-c", script], cwd=image, check=True, env={**os.environ, "PYTHONPATH": str(image)})
    port = free_port()
    variables = {name: value.replace(":$PATH", ":/usr/bin:/bin") for name, value in runtime.environment.items()}
    variables |= {"PINCITE_LIBRARY": "/srv/library", "GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
    host = Host(image, "/srv", variables, python_at="/opt/pincite")
    with host.running(*command(runtime), port=port) as client:
        answer = client.post("/v1/ask", json={"question": "Why did Rosneft and Transneft let CNPC pay less?"}).json()
        assert answer["status"] == "answered"


def test_damaged_publication_does_not_start(shelf_of_the_real_encoder: Library, tmp_path: Path) -> None:
    """The message names the file, and there is no traceback."""
    published(shelf_of_the_real_encoder, tmp_path / "demo")
    with (tmp_path / "demo" / "library" / "catalog.db").open("r+b") as file:
        file.seek(5_000)
        file.write(b"\0\1\2")
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=tmp_path / "demo", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "library/catalog.db was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "demo" / "manifest.json").read_text())["target"] == "space"
