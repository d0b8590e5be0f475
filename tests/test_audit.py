"""The audit distinguishes a vulnerability, a clean result and a failed look-up."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from tests import audit

TODAY = date(2026, 11, 27)
FLAW = {"id": "PYSEC-1", "aliases": ["CVE-1", "GHSA-1"], "fix_versions": ["2.0"]}
CLEAN = {"name": "rich", "version": "15.0", "vulns": []}
FLAWED = {"name": "torch", "version": "2.0", "vulns": [FLAW]}
SKIPPED = {"name": "numpy", "skip_reason": "Dependency not found on PyPI and could not be audited: numpy (2.0)"}
OURS = {"name": "pincite", "skip_reason": "distribution marked as editable"}


def output(*packages: dict[str, Any]) -> str:
    """Return the packages as pip-audit prints them."""
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs the audit with this output of pip-audit, and gives exit code and last line."""

    def run(stdout: str, stderr: str = "", code: int = 0) -> tuple[int, str]:
        done = subprocess.CompletedProcess([], code, stdout, stderr)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
        try:
            audit.main()
        except SystemExit as end:
            return int(end.code or 0), capsys.readouterr().out.splitlines()[-1]
        return 0, capsys.readouterr().out.splitlines()[-1]

    return run


def test_clean_audit_counts_the_packages(run: Any) -> None:
    """Packages that were not looked up are listed; our own package is not counted."""
    assert run(output(CLEAN, OURS)) == (0, "AUDIT: clean (1 packages looked up)")
    assert run(output(CLEAN, SKIPPED)) == (0, "AUDIT: clean (1 packages looked up; 1 not looked up: numpy)")


def test_vulnerability_fails_the_audit(run: Any) -> None:
    """The last line names the package and the vulnerability."""
    assert run(output(CLEAN, FLAWED), code=1) == (1, "AUDIT: 1 vulnerabilities (torch 2.0: PYSEC-1)")


def test_failed_look_up_is_not_reported_as_clean(run: Any) -> None:
    """If pip-audit skips every package or prints no JSON, the audit neither passes nor fails."""
    assert run(output(SKIPPED, OURS)) == (0, "AUDIT: not looked up (1 not looked up: numpy)")
    refused = "ConnectionError: Failed to resolve the service"
    assert run("", f"Traceback\n{refused}\n", 1) == (0, f"AUDIT: not looked up ({refused})")
    assert run("[]", "", 1) == (0, "AUDIT: not looked up (no output)")


def test_slow_service_times_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A timeout is not reported as clean."""

    def wait(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("pip_audit", audit.SECONDS)

    monkeypatch.setattr(subprocess, "run", wait)
    audit.main()
    assert capsys.readouterr().out.startswith("AUDIT: not looked up (no answer in ")


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1"])
@pytest.mark.parametrize(("until", "failed"), [("2026-11-27", False), ("2026-11-26", True)])
def test_accepted_vulnerability_expires(name: str, until: str, failed: bool) -> None:
    """A vulnerability is accepted by any of its names, up to the last day."""
    text = f'[[accepted]]\nid = "{name}"\nreason = "It is not reached."\nuntil = {until}\n'
    assert audit.judge(output(FLAWED), audit.read_accepted(text, TODAY)).failed is failed


@pytest.mark.parametrize("missing", ["id", "reason", "until"])
def test_acceptance_needs_id_reason_and_last_day(missing: str) -> None:
    """An entry without one of them is an error."""
    lines = {"id": 'id = "CVE-1"', "reason": 'reason = "x"', "until": "until = 2027-01-01"}
    text = "[[accepted]]\n" + "\n".join(line for name, line in lines.items() if name != missing)
    with pytest.raises(ValueError, match="needs id, reason and until"):
        audit.read_accepted(text, TODAY)


def test_accepted_vulnerabilities_of_the_project_are_valid() -> None:
    """Every entry has an id, a reason and a last day."""
    audit.read_accepted(audit.ACCEPTED.read_text(encoding="utf-8"), TODAY)


def test_pip_audit_accepts_the_options() -> None:
    """If pip-audit is installed, it accepts the options of the audit."""
    pytest.importorskip("pip_audit")
    done = subprocess.run(
        [sys.executable, "-m", *audit.COMMAND, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
