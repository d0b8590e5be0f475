"""A published Space, put on a fresh machine, installs from its own requirements and starts: the whole way, at night.

The machine has Python, a package registry and nothing else; user 1000 installs into a new environment and serves from
a disk that cannot be written.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.plugins.publish.conftest import published
from tests.plugins.publish.sandbox import USER, Host, free_port
from tests.plugins.publish.test_hosts import check_service
from tests.plugins.publish.test_hosts import shelf_of_the_real_encoder as shelf_of_the_real_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library


AS_SPACES_DO = (f"gradio[oauth,mcp]=={version('gradio')}", "uvicorn>=0.14.0", "websockets>=10.4", "spaces")
"""What the build of a Space installs in the same step, as its public build logs show."""
LONGEST = 1_800
"""Seconds for an installation."""


@pytest.fixture
def folder_on_disk() -> Iterator[Path]:
    """A folder of user 1000 with room for two gigabytes, which memory may not have."""
    folder = Path(tempfile.mkdtemp(prefix="pincite-fresh-", dir="/var/tmp"))
    if os.geteuid() == 0:
        os.chown(folder, int(USER), int(USER))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.nightly
@pytest.mark.model
@pytest.mark.faults
@pytest.mark.parametrize("extra", [(), AS_SPACES_DO], ids=["alone", "as Spaces do"])
def test_space_installs_from_its_own_requirements_and_answers(
    shelf_of_the_real_encoder: Library, tmp_path: Path, folder_on_disk: Path, extra: tuple[str, ...]
) -> None:
    """An index that cannot be reached is skipped; the registry, or a local folder of wheels, has all packages."""
    faulthandler.cancel_dump_traceback_later()  # an installation has a longer limit of its own
    published(shelf_of_the_real_encoder, tmp_path / "demo")
    base = Path(sys.base_prefix)
    registry = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    installer = Host(
        tmp_path / "demo",
        "/srv",
        {**registry, "HOME": "/tmp", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"},
        python=base,
        python_at=str(base),
        writable=(folder_on_disk,),
    )
    venv = str(folder_on_disk / "venv")
    for words in (
        (f"{base}/bin/python3", "-m", "venv", venv),
        (f"{venv}/bin/pip", "install", "-q", "-r", "requirements.txt", *extra),
    ):
        done = subprocess.run(installer.command(*words), capture_output=True, text=True, timeout=LONGEST, check=False)
        assert done.returncode == 0, done.stderr
    port = free_port()
    host = Host(tmp_path / "demo", "/srv", {"GRADIO_SERVER_PORT": str(port)}, python=Path(venv), python_at=venv)
    with host.running("python", "app.py", port=port) as client:
        check_service(client)
