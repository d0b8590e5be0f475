"""Known vulnerabilities of the installed packages: `python -m tests.audit`. The last line has the result.

    AUDIT: clean (161 packages looked up)
    AUDIT: not looked up (…)              no vulnerability service could be asked: this proves nothing
    AUDIT: 2 vulnerabilities (…)          exit code 1

Vulnerabilities that are accepted for a while are listed in ACCEPTED, each with a reason and a last day.
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
"""The timeout of the whole audit; one request may take six seconds."""
COMMAND = ("pip_audit", "--local", "--skip-editable", "--format", "json", "--progress-spinner", "off", "--timeout", "6")
OURS = "pincite"


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The vulnerabilities found, and the packages that could not be looked up."""

    known: int
    unknown: tuple[str, ...]
    found: tuple[str, ...]
    """`package version: id`, of what is not accepted."""

    @property
    def failed(self) -> bool:
        """Whether a vulnerability was found that is not accepted."""
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
    """Run the audit and print its result; the exit code is 1 if a vulnerability was found that is not accepted."""
    accepted = read_accepted(ACCEPTED.read_text(encoding="utf-8"), datetime.now(UTC).date())
    try:
        done = subprocess.run(
            [sys.executable, "-m", *COMMAND], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        result = judge(done.stdout, accepted)
    except subprocess.TimeoutExpired:
        print(f"AUDIT: not looked up (no answer in {SECONDS} seconds)")
        return
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        print(f"AUDIT: not looked up ({last[0][:200]})")
        return
    print(result)
    sys.exit(result.failed)


def judge(output: str, accepted: Mapping[str, str]) -> AuditResult:
    """Evaluate the JSON of pip-audit. Raises ValueError if it is not JSON: then nothing was looked up.

    A package that pip-audit skipped is not known to be clean, although pip-audit ends with 0 and reports no finding.
    """
    try:
        packages: list[dict[str, Any]] = [
            package for package in json.loads(output)["dependencies"] if package["name"].lower() != OURS
        ]
        found = [
            f"{package['name']} {package['version']}: {flaw['id']}"
            for package in packages
            for flaw in package.get("vulns", ())
            if accepted.keys().isdisjoint([flaw["id"], *flaw.get("aliases", ())])
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(output[:200]) from error
    unknown = tuple(package["name"] for package in packages if "vulns" not in package)
    return AuditResult(len(packages) - len(unknown), unknown, tuple(found))


def read_accepted(text: str, today: date) -> dict[str, str]:
    """The reasons of the vulnerabilities accepted today, by id. Raises ValueError for an incomplete entry."""
    valid = {}
    for entry in tomllib.loads(text).get("accepted", ()):
        if not (entry.get("id") and entry.get("reason") and isinstance(entry.get("until"), date)):
            raise ValueError(f"An accepted vulnerability needs id, reason and until: {entry}.")
        if entry["until"] >= today:
            valid[str(entry["id"])] = str(entry["reason"])
    return valid


if __name__ == "__main__":
    main()
