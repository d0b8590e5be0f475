"""More requests than a visitor or an address may send, in every way to ask and from every forged address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.attack.canaries import event_output, file_data, upload_event
from tests.attack.demos import BATCHES, CHECKS, KEPT, PROXY, QUESTIONS, SHARE, UPLOADS
from tests.attack.guests import QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2 as httpx

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_CLAIMS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP")
_WAYS: dict[str, Callable[[Guest], httpx.Response]] = {
    "/v1/ask": lambda guest: guest.post("/v1/ask", json={"question": QUESTION}),
    "/v1/ask as a stream": lambda guest: guest.post(
        "/v1/ask", json={"question": QUESTION}, headers={"Accept": "text/event-stream"}
    ),
    "/v1/search": lambda guest: guest.post("/v1/search", json={"question": QUESTION}),
    "/v1/coverage": lambda guest: guest.post("/v1/coverage", json={"question": QUESTION}),
    "/page/coverage": lambda guest: guest.page(f"/page/coverage?q={QUESTION}"),
    "a tool's search": lambda guest: guest.tool("search", question=QUESTION),
    "a tool's ask": lambda guest: guest.tool("ask", question=QUESTION),
}


def _is_answer(response: httpx.Response) -> bool:
    """Whether a response holds what was asked for, and not a refusal."""
    refusal = any(word in response.text for word in ('"isError":true', '"error"', "That did not work."))
    return response.status_code == 200 and not refusal


def _answers(guest: Guest, way: str, tries: int) -> list[httpx.Response]:
    return [_WAYS[way](guest) for _ in range(tries)]


def _by_visitor(server: Server, trial: Trial) -> None:
    """Ask more often than allowed in each way, then in all others: none has a limit of its own."""
    ledger = Ledger()
    for way in _WAYS:
        with Guest(server, ledger) as guest:
            responses = _answers(guest, way, QUESTIONS + 2)
            answered = sum(map(_is_answer, responses))
            trial.holds(f"{way} answers at most {QUESTIONS} times.", answered <= QUESTIONS, answered)
            trial.works(f"{way} answers.", answered, responses[0].text)
            _expect_explained(trial, way, responses[-1])
            others = {other: _WAYS[other](guest) for other in _WAYS}
            escaped = [other for other, response in others.items() if _is_answer(response)]
            trial.holds(f"After {way}, no other way answers.", not escaped, escaped)
            stream = guest.event(0, [QUESTION, None])
            trial.holds(f"After {way}, Gradio's call does not answer.", '"hits"' not in stream, stream)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _expect_explained(trial: Trial, way: str, response: httpx.Response) -> None:
    """Record whether a refusal is a problem document that says when to come back."""
    if not way.startswith("/v1"):
        return
    kind, wait = response.headers.get("content-type", ""), response.headers.get("retry-after", "")
    explained = response.status_code == 429 and "problem+json" in kind and wait.isdigit() and int(wait) > 0
    trial.holds(f"{way}: the refusal says when to come back.", explained, f"{response} {kind} {wait} {response.text}")


def _by_tricks(server: Server, trial: Trial) -> None:
    """Ask often by Gradio's queue, by one JSON-RPC batch, and with a new cookie each time."""
    ledger = Ledger()
    with Guest(server, ledger) as guest:
        streams = [guest.event(0, [QUESTION, None]) for _ in range(QUESTIONS + 2)]
        answered = sum('"hits"' in stream for stream in streams)
        trial.holds("Gradio's queue answers no more often.", 0 < answered <= QUESTIONS, f"{answered} {streams[-1]}")
    with Guest(server, ledger) as guest:
        asked = {"name": "ask", "arguments": {"question": QUESTION}}
        calls = [{"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": asked} for n in range(QUESTIONS + 9)]
        text = guest.post("/mcp", json=calls, headers={"Accept": "application/json, text/event-stream"}).text
        trial.holds("One request of many calls answers no more often.", text.count('"status"') <= QUESTIONS, text)
    with Guest(server, ledger) as guest:
        answered = 0
        for _ in range(QUESTIONS * SHARE + 3):
            guest.cookies.clear()
            answered += _is_answer(_WAYS["/v1/search"](guest))
        most = QUESTIONS * SHARE
        trial.holds(f"New cookies answer at most {most} times from one address.", 0 < answered <= most, answered)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _by_address(server: Server, trial: Trial) -> None:
    """Claim another address with each request; then come from many addresses of one IPv6 network."""
    ledger, most = Ledger(), QUESTIONS * SHARE
    for claim in _CLAIMS:
        with Guest(server, ledger) as guest:
            answered = _asked_from(guest, [{claim: _claimed(claim, n)} for n in range(most + 3)])
            trial.holds(f"{claim} of a visitor is not believed.", answered <= most, answered)
            trial.works(f"{claim}: there are answers.", answered == most, answered)
    networks: dict[str, tuple[list[str], int]] = {
        "one network of IPv6": ([f"2001:db8:1:1::{n:x}" for n in range(1, most + 4)], most),
        "one network, written otherwise": ([f"2001:DB8:0001:2:{n:x}:0:0:1" for n in range(1, most + 4)], most),
        "one address in two forms": (["192.0.2.9", "::ffff:192.0.2.9", "::ffff:c000:209"] * (QUESTIONS + 1), most),
        "one address with a port": ([f"192.0.2.10:{5000 + n}" for n in range(most + 3)], most),
        "one address behind others": ([f"203.0.113.{n}, 192.0.2.11" for n in range(most + 3)], most),
        "many networks": ([f"2001:db8:{n:x}:1::1" for n in range(16, 16 + most + 3)], most + 3),
    }
    for label, (addresses, expected) in networks.items():
        with Guest(server, ledger, address=PROXY) as guest:
            answered = _asked_from(guest, [{"X-Forwarded-For": address} for address in addresses])
            trial.holds(f"{label}: {expected} questions are answered.", answered == expected, answered)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _claimed(claim: str, number: int) -> str:
    return f"for=198.51.100.{number}" if claim == "Forwarded" else f"198.51.100.{number}"


