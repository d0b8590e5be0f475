"""All attacks, in the order in which they are run."""

from __future__ import annotations

from tests.attack import addresses, bodies, files, stalls

ATTACKS = (
    *files.ATTACKS,
    *addresses.ATTACKS,
    *bodies.ATTACKS,
    *stalls.ATTACKS,
)
