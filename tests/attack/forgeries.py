"""Forged portable libraries: other words under the hash of a true file, and shapes that no file has."""

from __future__ import annotations

import hashlib
import io
import json
import re
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

from tests.attack.canaries import data_of, told_of, upload_event
from tests.attack.outcomes import Attack
from tests.attack.servers import command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

TRUE, FALSE = "nine", "five"
QUESTION = "How many silver crowns did keeper {name} earn?"
_HASH = 64
_IDENTITY = re.compile(r"[0-9a-f]{64}")


def _note(name: str) -> bytes:
    """A true file, in which somebody earned nine crowns; the forged one says five."""
    return f"Keeper {name} of Cape Quagga earned {TRUE} silver crowns a month. Keeper {name} slept by day.".encode()


def _libraries(server: Server, trial: Trial) -> None:
    """Import a forged library; then add the true files in every way there is."""
    home = server.outside / f"forger{uuid.uuid4().hex[:6]}"
    names = {way: f"{way}{uuid.uuid4().hex[:6]}" for way in (*_WAYS, "control")}
    files = written(home / "files", [name for way, name in names.items() if way != "control"])
    honest = written(home / "honest", [names["control"]])
    added = command(home, "--quiet", "add", *files, *honest)
    exported = command(home, "export-library", home / "true.zip")
    trial.works("A library is exported.", exported.returncode == 0, added.stderr + exported.stderr)
    forge(home / "true.zip", home / "forged.zip", spare=names["control"])
    imported = command(server.home, "import-library", home / "forged.zip", "--json")
    with server.visitor() as visitor:
        if imported.returncode == 0:
            found = visitor.found(QUESTION.format(name=names["control"]))
            trial.works("An honest document of a portable library is found.", f"earned {TRUE}" in found, found)
        for way, add in _WAYS.items():
            name = names[way]
            told = add(server, home / "files" / f"{name}.txt")
            found = visitor.found(QUESTION.format(name=name))
            theirs, ours = says(found, name, FALSE), says(found, name, TRUE)
            trial.holds(f"After {way} the true words are found.", ours, f"{told} {found}")
            trial.holds(f"After {way} the forged words are not found.", not theirs, f"{told} {found}")
    trial.figure("the import was refused" if imported.returncode else "the import was accepted as a claim")


def written(folder: Path, names: list[str]) -> list[Path]:
    """A true file for each name."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.txt").write_bytes(_note(name))
    return [folder / f"{name}.txt" for name in names]


def says(found: str, name: str, number: str) -> bool:
    """Whether it says that somebody earned this number."""
    return f"Keeper {name} of Cape Quagga earned {number}" in found


def forge(true: Path, forged: Path, spare: str = TRUE * 9) -> None:
    """Other words under the same hashes, with all sums made right again."""
    with zipfile.ZipFile(true) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    for name in [name for name in parts if name.endswith(".jsonl")]:
        lines = [
            line if spare.encode() in line else line.replace(f"earned {TRUE}".encode(), f"earned {FALSE}".encode())
            for line in parts[name].splitlines(keepends=True)
        ]
        parts[name] = b"".join(lines)
        manifest["parts"][name] |= {"bytes": len(parts[name]), "sha256": hashlib.sha256(parts[name]).hexdigest()}
    parts["manifest.json"] = json.dumps(manifest, indent=1).encode()
    forged.write_bytes(sealed(parts))


def sealed(parts: dict[str, bytes]) -> bytes:
    """A zip whose comment has the hash of all bytes before that hash."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
        archive.comment = b"sha256:" + b"0" * _HASH
    content = held.getvalue()[:-_HASH]
    return content + hashlib.sha256(content).hexdigest().encode()


def _by_command(server: Server, path: Path) -> str:
    done = command(server.home, "add", "--json", path)
    return done.stdout + done.stderr


def _by_sync(server: Server, path: Path) -> str:
    folder = path.parent / f"synced-{path.stem}"
    folder.mkdir()
    (folder / path.name).write_bytes(path.read_bytes())
    done = command(server.home, "sync", "--json", folder)
    return done.stdout + done.stderr


def _by_service(server: Server, path: Path) -> str:
    with server.visitor() as visitor:
        return json.dumps(visitor.finished(visitor.add({path.name: path.read_bytes()})))


def _by_page(server: Server, path: Path) -> str:
    with server.visitor() as visitor:
        paths = visitor.upload(path.name, path.read_bytes())
        return told_of(visitor, upload_event(visitor), [[data_of(each, orig_name=path.name) for each in paths]])


def _by_another_name(server: Server, path: Path) -> str:
    with server.visitor() as visitor:
        return json.dumps(visitor.finished(visitor.add({f"renamed-{path.name}": path.read_bytes()})))


_WAYS: dict[str, Callable[[Server, Path], str]] = {
    "add": _by_command,
    "sync": _by_sync,
    "service": _by_service,
    "page": _by_page,
    "rename": _by_another_name,
}


def _misshapen(server: Server, trial: Trial) -> None:
    """Portable libraries whose spans, vectors and ids are not what they should be: refused, and nothing is hurt."""
    home = server.outside / f"shaper{uuid.uuid4().hex[:6]}"
    name = f"shape{uuid.uuid4().hex[:6]}"
    command(home, "--quiet", "add", *written(home / "files", [name]))
    command(home, "export-library", home / "true.zip")
    with zipfile.ZipFile(home / "true.zip") as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    for what, spoil in trial.some(_SPOILT.items(), 2):
        spoilt = dict(parts)
        manifest = json.loads(parts["manifest.json"])
        for part in parts:
            if part.endswith(".jsonl"):
                document = json.loads(parts[part].splitlines()[0])
                spoil(document)
                spoilt[part] = json.dumps(document).encode() + b"\n"
            elif what.endswith("numbers") and part.endswith(".f16"):
                spoilt[part] = b"\xff\x7f" * (len(parts[part]) // 2)
            if part in manifest["parts"]:
                sums = {"bytes": len(spoilt[part]), "sha256": hashlib.sha256(spoilt[part]).hexdigest()}
                manifest["parts"][part] |= sums
        spoilt["manifest.json"] = json.dumps(manifest).encode()
        (home / "spoilt.zip").write_bytes(sealed(spoilt))
        done = command(server.home, "import-library", home / "spoilt.zip", "--json")
        crashed = "Traceback" in done.stderr or done.returncode not in (0, 1, 2, 3)
        trial.holds(f"A library with {what} crashes nothing.", not crashed, done.stderr)
        with server.visitor() as visitor:
            asked = visitor.post("/v1/search", json={"question": QUESTION.format(name=name), "limit": 20})
            trial.holds(f"After {what} the server still searches.", asked.status_code == 200, asked.text)
            odd = [document["id"] for document in visitor.documents() if not _IDENTITY.fullmatch(document["id"])]
            trial.holds(f"After {what} every document is named by a hash.", not odd, odd)
            wrong = [hit for hit in asked.json().get("hits", []) if not _quotes(visitor, hit)]
            trial.holds(f"After {what} every passage is where it says.", not wrong, wrong[:1])


def _quotes(visitor: Visitor, hit: dict[str, Any]) -> bool:
    """Whether the words of a hit stand in their document."""
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


ATTACKS = (
    Attack("forgeries-libraries", "Poison true files with a forged portable library", _libraries),
    Attack("forgeries-shapes", "Break the library with a misshapen one", _misshapen, faces=("serve",)),
)
