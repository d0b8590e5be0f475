"""Forged portable libraries, backups and evidence packs, whose checksums were recomputed."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
import uuid
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.attack.canaries import event_output, file_data, upload_event
from tests.attack.outcomes import Attack
from tests.attack.servers import run_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor


# Forged portable libraries: other words under the hash of a true file, and records of invalid shape.

TRUE_WAGE, FALSE_WAGE = "nine", "five"
QUESTION = "How many silver crowns did keeper {name} earn?"
_HASH = 64
_IDENTITY = re.compile(r"[0-9a-f]{64}")


def _note_about(name: str) -> bytes:
    """Return a true file, which says nine crowns; the forged one says five."""
    return (
        f"Keeper {name} of Cape Quagga earned {TRUE_WAGE} silver crowns a month. Keeper {name} slept by day.".encode()
    )


def _libraries(server: Server, trial: Trial) -> None:
    """Import a forged library, then add the true files in every possible way."""
    home = server.outside / f"forger{uuid.uuid4().hex[:6]}"
    names = {way: f"{way}{uuid.uuid4().hex[:6]}" for way in (*_WAYS, "control")}
    files = write_notes(home / "files", [name for way, name in names.items() if way != "control"])
    honest = write_notes(home / "honest", [names["control"]])
    added = run_command(home, "--quiet", "add", *files, *honest)
    exported = run_command(home, "export-library", home / "true.zip")
    trial.works("A library is exported.", exported.returncode == 0, added.stderr + exported.stderr)
    forge(home / "true.zip", home / "forged.zip", spare=names["control"])
    imported = run_command(server.home, "import-library", home / "forged.zip", "--json")
    with server.visitor() as visitor:
        if imported.returncode == 0:
            passages = visitor.search_texts(QUESTION.format(name=names["control"]))
            trial.works(
                "An honest document of a portable library is found.",
                f"earned {TRUE_WAGE}" in passages,
                passages,
            )
        for way, add in _WAYS.items():
            name = names[way]
            output = add(server, home / "files" / f"{name}.txt")
            passages = visitor.search_texts(QUESTION.format(name=name))
            finds_forged = states_wage(passages, name, FALSE_WAGE)
            finds_true = states_wage(passages, name, TRUE_WAGE)
            trial.holds(f"After {way} the true words are found.", finds_true, f"{output} {passages}")
            trial.holds(f"After {way} the forged words are not found.", not finds_forged, f"{output} {passages}")
    trial.figure("the import was refused" if imported.returncode else "the import was accepted as a claim")


def write_notes(folder: Path, names: list[str]) -> list[Path]:
    """Write a true file for each name and return the paths."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.txt").write_bytes(_note_about(name))
    return [folder / f"{name}.txt" for name in names]


def states_wage(passages: str, name: str, number: str) -> bool:
    """Whether the passages say that this keeper earned that number."""
    return f"Keeper {name} of Cape Quagga earned {number}" in passages


def forge(true: Path, forged: Path, spare: str = TRUE_WAGE * 9) -> None:
    """Write a library with other words under the same hashes, and with matching checksums."""
    with zipfile.ZipFile(true) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    for name in [name for name in parts if name.endswith(".jsonl")]:
        lines = [
            line
            if spare.encode() in line
            else line.replace(f"earned {TRUE_WAGE}".encode(), f"earned {FALSE_WAGE}".encode())
            for line in parts[name].splitlines(keepends=True)
        ]
        parts[name] = b"".join(lines)
        manifest["parts"][name] |= {"bytes": len(parts[name]), "sha256": hashlib.sha256(parts[name]).hexdigest()}
    parts["manifest.json"] = json.dumps(manifest, indent=1).encode()
    forged.write_bytes(seal(parts))


