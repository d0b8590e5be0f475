"""Writes a publication as the source of a container: a Dockerfile, a Compose file and a manifest for Kubernetes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.publish import program
from index.publish.text_files import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from index.publish.listing import Listing

ENVIRONMENT = {"PINCITE_DEMO": "1", "PINCITE_DEVICE": "cpu"}
_HOW = """    docker build -t pincite . && docker run --read-only --tmpfs /tmp -p 127.0.0.1:7860:7860 pincite

or `docker compose up --build`, or `kubectl apply -f kubernetes.yaml` with the image in a registry of yours. Put a proxy
with HTTPS in front, and name its address in `PINCITE_TRUSTED_PROXIES` and your host name in `PINCITE_ALLOW_HOSTS`."""
_PLACES = ("Dockerfile", ".dockerignore", "compose.yaml", "kubernetes.yaml")


def write_container(folder: Path, title: str, listing: Listing) -> None:
    """Write everything but the library and the manifest. Raises PublishError if Pincite is not installed."""
    program.carry_package(folder)
    write_text(folder, "requirements.txt", cpu_wheels=program.CPU_WHEELS, requirements=program.requirements())
    write_text(folder, "app.py", vendored=False, environment=ENVIRONMENT | {"PINCITE_DEMO_TITLE": title})
    write_text(folder, "README.md", front={}, title=title, documents=listing.documents, how=_HOW)
    for name in _PLACES:
        write_text(folder, name, title=title, name=label(title))


def label(title: str) -> str:
    """Return a title as a name for Kubernetes and Compose: at most 50 lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower())[:50].strip("-") or "pincite"
