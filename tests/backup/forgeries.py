"""Forged portable files, whose hashes, counts and checksums are consistent."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from index.backup import archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Manifest = dict[str, Any]
Parts = dict[str, bytes]
FIRST = "documents/00001.jsonl"


def altered(path: Path, change: Callable[[Manifest, Parts, list[dict[str, Any]]], None]) -> None:
    """Change a file and write its checksums again, as a forger does."""
    with zipfile.ZipFile(path) as zip_file:
        manifest = json.loads(zip_file.read("manifest.json"))
        parts = {name: zip_file.read(name) for name in manifest["parts"]}
    lines = [json.loads(line) for line in parts[FIRST].splitlines()]
    untouched = json.dumps(lines)
    change(manifest, parts, lines)
    if json.dumps(lines) != untouched:
        parts[FIRST] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    write_archive(path, manifest, parts)


def write_archive(path: Path, manifest: Manifest, parts: Parts) -> None:
    """Write an archive with any parts and consistent checksums, as a forger does."""
    with archive.ArchiveWriter(path, manifest["kind"], force=True) as writer:
        for name, data in parts.items():
            facts = manifest["parts"].get(name, {})
            names = {key: value for key, value in facts.items() if key == "name"}
            writer.add(name, [data], compress=name.endswith("jsonl"), **names)
        writer.describe(**{key: value for key, value in manifest.items() if key != "parts"})
