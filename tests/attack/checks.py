"""Work that one client asks for and others wait for: checks of long texts, batches, coverages, queued events."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import JSON, Line, head
from tests.attack.vitals import memory, pulse_during, pulse_of, question, settled, slimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_LONGEST = 50_000
"""Characters of a text that a server takes by default."""
_LET_GO = 30.0
"""Seconds within which work ends when nobody waits for it any more."""
_PATIENCE = 60.0
_SENTENCE = (
    "In {number} the {thing} of Cape Quagga paid {number} crowns to Keeper {name}, who did not sign treaty {number}. "
)
_THINGS = ("lighthouse", "harbour", "bank", "pipeline", "embassy", "refinery")
_NAMES = ("Orlov", "Zhang", "Petersen", "Quist", "Abara", "Lindqvist")


def prose(sentences: int) -> str:
    """Sentences full of numbers and names, no two of them alike."""
    mixed = (
        _SENTENCE.format(number=1000 + i, thing=_THINGS[i % len(_THINGS)], name=_NAMES[i % 5] + str(i))
        for i in range(sentences)
    )
    return "".join(mixed)[:_LONGEST]


_TEXTS = {
    "50 KB of sentences": prose(600),
    "50 KB of short sentences": "A king signed. " * (_LONGEST // 15),
    "50 KB of one sentence": ("the king of the harbour and " * (_LONGEST // 28 + 1))[:_LONGEST],
    "50 KB without a space": "Treaty" * (_LONGEST // 6),
    "50 KB of numbers": "".join(f"{i}.{i} " for i in range(9000))[:_LONGEST],
}


def _checks(server: Server, trial: Trial) -> None:
    """Four texts of 50 KB at a time, whose clients wait, and whose clients leave; then as long as is accepted."""
    before = memory(server)
    with server.visitor() as visitor:
        checked = visitor.post("/v1/check", json={"text": "The treaty was signed in Moscow on 16 July 2001."})
        trial.works("A short text is checked.", checked.status_code == 200, checked.text)
    texts = {**_TEXTS, "as much as is accepted": _accepted(server)}
    for what, text in trial.some(reversed(texts.items()), 3):
        request = _posted(server, "/v1/check", {"text": text})
        if not _hogged(server, trial, f"Four times {what}", [request] * 4):
            break
    slimmed(server, trial, before)


def _accepted(server: Server) -> str:
    """A text of as many sentences as the server takes: one that it does not is refused at once."""
    for count in (500, 350, 200, 100, 50):
        text = prose(count)
        with Line.to(server) as line:
            line.say(_posted(server, "/v1/check", {"text": text}))
            line.listen(2)
            if line.status in (0, 200):
                break
    settled(server, _LET_GO)
    return text


def _many_checks(server: Server, trial: Trial) -> None:
    """Twenty texts at a time from one address; another client's check has its share."""
    request = _posted(server, "/v1/check", {"text": _accepted(server)})
    shares: list[str] = []
    _hogged(server, trial, "Twenty checks", [request] * 20, lambda: shares.append(_checked(server)))
    trial.holds("Twenty checks: a bystander's check is answered.", set(shares) == {"200"}, shares)


def _checked(server: Server) -> str:
    with server.visitor(BYSTANDER) as visitor:
        return str(
            visitor.tried("POST", "/v1/check", json={"text": "The treaty was signed in 2001."}, timeout=_PATIENCE)
        )


def _assistants(server: Server, trial: Trial) -> None:
    """The same through the door for assistants."""
    with server.visitor() as visitor:
        asked = visitor.bare("POST", "/mcp", _MCP_HEADERS, _call("check", {"text": "It was signed in 2001."}))
        trial.works("A short text is checked.", asked.status == 200 and b"signed in 2001" in asked.body, asked)
    tools = {
        "check": {"text": _accepted(server)},
        "check of 50 KB": {"text": prose(600)},
        "search": {"question": "king " * 390, "limit": 100},
    }
    for what, arguments in trial.some(tools.items(), 1):
        body = _call(what.split()[0], arguments)
        headers = {name.replace("-", "_"): value for name, value in _MCP_HEADERS}
        request = head("POST", "/mcp", server, **headers, Content_Length=str(len(body))) + body
        _hogged(server, trial, f"Eight tools: {what}", [request] * 8)


_MCP_HEADERS = [("Accept", "application/json, text/event-stream"), ("Content-Type", JSON)]


def _call(tool: str, arguments: object) -> bytes:
    """A call of a tool, as the Model Context Protocol has it."""
    parameters = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}).encode()


