"""Altered backups and evidence packs whose checksums were recomputed."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import uuid
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.attack.forgeries import FALSE_WAGE, QUESTION, TRUE_WAGE, forge, seal, states_wage, write_notes
from tests.attack.outcomes import Attack
from tests.attack.servers import run_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


def _restore_backups(server: Server, trial: Trial) -> None:
    """Restore two forged backups: one of a library that imported forged words, one with an edited catalog."""
    home = server.outside / f"keeper{uuid.uuid4().hex[:6]}"
    name = f"backup{uuid.uuid4().hex[:6]}"
    files = write_notes(home / "files", [name])
    run_command(home, "--quiet", "add", *files)
    run_command(home, "backup", home / "true.zip")
    honest = run_command(home, "restore", home / "true.zip", "--library", home / "honest")
    trial.works("An honest backup is restored.", honest.returncode == 0, honest.stderr)
    _alter(home / "true.zip", home / "by-hand.zip")
    run_command(home, "export-library", home / "library.zip")
    forge(home / "library.zip", home / "forged.zip")
    run_command(home / "forger", "import-library", home / "forged.zip")
    run_command(home / "forger", "backup", home / "by-import.zip")
    for label in ("by-hand", "by-import"):
        library = home / f"restored-{label}"
        restored = run_command(home, "restore", home / f"{label}.zip", "--library", library)
        added = run_command(home, "--library", library, "add", "--json", *files)
        search = run_command(home, "--library", library, "search", "--json", QUESTION.format(name=name))
        outputs = f"{restored.stderr} {added.stdout} {added.stderr} {search.stdout} {search.stderr}"
        finds_forged = states_wage(search.stdout, name, FALSE_WAGE)
        finds_true = states_wage(search.stdout, name, TRUE_WAGE)
        refused = any(result.returncode and result.stderr.strip() for result in (restored, added))
        trial.holds(f"A backup forged {label}: the forged words are not found.", not finds_forged, outputs)
        trial.holds(f"A backup forged {label} is refused, or the true words are found.", refused or finds_true, outputs)


def _alter(true: Path, forged: Path) -> None:
    """Change words in the catalog of a backup and recompute the archive's checksums."""
    with zipfile.ZipFile(true) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    path = forged.with_suffix(".db")
    path.write_bytes(parts["catalog.db"])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "UPDATE passages SET text = replace(text, ?, ?)", (f"earned {TRUE_WAGE}", f"earned {FALSE_WAGE}")
        )
    parts["catalog.db"] = path.read_bytes()
    manifest = json.loads(parts["manifest.json"])
    sums = {"bytes": len(parts["catalog.db"]), "sha256": hashlib.sha256(parts["catalog.db"]).hexdigest()}
    manifest["parts"]["catalog.db"] |= sums
    forged.write_bytes(seal(parts | {"manifest.json": json.dumps(manifest).encode()}))


def _verify_packs(server: Server, trial: Trial) -> None:
    """Verify altered evidence packs, which `verify --pack` compares with the library."""
    with server.visitor() as visitor:
        question = {"question": "Who signed the treaty of 16 July 2001?"}
        pack = visitor.post("/v1/ask", params={"format": "pack"}, json=question).content
    folder = server.outside / f"packs{uuid.uuid4().hex[:6]}"
    folder.mkdir()
    (folder / "true.zip").write_bytes(pack)
    honest = run_command(server.home, "verify", "--pack", folder / "true.zip")
    trial.works("An honest pack is verified.", honest.returncode == 0, honest.stdout + honest.stderr)
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    evidence = json.loads(parts["evidence.json"])
    trial.works("The pack has evidence.", evidence["evidence"])
    for label, alter in trial.sample(_ALTERED.items(), 3):
        changed = json.loads(parts["evidence.json"])
        readable = parts["evidence.md"]
        if label != "words for readers alone":
            alter(changed)
        if label.startswith("words"):
            readable = readable.replace(b"Putin", b"Pitun")
            changed["readable_sha256"] = hashlib.sha256(readable).hexdigest()
        path = folder / "forged.zip"
        path.write_bytes(seal({"evidence.md": readable, "evidence.json": json.dumps(changed).encode()}))
        result = run_command(server.home, "verify", "--pack", path)
        trial.holds(
            f"A pack with {label} is not verified.", result.returncode not in (0, 2), result.stdout + result.stderr
        )


def _other_words(pack: dict[str, Any]) -> None:
    for item in (*(evidence["citation"] for evidence in pack["evidence"]), *pack["statements"]):
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
    Attack("archives-backups", "Poison true files with an altered backup", _restore_backups, programs=("serve",)),
    Attack("archives-packs", "Have forged evidence verified", _verify_packs, programs=("serve",)),
)
