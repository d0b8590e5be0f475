"""All attacks, in the order in which they are run."""

from __future__ import annotations

from tests.attack import (
    addresses,
    archives,
    bodies,
    checks,
    files,
    forgeries,
    indexes,
    origins,
    pages,
    proxies,
    redirects,
    roles,
    stalls,
    statuses,
    unread,
    words,
)

ATTACKS = (
    *files.ATTACKS,
    *addresses.ATTACKS,
    *statuses.ATTACKS,
    *origins.ATTACKS,
    *proxies.ATTACKS,
    *forgeries.ATTACKS,
    *archives.ATTACKS,
    *indexes.ATTACKS,
    *redirects.ATTACKS,
    *bodies.ATTACKS,
    *stalls.ATTACKS,
    *unread.ATTACKS,
    *checks.ATTACKS,
    *words.ATTACKS,
    *pages.ATTACKS,
    *roles.ATTACKS,
)
