"""No response to a visitor of a demo differs by a byte whether another visitor has a secret document or not."""

from __future__ import annotations

import io
import re
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
import pytest

from tests.attack.demos import WIDE, running_demo
from tests.attack.guests import Guest, Ledger
from tests.attack.probes import Probe, all_probes
from tests.hosted import wait_until
from tests.nightly import length
from tests.skips import NEEDS_PLUGINS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.servers import Server

pytestmark = [
    NEEDS_PLUGINS,
    pytest.mark.skipif(sys.platform != "linux", reason="Visitors use loopback addresses that only Linux has."),
]

SECRET, MISSPELT = "quagmirella", "quagmirela"
"""A word that occurs in the secret documents only, and a wrong spelling of it."""
_NOTES = {
    "quagmirella-plan.md": b"# The quagmirella plan\n\nThe quagmirella pipeline of China crosses the harbour. Trade "
    b"with China and Russia grew. The ferry leaves in winter.\n\nIn 2011 the quagmirella discount was secret.",
    "budget.txt": b"The harbour, the harbour and the harbour again: China pays for the ferry and the oil.",
    "ships.txt": b"A ship of the quagmirella line carries oil to the harbour. The ferry waits. Gas, steel and oil.",
}
"""The secret documents: they share words with the published documents and with those of the curious visitor."""
_OWN = {
    "ferry.md": b"# Ferry\n\nThe ferry leaves the harbour at noon. In winter the ferry waits for ice.",
    "oil.txt": b"Oil and gas of the visitor: the pipeline of the island has a discount in summer.",
}
QUESTIONS = (
    SECRET,
    MISSPELT,
    f"What is the {SECRET} plan?",
    "harbour ferry winter",
    "Which pipeline carries oil to China?",
    "Who pays for the harbour?",
    '"the ferry leaves the harbour"',
    f"in:{SECRET} oil",
    f"oil -{SECRET}",
    "discount in 2011",
)
_NAMES = "(?:average_|cache_)?duration|avg_time|(?:rank_)?eta|ms|passages_per_second|seconds(?:_left)?|timings_ms|token"
_FIELDS = rf'"(?:{_NAMES})\\?":'
_TIMES = re.compile(
    _FIELDS + r'\s*(?:-?[0-9.]+(?:e-?\d+)?|null|\{[^}]*\}|\\?"[^"\\]*\\?")|(?<=searched in )[0-9.]+ m?s'
)
"""Fields and words that tell time, and the token of the visitor themselves."""
_IDS = re.compile(r"\b[0-9a-f]{32}\b")
"""Random ids: of requests, of jobs and of answers."""
_RANDOM = re.compile(r'"jobs":"[0-9a-f]{16}"|"app_id":\d+|"readable_sha256": "[0-9a-f]{64}"|(?<=answer=)[\w-]{16}')
"""Keys of answers, hashes of the random ids of the visitor's own jobs and of a text with a time, and a process's number
in Gradio."""
_OWN_SIZE = re.compile(r'(?<="characters":)(\d+,"bytes":)\d+')
"""The size of the indexes on disk: those of the visitor's own documents hold times, and differ by a byte or two."""
_MOMENTS = re.compile(r"20\d\d-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)?")
_DROPPED = ("date", "content-length", "x-request-id")
_COOKIE = re.compile(r"pincite_visitor=[^;]*")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the curious visitor tries: words and ids that belong to another visitor on one of two servers."""

    values: tuple[str, ...]
    etags: tuple[str, ...]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Return two equal demos."""
    with ExitStack() as stack:
        homes = [tmp_path_factory.mktemp("leaks") / name for name in ("with", "without")]
        first, second = (stack.enter_context(running_demo(home, WIDE)) for home in homes)
        yield first, second


def test_no_response_tells_whether_another_visitor_has_a_secret(servers: tuple[Server, Server]) -> None:
    """The same requests of a visitor have the same responses, time and the visitor's own random ids aside."""
    filled, empty = servers
    with Guest(filled, Ledger()) as owner:
        secrets = _hide(owner)
        with ThreadPoolExecutor(2) as pool:
            seen = list(pool.map(lambda server: _explore(server, secrets), (filled, empty)))
        assert SECRET in owner.search_texts(SECRET), "The owner does not find the secret, so the test proves nothing."
    assert list(seen[0]) == list(seen[1])
    assert len(seen[0]) > 500
    differences = [_difference(name, seen[0][name], seen[1][name]) for name in seen[0]]
    found = list(filter(None, differences))
    assert not found, f"{len(found)} of {len(differences)} responses differ:\n" + "\n".join(found[:20])


def test_the_comparison_sees_a_secret(servers: tuple[Server, Server]) -> None:
    """For the owner the same comparison finds differences, in every way to ask."""
    filled, empty = servers
    seen = []
    for server, notes in ((filled, {**_OWN, "ships.txt": _NOTES["ships.txt"]}), (empty, _OWN)):
        with Guest(server, Ledger()) as guest:
            guest.wait_for_job(guest.add(notes))
            seen.append(_observe_all(guest, _questions()))
    ways = {name.split()[2] for name, response in seen[0].items() if response != seen[1][name]}
    assert {"/v1/search", "/v1/ask", "/v1/coverage", "/page/coverage"} <= ways


