"""Altered backups and evidence packs, whose own sums have been made right again."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import uuid
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.attack.forgeries import FALSE, QUESTION, TRUE, forge, says, sealed, written
from tests.attack.outcomes import Attack
from tests.attack.servers import command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


def _backups(server: Server, trial: Trial) -> None:
    """Two backups with forged words: of a library that imported them, and one whose catalog was altered by hand."""
    home = server.outside / f"keeper{uuid.uuid4().hex[:6]}"
    name = f"backup{uuid.uuid4().hex[:6]}"
    files = written(home / "files", [name])
    command(home, "--quiet", "add", *files)
    command(home, "backup", home / "true.zip")
    honest = command(home, "restore", home / "true.zip", "--library", home / "honest")
    trial.works("An honest backup is restored.", honest.returncode == 0, honest.stderr)
    _alter(home / "true.zip", home / "by-hand.zip")
    command(home, "export-library", home / "library.zip")
    forge(home / "library.zip", home / "forged.zip")
    command(home / "forger", "import-library", home / "forged.zip")
    command(home / "forger", "backup", home / "by-import.zip")
    for what in ("by-hand", "by-import"):
        library = home / f"restored-{what}"
        restored = command(home, "restore", home / f"{what}.zip", "--library", library)
        added = command(home, "--library", library, "add", "--json", *files)
        asked = command(home, "--library", library, "search", "--json", QUESTION.format(name=name))
        told = f"{restored.stderr} {added.stdout} {added.stderr} {asked.stdout} {asked.stderr}"
        forged, true = says(asked.stdout, name, FALSE), says(asked.stdout, name, TRUE)
        refused = any(done.returncode and done.stderr.strip() for done in (restored, added))
        trial.holds(f"A backup forged {what}: the forged words are not found.", not forged, told)
        trial.holds(f"A backup forged {what} is refused, or the true words are found.", refused or true, told)


def _alter(true: Path, forged: Path) -> None:
    """Other words in the catalog, with the sums of the archive made right again."""
    with zipfile.ZipFile(true) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    path = forged.with_suffix(".db")
    path.write_bytes(parts["catalog.db"])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE passages SET text = replace(text, ?, ?)", (f"earned {TRUE}", f"earned {FALSE}"))
    parts["catalog.db"] = path.read_bytes()
    manifest = json.loads(parts["manifest.json"])
    sums = {"bytes": len(parts["catalog.db"]), "sha256": hashlib.sha256(parts["catalog.db"]).hexdigest()}
    manifest["parts"]["catalog.db"] |= sums
    forged.write_bytes(sealed(parts | {"manifest.json": json.dumps(manifest).encode()}))


def _packs(server: Server, trial: Trial) -> None:
    """Evidence packs with other words, which `verify --pack` compares with the library."""
    with server.visitor() as visitor:
        asked = {"question": "Who signed the treaty of 16 July 2001?"}
        pack = visitor.post("/v1/ask", params={"format": "pack"}, json=asked).content
    folder = server.outside / f"packs{uuid.uuid4().hex[:6]}"
    folder.mkdir()
    (folder / "true.zip").write_bytes(pack)
    honest = command(server.home, "verify", "--pack", folder / "true.zip")
    trial.works("An honest pack is verified.", honest.returncode == 0, honest.stdout + honest.stderr)
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    evidence = json.loads(parts["evidence.json"])
    trial.works("The pack has evidence.", evidence["evidence"])
    for what, alter in trial.some(_ALTERED.items(), 3):
        changed = json.loads(parts["evidence.json"])
        readable = parts["evidence.md"]
        if what != "words for readers alone":
            alter(changed)
        if what.startswith("words"):
            readable = readable.replace(b"Putin", b"Pitun")
            changed["readable_sha256"] = hashlib.sha256(readable).hexdigest()
        path = folder / "forged.zip"
        path.write_bytes(sealed({"evidence.md": readable, "evidence.json": json.dumps(changed).encode()}))
        done = command(server.home, "verify", "--pack", path)
        trial.holds(f"A pack with {what} is not verified.", done.returncode not in (0, 2), done.stdout + done.stderr)


def _other_words(pack: dict[str, Any]) -> None:
    for item in (*(each["citation"] for each in pack["evidence"]), *pack["statements"]):
        key = "quote" if "quote" in item else "text"
        item[key] = item[key].replace("Putin", "Pitun")


def _other_span(pack: dict[str, Any]) -> None:
    citation = pack["evidence"][0]["citation"]
    citation["start"], citation["end"] = citation["start"] + 40, citation["end"] + 40


def _other_document(pack: dict[str, Any]) -> None:
    pack["evidence"][0]["citation"]["document"]["id"] = "f" * 64


def _other_statement(pack: dict[str, Any]) -> None:
    pack["statements"][0]["text"] = "The treaty was never signed by anybody at all."


def _other_context(pack: dict[str, Any]) -> None:
    pack["evidence"][0]["context"]["before"] = "It is a lie that the following is true: "


_ALTERED: dict[str, Callable[[dict[str, Any]], None]] = {
    "words of the quote": _other_words,
    "another span": _other_span,
    "another document": _other_document,
    "another statement called a quotation": _other_statement,
    "another context": _other_context,
    "words for readers alone": lambda pack: None,
}

ATTACKS = (
    Attack("archives-backups", "Poison true files with an altered backup", _backups, faces=("serve",)),
    Attack("archives-packs", "Have forged evidence verified", _packs, faces=("serve",)),
)
