"""After a run that failed: `python -m tests.flaky` runs the browser tests that failed once more, if nothing else did.

Those that now pass are printed as flaky. The exit code is 0 if all of them pass, and the coverage is what it has to be.
After a nightly run, `--nightly` runs them as at night, and coverage is not asked for.
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
MOST = 5
"""More failures than these are no accident."""


def retriable(failed: Iterable[str]) -> list[str]:
    """The tests to run again; none where another test failed as well, or too many did."""
    names = sorted(failed)
    return names if len(names) <= MOST and all(name.startswith("tests/browser/") for name in names) else []


def main() -> None:
    """Run them."""
    again = retriable(json.loads(FAILED.read_text(encoding="utf-8"))) if FAILED.exists() else []
    if not again:
        sys.exit(1)
    options = sys.argv[1:]
    code = subprocess.run([sys.executable, "-m", "pytest", "-n0", "--no-cov", *options, *again], check=False).returncode
    if "--nightly" not in options:
        code = code or subprocess.run([sys.executable, "-m", "coverage", "report"], check=False).returncode
    for name in () if code else again:
        print(f"FLAKY: {name} failed, and passed when it ran again")
    sys.exit(code)


if __name__ == "__main__":
    main()
