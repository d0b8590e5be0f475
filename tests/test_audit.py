"""The audit of dependencies tells a finding, a clean bill and an unanswered question apart."""

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
    """As pip-audit prints it."""
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The program, where pip-audit prints this; its exit code and its last line."""

    def run(stdout: str, stderr: str = "", code: int = 0) -> tuple[int, str]:
        done = subprocess.CompletedProcess([], code, stdout, stderr)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
        try:
            audit.main()
        except SystemExit as end:
            return int(end.code or 0), capsys.readouterr().out.splitlines()[-1]
        return 0, capsys.readouterr().out.splitlines()[-1]

    return run


def test_clean(run: Any) -> None:
    """How many packages were looked up, and which were not; our own package is none of them."""
    assert run(output(CLEAN, OURS)) == (0, "AUDIT: clean (1 packages looked up)")
    assert run(output(CLEAN, SKIPPED)) == (0, "AUDIT: clean (1 packages looked up; 1 not looked up: numpy)")


def test_a_vulnerability_fails(run: Any) -> None:
    """With its package and id."""
    assert run(output(CLEAN, FLAWED), code=1) == (1, "AUDIT: 1 vulnerabilities (torch 2.0: PYSEC-1)")


def test_what_could_not_be_looked_up_is_no_pass(run: Any) -> None:
    """pip-audit itself ends with 0 where it skipped every package; or it prints no JSON at all. Neither fails CI."""
    assert run(output(SKIPPED, OURS)) == (0, "AUDIT: not looked up (1 not looked up: numpy)")
    refused = "ConnectionError: Failed to resolve the service"
    assert run("", f"Traceback\n{refused}\n", 1) == (0, f"AUDIT: not looked up ({refused})")
    assert run("[]", "", 1) == (0, "AUDIT: not looked up (no output)")


def test_a_slow_service_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is it a pass."""

    def wait(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("pip_audit", audit.SECONDS)

    monkeypatch.setattr(subprocess, "run", wait)
    audit.main()
    assert capsys.readouterr().out.startswith("AUDIT: not looked up (no answer in ")


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1"])
@pytest.mark.parametrize(("until", "failed"), [("2026-11-27", False), ("2026-11-26", True)])
def test_what_is_accepted_is_accepted_for_a_while(name: str, until: str, failed: bool) -> None:
    """By any of its names, up to its last day."""
    text = f'[[accepted]]\nid = "{name}"\nreason = "It is not reached."\nuntil = {until}\n'
    assert audit.judge(output(FLAWED), audit.read_accepted(text, TODAY)).failed is failed


@pytest.mark.parametrize("missing", ["id", "reason", "until"])
def test_nothing_is_accepted_without_a_reason(missing: str) -> None:
    """Or without a last day."""
    lines = {"id": 'id = "CVE-1"', "reason": 'reason = "x"', "until": "until = 2027-01-01"}
    text = "[[accepted]]\n" + "\n".join(line for name, line in lines.items() if name != missing)
    with pytest.raises(ValueError, match="needs id, reason and until"):
        audit.read_accepted(text, TODAY)


def test_the_list_of_the_project_is_valid() -> None:
    """Every entry has all that it needs."""
    audit.read_accepted(audit.ACCEPTED.read_text(encoding="utf-8"), TODAY)


def test_what_is_run_is_a_program() -> None:
    """Where pip-audit is installed it knows these options."""
    pytest.importorskip("pip_audit")
    done = subprocess.run(
        [sys.executable, "-m", *audit.COMMAND, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