def seal(parts: dict[str, bytes]) -> bytes:
    """Return a zip whose comment ends with the hash of all bytes before it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
        archive.comment = b"sha256:" + b"0" * _HASH
    content = buffer.getvalue()[:-_HASH]
    return content + hashlib.sha256(content).hexdigest().encode()


def _by_command(server: Server, path: Path) -> str:
    result = run_command(server.home, "add", "--json", path)
    return result.stdout + result.stderr


def _by_sync(server: Server, path: Path) -> str:
    folder = path.parent / f"synced-{path.stem}"
    folder.mkdir()
    (folder / path.name).write_bytes(path.read_bytes())
    result = run_command(server.home, "sync", "--json", folder)
    return result.stdout + result.stderr


def _by_service(server: Server, path: Path) -> str:
    with server.visitor() as visitor:
        return json.dumps(visitor.wait_for_job(visitor.add({path.name: path.read_bytes()})))


def _by_page(server: Server, path: Path) -> str:
    with server.visitor() as visitor:
        handles = visitor.upload(path.name, path.read_bytes())
        return event_output(
            visitor, upload_event(visitor), [[file_data(handle, orig_name=path.name) for handle in handles]]
        )


def _by_another_name(server: Server, path: Path) -> str:
    with server.visitor() as visitor:
        return json.dumps(visitor.wait_for_job(visitor.add({f"renamed-{path.name}": path.read_bytes()})))


_WAYS: dict[str, Callable[[Server, Path], str]] = {
    "add": _by_command,
    "sync": _by_sync,
    "service": _by_service,
    "page": _by_page,
    "rename": _by_another_name,
}


def _misshapen(server: Server, trial: Trial) -> None:
    """Import libraries with invalid spans, vectors and ids: the server refuses or repairs them and keeps working."""
    home = server.outside / f"shaper{uuid.uuid4().hex[:6]}"
    name = f"shape{uuid.uuid4().hex[:6]}"
    run_command(home, "--quiet", "add", *write_notes(home / "files", [name]))
    run_command(home, "export-library", home / "true.zip")
    with zipfile.ZipFile(home / "true.zip") as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    for label, spoil in trial.sample(_SPOILT.items(), 2):
        spoilt = dict(parts)
        manifest = json.loads(parts["manifest.json"])
        for part in parts:
            if part.endswith(".jsonl"):
                document = json.loads(parts[part].splitlines()[0])
                spoil(document)
                spoilt[part] = json.dumps(document).encode() + b"\n"
            elif label.endswith("numbers") and part.endswith(".f16"):
                spoilt[part] = b"\xff\x7f" * (len(parts[part]) // 2)
            if part in manifest["parts"]:
                sums = {"bytes": len(spoilt[part]), "sha256": hashlib.sha256(spoilt[part]).hexdigest()}
                manifest["parts"][part] |= sums
        spoilt["manifest.json"] = json.dumps(manifest).encode()
        (home / "spoilt.zip").write_bytes(seal(spoilt))
        result = run_command(server.home, "import-library", home / "spoilt.zip", "--json")
        crashed = "Traceback" in result.stderr or result.returncode not in (0, 1, 2, 3)
        trial.holds(f"A library with {label} crashes nothing.", not crashed, result.stderr)
        with server.visitor() as visitor:
            response = visitor.post("/v1/search", json={"question": QUESTION.format(name=name), "limit": 20})
            trial.holds(f"After {label} the server still searches.", response.status_code == 200, response.text)
            odd_ids = [document["id"] for document in visitor.documents() if not _IDENTITY.fullmatch(document["id"])]
            trial.holds(f"After {label} every document is named by a hash.", not odd_ids, odd_ids)
            misplaced_hits = [hit for hit in response.json().get("hits", []) if not _is_in_document(visitor, hit)]
            trial.holds(f"After {label} every passage is where it says.", not misplaced_hits, misplaced_hits[:1])


def _is_in_document(visitor: Visitor, hit: dict[str, Any]) -> bool:
    """Whether the text of a hit is at its place in the document."""
    span = {"start": hit["start"], "end": hit["end"]}
    part = visitor.get(f"/v1/documents/{hit['document']['id']}/text", params=span)
    return part.status_code == 200 and bool(part.json()["text"] == hit["text"])


def _spans(document: dict[str, Any]) -> None:
    document["passages"] = [[0, 10_000, [[0, 10_000]]]]


def _negative(document: dict[str, Any]) -> None:
    document["passages"] = [[-50, 20, [[-50, 20]]]]


def _crossing(document: dict[str, Any]) -> None:
    document["passages"] = [[30, 10, [[40, 90], [0, 5]]]]


def _identity(document: dict[str, Any]) -> None:
    document["id"] = "../../../../evil"


def _origin(document: dict[str, Any]) -> None:
    document["sources"] = ["/etc/hostname", "javascript:alert(1)", ""]


_SPOILT: dict[str, Callable[[dict[str, Any]], None]] = {
    "spans beyond the text": _spans,
    "negative spans": _negative,
    "crossing spans": _crossing,
    "a path for an id": _identity,
    "odd places": _origin,
    "vectors that are no numbers": lambda document: None,
}


# Altered backups and evidence packs whose checksums were recomputed.


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
    Attack("forgeries-libraries", "Poison true files with a forged portable library", _libraries),
    Attack("forgeries-shapes", "Break the library with a misshapen one", _misshapen, programs=("serve",)),
    Attack("archives-backups", "Poison true files with an altered backup", _restore_backups, programs=("serve",)),
    Attack("archives-packs", "Have forged evidence verified", _verify_packs, programs=("serve",)),
)
