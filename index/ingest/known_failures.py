"""Files that could not be read before: which of them would fail again, and which containers have to be opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.records import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from index.ingest.queue import Worklist
    from index.ingest.scan import Scan

KEPT_HINT = "Until then the library keeps the file's previous contents."


def failure_stamp(stamp: str, rules: str) -> str:
    """Return the stamp of an unreadable file. It includes the rules, because other rules may make it readable."""
    return f"{stamp} {rules}"


def failure(source: str, reason: str, hint: str, have: Container[str]) -> Failure:
    """Return the failure of a file that cannot be read. Its last good version stays in the library, because a file is
    often half written, locked or not yet fetched when it is read.
    """
    return Failure(source, reason, f"{hint} {KEPT_HINT}".strip() if source in have else hint)


def members_by_container(have: Mapping[str, str], scan: Scan) -> dict[str, list[str]]:
    """Return the library's sources that are in containers among the scanned files, by container."""
    found: dict[str, list[str]] = {}
    for source in have.keys() - scan.metadata.keys():
        if container := scan.file_of(source):
            found.setdefault(container, []).append(source)
    return found


def failed_members(
    worklist: Worklist, scan: Scan, stamp_of: Callable[[str], str], rules: str
) -> tuple[list[Failure], set[str]]:
    """Return the members of scanned containers that would fail again, and the containers to open again.

    These have members that were not added yet, or that failed under other rules or before the container changed.
    """
    waiting = (path for path in worklist.waiting() if path not in scan.metadata)
    unfinished = {scan.file_of(path) for path in waiting}
    failed = [each for each in worklist.failed() if each.source not in scan.metadata and scan.file_of(each.source)]
    known, outcomes = [], worklist.outcomes([each.source for each in failed])
    for each in failed:
        stamp, outcome = stamp_of(each.source), outcomes.get(each.source)
        if outcome and stamp and outcome.stamp == failure_stamp(stamp, rules):
            known.append(each)
        else:
            unfinished.add(scan.file_of(each.source))
    return known, unfinished