def _other_work(server: Server, trial: Trial) -> None:
    """Long questions of every kind, forty at a time, and events of the page that nobody listens to."""
    asked = "Who signed the treaty? " * 80
    loads = {
        "answers": [_posted(server, "/v1/ask", {"question": asked[:1990], "limit": 100})] * 40,
        "streamed answers": [_posted(server, "/v1/ask", {"question": asked[:1990]}, Accept="text/event-stream")] * 40,
        "searches": [_posted(server, "/v1/search", {"question": asked[:1990], "limit": 100})] * 40,
        "coverages": [_posted(server, "/v1/coverage", {"question": asked[:1990]})] * 40,
        "events of the page": [_event(server, asked[:1990]) for _ in range(40)],
    }
    for what, requests in trial.some(loads.items(), 3):
        if not _hogged(server, trial, f"Forty {what}", requests):
            break


def _event(server: Server, asked: str) -> bytes:
    body = {"data": [asked, None], "fn_index": 0, "session_hash": uuid.uuid4().hex}
    return _posted(server, "/gradio_api/queue/join", body)


def _batches(server: Server, trial: Trial) -> None:
    """Batches of a thousand questions, one after the other; a bystander's short one must come to its end meanwhile."""
    many = {"questions": [f"Who signed treaty {i} with the king?" for i in range(1000)]}
    jobs: list[str] = []
    with server.visitor() as visitor, server.visitor(BYSTANDER) as bystander:
        try:
            for _ in range(12):
                response = visitor.post("/v1/batch", json=many)
                jobs += [response.json()["id"]] if response.status_code == 202 else []
            trial.works("A batch is taken.", jobs)
            with pulse_of(server) as pulse:
                told = question(server)
                trial.holds("Batches: a bystander's question is answered.", told == "answered", told)
                short = bystander.post("/v1/batch", json={"questions": ["Who signed the treaty of 2001?"]})
                ended = bystander.finished(short.json().get("id", ""), 90) if short.status_code == 202 else short.json()
                trial.holds("Batches: a bystander's batch of one has its turn.", ended.get("state") == "done", ended)
                added = bystander.finished(bystander.add({"batch.txt": b"The bystander adds during batches."}), 90)
                trial.holds("Batches: a bystander's file is added.", added.get("state") == "done", added)
            trial.prompt("Batches", pulse)
        finally:
            for job in jobs:
                visitor.post(f"/v1/jobs/{job}/cancel")
        trial.holds("Work ends when batches are cancelled.", settled(server, _LET_GO) <= _LET_GO)


def _hogged(
    server: Server, trial: Trial, what: str, requests: Sequence[bytes], meanwhile: Callable[[], None] | None = None
) -> bool:
    """Send requests whose clients leave after a while; others must be answered meanwhile, and the work must end."""
    answers: list[str] = []
    pulse = pulse_during(server, trial, lambda: answers.extend(_loaded(server, requests, meanwhile)))
    prompt = trial.prompt(f"{what}", pulse)
    served = trial.holds(f"{what}: a bystander's questions are answered.", set(answers) == {"answered"}, answers)
    seconds = settled(server, _LET_GO)
    ended = trial.holds(f"{what}: work ends when the clients have left.", seconds <= _LET_GO)
    trial.figure(f"{what}: worst {pulse.worst:.2f} s, at rest {seconds:.0f} s after they left")
    if not ended:
        settled(server, 60)  # so that what comes next is not blamed for it
    return prompt and served and ended


def _loaded(server: Server, requests: Sequence[bytes], meanwhile: Callable[[], None] | None) -> list[str]:
    """Send requests, ask as a bystander, leave; gives how the bystander was served."""
    lines: list[Line] = []
    answers: list[str] = []
    settled(server, _LET_GO)
    try:
        for request in requests:
            with suppress(OSError):
                lines.append(Line.to(server))
                lines[-1].say(request)
        time.sleep(0.5)
        threads = [threading.Thread(target=lambda: answers.append(question(server))) for _ in range(3)]
        threads += [threading.Thread(target=meanwhile)] if meanwhile else []
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_PATIENCE + 10)
    finally:
        for line in lines:
            line.socket.close()
    return answers


def _posted(server: Server, target: str, body: object, **headers: str) -> bytes:
    """A whole request, as bytes."""
    content = json.dumps(body).encode()
    first = head("POST", target, server, Content_Type=JSON, Content_Length=str(len(content)), **headers)
    return first + content


ATTACKS = (
    Attack("checks-texts", "Keep everybody waiting with long texts to be checked", _checks),
    Attack("checks-shares", "Take all places for checks", _many_checks),
    Attack("checks-assistants", "Keep everybody waiting as an assistant", _assistants),
    Attack("checks-questions", "Keep everybody waiting with long questions", _other_work),
    Attack("checks-batches", "Keep everybody waiting with batches", _batches),
)
