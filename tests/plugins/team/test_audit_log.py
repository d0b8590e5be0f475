"""The audit log: complete lines from several processes, private, in files of limited size."""

from __future__ import annotations

import json
import logging
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

from index.plugins.team.audit_log import AuditLog
from index.server.principals import record_added

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


APPEND = """
import sys
from pathlib import Path
from index.plugins.team.audit_log import AuditLog
log = AuditLog(Path(sys.argv[1]), 1)
for number in range(30):
    log.record("add", what=["x" * 3000, sys.argv[2], number])
"""


def test_lines_of_several_processes_stay_whole(tmp_path: Path) -> None:
    """Each line is JSON, and none is lost."""
    command = [sys.executable, "-c", APPEND, str(tmp_path / "accounts")]
    processes = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [process.wait(60) for process in processes] == [0, 0]
    lines = (tmp_path / "accounts" / "audit.jsonl").read_text().splitlines()
    assert sorted(tuple(json.loads(line)["what"][1:]) for line in lines) == [
        (name, n) for name in "ab" for n in range(30)
    ]
    assert stat.S_IMODE((tmp_path / "accounts" / "audit.jsonl").stat().st_mode) == 0o600


def test_log_continues_in_a_new_file(tmp_path: Path) -> None:
    """Each file stays below the limit; the oldest goes after nine."""
    log = AuditLog(tmp_path, 1)
    for number in range(120):
        log.record("add", number=number, what="x" * 100_000)
    files = sorted(tmp_path.glob("audit*.jsonl"))
    assert len(files) == 10
    assert all(path.stat().st_size <= 1_000_000 for path in files)
    assert json.loads(log.path.read_text().splitlines()[-1])["number"] == 119


def test_failure_is_in_the_servers_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A disk that cannot be written does not stop the server; what happened is not lost."""
    (tmp_path / "accounts").write_text("")
    with caplog.at_level(logging.ERROR):
        AuditLog(tmp_path / "accounts", 1).record("remove", what=["treaty.pdf"])
    assert "treaty.pdf" in caplog.text


def test_additions_of_the_page_are_recorded_only_with_accounts() -> None:
    """An event of a page without accounts has nowhere to record."""
    recorded: list[object] = []
    record_added({"type": "http"}, ["a.txt"], "1")
    record_added({"pincite.audit": lambda action, **facts: recorded.append((action, facts))}, ["a.txt"] * 300, "1")
    assert recorded == [("add", {"what": ["a.txt"] * 100, "files": 300, "job": "1"})]
