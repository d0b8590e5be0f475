"""A pytest plugin: with `CI=true`, a skipped test that proves a promise of the README is a failure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

MANDATORY = ("faults", "browser", "server")
"""Tests of these kinds prove what the README promises: where CI sets `CI=true`, skipping one of them is a failure."""
FOLDERS = ("faults", "browser", "service")
"""Folders of which no whole module may be skipped."""
EXCUSED = "shared data"
"""A reason with this beginning is accepted: the file is not part of this repository."""
FILES = Path(__file__).parents[2] / "shared" / "files"
"""Real files in many formats, beside the checkout."""
NEEDS_FILES = pytest.mark.skipif(
    not FILES.is_dir(), reason=f"{EXCUSED}: no folder of real files is beside this checkout"
)
NEEDS_PLUGINS = pytest.mark.skipif(os.environ.get("PINCITE_PLUGINS") == "none", reason="plug-ins are left out")
"""The mark of a test outside tests/plugins that needs a plug-in, too: a page that lists everything, hostile files."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a skipped test as failed if it has one of the markers in MANDATORY."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and any(item.get_closest_marker(m) for m in MANDATORY):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(EXCUSED) and not hasattr(report, "wasxfail"):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped where CI=true: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Report a skipped module as failed if it is in one of FOLDERS: its tests are not collected and have no markers."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and collector.path.parent.name in FOLDERS:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped where CI=true: {report.longrepr}"
    return report
