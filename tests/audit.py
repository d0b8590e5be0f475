"""Known vulnerabilities of what is installed: `python -m tests.audit`. The last line says how it went.

    AUDIT: clean (161 packages looked up)
    AUDIT: not looked up (…)              no vulnerability service could be asked: this proves nothing
    AUDIT: 2 vulnerabilities (…)          exit code 1

What is known and accepted for a while stands in ACCEPTED with a reason and a last day.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCEPTED = Path(__file__).with_name("accepted_vulnerabilities.toml")
SECONDS = 300
"""How long the audit may take in all; one request may take a tenth of a minute."""
COMMAND = ("pip_audit", "--local", "--skip-editable", "--format", "json", "--progress-spinner", "off", "--timeout", "6")
OURS = "pincite"


@dataclass(frozen=True, slots=True)
class Audited:
    """What was found, and which packages nothing is known of."""

    known: int
    unknown: tuple[str, ...]
    found: tuple[str, ...]
    """`package version: id`, of what is not accepted."""

    @property
    def failed(self) -> bool:
        """Whether something has to be done."""
        return bool(self.found)

    def __str__(self) -> str:
        missing = f"{len(self.unknown)} not looked up: {', '.join(self.unknown[:5])}"
        missing += ", …" if len(self.unknown) > 5 else ""
        if self.found:
            return f"AUDIT: {len(self.found)} vulnerabilities ({'; '.join(self.found)})"
        if not self.known:
            return f"AUDIT: not looked up ({missing})"
        return f"AUDIT: clean ({self.known} packages looked up{'; ' + missing if self.unknown else ''})"


def main() -> None:
    """Ask, and tell; the exit code is 1 where a vulnerability was found or an acceptance is no longer valid."""
    accepted = read_accepted(ACCEPTED.read_text(encoding="utf-8"), datetime.now(UTC).date())
    try:
        done = subprocess.run(
            [sys.executable, "-m", *COMMAND], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        audited = judge(done.stdout, accepted)
    except subprocess.TimeoutExpired:
        print(f"AUDIT: not looked up (no answer in {SECONDS} seconds)")
        return
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        print(f"AUDIT: not looked up ({last[0][:200]})")
        return
    print(audited)
    sys.exit(audited.failed)


def judge(output: str, accepted: Mapping[str, str]) -> Audited:
    """What the JSON of pip-audit says. Raises ValueError where it is none: then nothing was looked up.

    A package that it skipped is not known to be clean, although pip-audit then ends with 0 and says that it found none.
    """
    try:
        packages: list[dict[str, Any]] = [
            each for each in json.loads(output)["dependencies"] if each["name"].lower() != OURS
        ]
        found = [
            f"{each['name']} {each['version']}: {flaw['id']}"
            for each in packages
            for flaw in each.get("vulns", ())
            if accepted.keys().isdisjoint([flaw["id"], *flaw.get("aliases", ())])
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(output[:200]) from error
    unknown = tuple(each["name"] for each in packages if "vulns" not in each)
    return Audited(len(packages) - len(unknown), unknown, tuple(found))


def read_accepted(text: str, today: date) -> dict[str, str]:
    """The reasons of what is accepted today, by id. Raises ValueError for an entry without a reason or a last day."""
    valid = {}
    for entry in tomllib.loads(text).get("accepted", ()):
        if not (entry.get("id") and entry.get("reason") and isinstance(entry.get("until"), date)):
            raise ValueError(f"An accepted vulnerability needs id, reason and until: {entry}.")
        if entry["until"] >= today:
            valid[str(entry["id"])] = str(entry["reason"])
    return valid


if __name__ == "__main__":
    main()