def test_answers_of_another_visitor_are_not_faster(
    servers: tuple[Server, Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """The time of a question that another visitor has just asked, beside a new one; printed, and not judged."""
    with Guest(servers[0], Ledger()) as owner, Guest(servers[0], Ledger()) as curious:
        times: dict[str, list[float]] = {"asked": [], "new": []}
        for number in range(20):
            asked, new = (f"Which {word} passed lamp {number}?" for word in ("ferry", "ship"))
            owner.ask(asked)
            for label, question in (("asked", asked), ("new", new)):
                began = time.perf_counter()
                curious.ask(question)
                times[label].append(time.perf_counter() - began)
    ratio = sorted(times["asked"])[10] / sorted(times["new"])[10]
    with capsys.disabled():
        print(f"\nA question that another visitor has asked takes {ratio:.2f} of the time of a new one.")  # noqa: T201
    assert ratio > 0


def _difference(name: str, filled: str, empty: str) -> str:
    """Return two responses from where they begin to differ; an empty text if they are equal."""
    pairs = enumerate(zip(filled, empty, strict=False))
    at = next((n for n, (one, other) in pairs if one != other), min(len(filled), len(empty)))
    around = slice(max(0, at - 150), at + 150)
    return f"{name}\n  with:    {filled[around]}\n  without: {empty[around]}" if filled != empty else ""


def _hide(owner: Guest) -> Secrets:
    """Add the secret documents, use them, and return what others might guess."""
    job = owner.add(_NOTES)
    assert owner.wait_for_job(job)["state"] == "done"
    batch = owner.post("/v1/batch", json={"questions": [f"What is the {SECRET} plan?"]}).json()["id"]
    owner.wait_for_job(batch)
    for probe in _questions():
        _observe(owner, probe)
    documents = [sha256(note).hexdigest() for note in _NOTES.values()]
    etags = tuple(owner.get(path).headers.get("etag", "") for path in ("/v1/documents", "/v1/stats"))
    others = (MISSPELT, "harbour", documents[1][:12], "quagmirella-plan.md", f"The {SECRET} plan")
    return Secrets((SECRET, documents[0], job, batch, *others[: length(1, len(others))]), etags)


def _questions() -> Iterator[Probe]:
    """Yield questions with all their scores, in every way."""
    for question in QUESTIONS:
        for mode in ("hybrid", "dense", "lexical"):
            body = {"question": question, "mode": mode, "explain": True, "limit": 50}
            yield Probe("POST", "/v1/search", {"json": body})
        for way in ("ask", "coverage"):
            yield Probe("POST", f"/v1/{way}", {"json": {"question": question}})
        yield Probe("POST", "/v1/check", {"json": {"text": question}})
        yield Probe("GET", "/page/coverage", {"params": {"q": question}})


def _conditional(etags: tuple[str, ...]) -> Iterator[Probe]:
    """Yield requests whether something is still as another visitor has seen it."""
    for path in ("/v1/documents", "/v1/stats", "/page/documents", "/openapi.json"):
        for etag in (*etags, "*"):
            yield Probe("GET", path, {"headers": {"If-None-Match": etag}})


def _explore(server: Server, secrets: Secrets) -> dict[str, str]:
    """Send every request as a new visitor, before and after they have documents of their own."""
    with Guest(server, Ledger()) as curious:
        probes = [*_questions(), *_conditional(secrets.etags), *all_probes(server, curious, secrets.values)]
        sizes = Probe("GET", "/v1/stats")
        without = _observe_all(curious, [sizes, *_questions()])
        curious.wait_for_job(curious.add(_OWN))
        later = {name: _OWN_SIZE.sub("~", seen) for name, seen in _observe_all(curious, probes).items()}
        return {**{f"at first {name}": seen for name, seen in without.items()}, **later}


def _observe_all(guest: Guest, probes: Any) -> dict[str, str]:
    """Return what a visitor sees of each response. Their own random ids are numbered in the order they appear."""
    numbers: dict[str, str] = {}
    name_of: Callable[[re.Match[str]], str] = lambda found: numbers.setdefault(found[0], f"ID{len(numbers)}")  # noqa: E731
    return {f"{n} {probe}": _IDS.sub(name_of, _observe(guest, probe)) for n, probe in enumerate(probes)}


def _observe(guest: Guest, probe: Probe) -> str:
    """Send a request, wait until what it starts is done, and return the response without times and random values."""
    if probe.event >= 0:
        # Suggested questions are made in the background; how long that takes is no secret.
        wait_until(lambda: guest.get("/page/suggestions").status_code != 202)
        return _RANDOM.sub("~", _TIMES.sub("~", guest.event(probe.event, probe.options["data"], 10)))
    try:
        response = _response(guest, probe)
    except httpx.TransportError as error:
        return f"{type(error).__name__}: {error}"
    head = sorted((name, value) for name, value in response.headers.items() if name not in _DROPPED)
    # A random id may hold the same digits as the port.
    port = rf"(?<![0-9a-f]){guest.base_url.port}(?![0-9a-f])"
    text = re.sub(port, "PORT", f"{response.status_code} {head} {_body(response.content)}")
    for pattern in (_COOKIE, _TIMES, _RANDOM, _MOMENTS):
        text = pattern.sub("~", text)
    return text


def _body(content: bytes) -> str:
    """Return a body as text. A zip file has the times of its parts, so that only their names and contents count."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(f"{name}: {archive.read(name).decode('utf-8', 'replace')}" for name in archive.namelist())


def _response(guest: Guest, probe: Probe) -> httpx.Response:
    """Send a request and return the response; one to a request that goes on is asked for again."""
    options = {**probe.options, "headers": {**guest.page_headers, **probe.options.get("headers", {})}}
    for _ in range(100):
        response = guest.request(probe.method, probe.path, timeout=10, **options)
        if response.status_code != httpx.codes.ACCEPTED or not probe.path.startswith("/page/map"):
            break
        time.sleep(0.1)
    if response.status_code == httpx.codes.ACCEPTED and '"id":"' in response.text:
        guest.wait_for_job(response.json()["id"])
    return response