def _asked_from(guest: Guest, claims: list[dict[str, str]]) -> int:
    """Ask once with each header, as a new visitor each time, and return how often there was an answer."""
    answered = 0
    for headers in claims:
        guest.cookies.clear()
        answered += _is_answer(guest.post("/v1/search", json={"question": QUESTION}, headers=headers))
    return answered


def _others(server: Server, trial: Trial) -> None:
    """Send more uploads, batches, texts and questions in a batch than allowed, by REST and by the page."""
    ledger = Ledger()
    with Guest(server, ledger) as guest:
        texts = [guest.post("/v1/check", json={"text": f"The keeper paid {n} coins."}) for n in range(CHECKS + 2)]
        _expect_at_most(trial, "checks", texts, CHECKS)
        kept = [guest.page("/page/kept/check", "POST", content=b"[]") for _ in range(KEPT + 2)]
        _expect_at_most(trial, "comparisons of kept quotes", kept, KEPT)
        export = guest.page("/page/kept/export?form=json", "POST", content=b"[]")
        trial.holds("Nor are exports of kept quotes.", export.status_code == 429, export.text)
        page = guest.post("/page/check", data={"text": "The keeper paid."}, headers=guest.page_headers)
        trial.holds("The page checks no more texts.", "p-claim" not in page.text or page.is_error, page.text)
        batches = [guest.post("/v1/batch", json={"questions": ["Who?"]}) for _ in range(BATCHES + 2)]
        _expect_at_most(trial, "batches", batches, BATCHES)
        page = guest.post("/page/batches", data={"questions": "Who?"}, headers=guest.page_headers)
        trial.holds("The page begins no more batches.", page.is_error or "did not work" in page.text, page.text)
        files = [guest.post("/v1/documents", files=[("files", ("a.txt", b"Ship %d" % n))]) for n in range(UPLOADS + 2)]
        _expect_at_most(trial, "uploads", files, UPLOADS)
        loose = guest.upload("page.txt", b"The page's ship.")
        event_output(guest, upload_event(guest), [[file_data(path) for path in loose]])
        listed = [one["source"] for one in guest.private_documents()]
        trial.holds("The page uploads no more files.", "page.txt" not in listed, listed)
    with Guest(server, ledger) as guest:
        long = guest.post("/v1/batch", json={"questions": [f"Who is {n}?" for n in range(4)]})
        trial.holds("A batch of too many questions is refused.", long.is_client_error, long.text)
        page = guest.post("/page/batches", data={"questions": "A?\nB?\nC?\nD?"}, headers=guest.page_headers)
        trial.holds("So it is by the page.", page.is_error or "did not work" in page.text, page.text)
        file = guest.post("/page/questions?name=a.txt", content=b"A?\nB?\nC?\nD?", headers=guest.page_headers)
        trial.figure(f"a file of four questions: {file.status_code}")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _expect_at_most(trial: Trial, label: str, responses: list[httpx.Response], most: int) -> None:
    accepted = [response for response in responses if response.is_success]
    trial.holds(f"At most {most} {label} are accepted.", len(accepted) <= most, len(accepted))
    trial.works(f"{most} {label} are accepted.", len(accepted) == most, [str(one) for one in responses])
    _expect_explained(trial, f"/v1: {label}", responses[-1])


def _metrics(server: Server, trial: Trial) -> None:
    """Guess the token of the figures."""
    with server.visitor("127.0.0.7") as visitor:
        guesses: list[dict[str, Any]] = [
            {},
            {"Authorization": "Bearer token-of-the-operato"},
            {"Authorization": "Basic token-of-the-operator"},
            {"Cookie": "token=token-of-the-operator"},
        ]
        for headers in guesses:
            reply = visitor.get("/metrics?token=token-of-the-operator", headers=headers)
            trial.holds(f"{headers} opens nothing.", reply.status_code in (401, 403, 404), reply.text)
        reply = visitor.get("/metrics", headers={"Authorization": "Bearer token-of-the-operator"})
        trial.works("The operator reads the figures.", reply.status_code == 200, reply)


_RUNS: tuple[tuple[str, str, Callable[[Server, Trial], None]], ...] = (
    ("quotas-visitor", "Ask more often than a visitor may", _by_visitor),
    ("quotas-tricks", "Ask more often by many cookies or calls", _by_tricks),
    ("quotas-address", "Ask more often by forged addresses", _by_address),
    ("quotas-others", "Upload, check and batch more often", _others),
    ("quotas-metrics", "Read the server's figures", _metrics),
)
TIGHT_ATTACKS = tuple(Attack(name, summary, run, programs=("demo",)) for name, summary, run in _RUNS)
