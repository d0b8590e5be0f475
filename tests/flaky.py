"""Retry after a failed run: `python -m tests.flaky` repeats the failed browser tests if no other test failed.

Tests that pass now are printed as flaky. The exit code is 0 if all pass. After a nightly run, `--nightly` repeats them
with the nightly lengths, and the coverage must be sufficient, too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST_RETRIES = 5
"""More failed tests than these are not flaky tests but a defect."""


def retriable(failed: Iterable[str]) -> list[str]:
    """The tests to repeat: none if a test outside the browser folder failed, or too many failed."""
    names = sorted(failed)
    return names if len(names) <= MOST_RETRIES and all(name.startswith("tests/browser/") for name in names) else []


def main() -> None:
    """Repeat the tests, print the flaky ones, and exit."""
    tests = retriable(json.loads(FAILED.read_text(encoding="utf-8"))) if FAILED.exists() else []
    if not tests:
        sys.exit(1)
    options = sys.argv[1:]
    code = subprocess.run([sys.executable, "-m", "pytest", "-n0", "--no-cov", *options, *tests], check=False).returncode
    if "--nightly" in options:
        code = code or subprocess.run([sys.executable, "-m", "coverage", "report"], check=False).returncode
    for name in () if code else tests:
        print(f"FLAKY: {name} failed, and passed when it ran again")
    sys.exit(code)


if __name__ == "__main__":
    main()
