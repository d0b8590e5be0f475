"""A reader of a server with accounts who sends what only a curator may send, or what another person has uploaded."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.canaries import event_output, file_data, upload_event
from tests.attack.outcomes import Attack
from tests.attack.servers import add_examples, run_command, running_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_COOKIE = "pincite_browser"
_PEOPLE = {"reader": "reader", "curator": "curator", "other": "curator"}


def _by_events(_server: Server, trial: Trial) -> None:
    """Send upload events: as a reader, without files, and with the files and the cookie of another person."""
    with tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder:
        home = Path(folder) / "team"
        settings = {"PINCITE_ACCOUNTS": str(home / "accounts")}
        add_examples(home)
        keys = {name: _key(home, name, role, settings) for name, role in _PEOPLE.items()}
        with running_server("team", home, **settings) as server:
            people = {name: server.visitor() for name in keys}
            for name, visitor in people.items():
                visitor.headers["Authorization"] = f"Bearer {keys[name]}"
            try:
                _attack(trial, people, home)
            finally:
                for visitor in people.values():
                    visitor.close()


def _attack(trial: Trial, people: Mapping[str, Visitor], home: Path) -> None:
    reader, curator, other = people["reader"], people["curator"], people["other"]
    event = upload_event(curator)
    for label, data in {"no files": [[]], "nothing": [None], "an unknown file": [[file_data("x/note.txt")]]}.items():
        output = event_output(reader, event, data)
        trial.holds(f"A reader's event with {label} is refused.", "data-begun" not in output, output)
        trial.holds(f"A reader's event with {label} never runs.", "process_starts" not in output, output)
    for label, data in {"no files": [[]], "nothing": [None]}.items():
        output = event_output(curator, event, data)
        trial.holds(f"An event with {label} is no job.", "data-begun" not in output, output)
    for thief in (reader, other):
        handles = curator.upload("note.txt", b"The keeper counted eleven ships.")
        trial.works("A curator uploads a file.", handles)
        thief.cookies.set(_COOKIE, curator.cookies[_COOKIE])
        output = event_output(thief, event, [[file_data(handle) for handle in handles]])
        trial.holds("Whoever knows the cookie cannot add the file.", "data-begun" not in output, output)
    lines = (home / "accounts" / "audit.jsonl").read_text("utf-8").splitlines()
    added = [line for line in map(json.loads, lines) if line["action"] == "add" and "job" in line]
    trial.holds("The audit log names nobody who added nothing.", not added, added)
    output = event_output(curator, event, [[file_data(handle) for handle in handles]])
    trial.works("The curator adds the file.", "data-begun" in output, output)


def _key(home: Path, name: str, role: str, settings: Mapping[str, str]) -> str:
    """Create a key and return it."""
    return run_command(home, "key", "create", name, "--role", role, **settings).stdout.strip()


ATTACKS = (Attack("roles-events", "Add files as a reader, or in another's name", _by_events, programs=("serve",)),)
