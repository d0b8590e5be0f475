"""The switch between the default run of the tests and the nightly run, `pytest --nightly`.

Tests that are marked `nightly` run only in the nightly run. Other tests that can be long take their length from here.
"""

from __future__ import annotations

import os

SWITCH = "NIGHTLY"
"""The environment variable that `--nightly` sets, so that workers and modules know it while tests are collected."""


def is_nightly() -> bool:
    """Whether this is the nightly run."""
    return os.environ.get(SWITCH) == "true"


def length(default: int, nightly: int) -> int:
    """Return how often a test tries something: `default` times, or `nightly` times in the nightly run."""
    return nightly if is_nightly() else default
