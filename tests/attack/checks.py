"""Expensive work that could make others wait: texts to check, batches, questions, and files that are slow to read."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER, running_server, warm_up
from tests.attack.sockets import JSON, RawConnection, request_head
from tests.attack.vitals import (
    ask_as_bystander,
    expect_memory_released,
    memory,
    pulse_during,
    pulse_of,
    wait_until_idle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor


# Expensive requests of one client that could make others wait: checks of long texts, batches, coverages, events.

_MAX_TEXT = 50_000
"""Characters of the longest text that a server checks by default."""
_REST_SECONDS = 30.0
"""Seconds within which work must end after its client has left."""
_BYSTANDER_SECONDS = 60.0
_SENTENCE = (
    "In {number} the {thing} of Cape Quagga paid {number} crowns to Keeper {name}, who did not sign treaty {number}. "
)
_THINGS = ("lighthouse", "harbour", "bank", "pipeline", "embassy", "refinery")
_NAMES = ("Orlov", "Zhang", "Petersen", "Quist", "Abara", "Lindqvist")


def prose(sentences: int) -> str:
    """Return different sentences full of numbers and names."""
    sentences_of_text = (
        _SENTENCE.format(number=1000 + i, thing=_THINGS[i % len(_THINGS)], name=_NAMES[i % 5] + str(i))
        for i in range(sentences)
    )
    return "".join(sentences_of_text)[:_MAX_TEXT]


_TEXTS = {
    "50 KB of sentences": prose(600),
    "50 KB of short sentences": "A king signed. " * (_MAX_TEXT // 15),
    "50 KB of one sentence": ("the king of the harbour and " * (_MAX_TEXT // 28 + 1))[:_MAX_TEXT],
    "50 KB without a space": "Treaty" * (_MAX_TEXT // 6),
    "50 KB of numbers": "".join(f"{i}.{i} " for i in range(9000))[:_MAX_TEXT],
}


def _check_long_texts(server: Server, trial: Trial) -> None:
    """Check four texts of 50 KB at a time, whose clients leave after a while; then the longest accepted text."""
    before = memory(server)
    with server.visitor() as visitor:
        checked = visitor.post("/v1/check", json={"text": "The treaty was signed in Moscow on 16 July 2001."})
        trial.works("A short text is checked.", checked.status_code == 200, checked.text)
    texts = {**_TEXTS, "as much as is accepted": _longest_accepted_text(server)}
    for label, text in trial.sample(reversed(texts.items()), 3):
        request = _json_request(server, "/v1/check", {"text": text})
        if not _withstands_load(server, trial, f"Four times {label}", [request] * 4):
            break
    expect_memory_released(server, trial, before)


@lru_cache
def _longest_accepted_text(server: Server) -> str:
    """Return a text of as many sentences as the server accepts. It refuses a longer one at once."""
    for count in (500, 350, 200, 100, 50):
        text = prose(count)
        with RawConnection.connect(server) as connection:
            connection.send(_json_request(server, "/v1/check", {"text": text}))
            connection.wait_for_response(2)
            if connection.status in (0, 200):
                break
    wait_until_idle(server, _REST_SECONDS)
    return text


def _check_many_texts(server: Server, trial: Trial) -> None:
    """Check twenty texts at a time from one address; another client's check must still be answered."""
    request = _json_request(server, "/v1/check", {"text": _longest_accepted_text(server)})
    bystander_checks: list[str] = []
    _withstands_load(
        server, trial, "Twenty checks", [request] * 20, lambda: bystander_checks.append(_bystander_check_status(server))
    )
    trial.holds("Twenty checks: a bystander's check is answered.", set(bystander_checks) == {"200"}, bystander_checks)


def _bystander_check_status(server: Server) -> str:
    with server.visitor(BYSTANDER) as visitor:
        return str(
            visitor.status_of(
                "POST", "/v1/check", json={"text": "The treaty was signed in 2001."}, timeout=_BYSTANDER_SECONDS
            )
        )


def _call_tools(server: Server, trial: Trial) -> None:
    """Call expensive tools over MCP."""
    with server.visitor() as visitor:
        reply = visitor.raw_request("POST", "/mcp", _MCP_HEADERS, _call("check", {"text": "It was signed in 2001."}))
        trial.works(
            "A short text is checked.",
            reply.status == 200 and b"signed in 2001" in reply.body,
            reply,
        )
    tools = {
        "check": {"text": _longest_accepted_text(server)},
        "check of 50 KB": {"text": prose(600)},
        "search": {"question": "king " * 390, "limit": 100},
    }
    for label, arguments in trial.sample(tools.items(), 1):
        body = _call(label.split()[0], arguments)
        headers = {name.replace("-", "_"): value for name, value in _MCP_HEADERS}
        request = request_head("POST", "/mcp", server, **headers, Content_Length=str(len(body))) + body
        _withstands_load(server, trial, f"Eight tools: {label}", [request] * 8)


_MCP_HEADERS = [("Accept", "application/json, text/event-stream"), ("Content-Type", JSON)]


def _call(tool: str, arguments: object) -> bytes:
    """Return the JSON of a tool call in the Model Context Protocol."""
    parameters = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}).encode()


def _ask_long_questions(server: Server, trial: Trial) -> None:
    """Send forty long questions of every kind at a time, and events of the page whose stream is never read."""
    question_text = "Who signed the treaty? " * 80
    loads = {
        "answers": [_json_request(server, "/v1/ask", {"question": question_text[:1990], "limit": 100})] * 40,
        "streamed answers": [
            _json_request(server, "/v1/ask", {"question": question_text[:1990]}, Accept="text/event-stream")
        ]
        * 40,
        "searches": [_json_request(server, "/v1/search", {"question": question_text[:1990], "limit": 100})] * 40,
        "coverages": [_json_request(server, "/v1/coverage", {"question": question_text[:1990]})] * 40,
        "events of the page": [_event(server, question_text[:1990]) for _ in range(40)],
    }
    for label, requests in trial.sample(loads.items(), 1):
        if not _withstands_load(server, trial, f"Forty {label}", requests):
            break


def _event(server: Server, question_text: str) -> bytes:
    body = {"data": [question_text, None], "fn_index": 0, "session_hash": uuid.uuid4().hex}
    return _json_request(server, "/gradio_api/queue/join", body)


def _send_batches(server: Server, trial: Trial) -> None:
    """Send batches of a thousand questions; a bystander's batch of one question must finish meanwhile."""
    large_batch = {"questions": [f"Who signed treaty {i} with the king?" for i in range(1000)]}
    jobs: list[str] = []
    with server.visitor() as visitor, server.visitor(BYSTANDER) as bystander:
        try:
            for _ in range(12):
                response = visitor.post("/v1/batch", json=large_batch)
                jobs += [response.json()["id"]] if response.status_code == 202 else []
            trial.works("A batch is taken.", jobs)
            with pulse_of(server) as pulse:
                status = ask_as_bystander(server)
                trial.holds("Batches: a bystander's question is answered.", status == "answered", status)
                small_batch = bystander.post("/v1/batch", json={"questions": ["Who signed the treaty of 2001?"]})
                ended = (
                    bystander.wait_for_job(small_batch.json().get("id", ""), 90)
                    if small_batch.status_code == 202
                    else small_batch.json()
                )
                trial.holds("Batches: a bystander's batch of one has its turn.", ended.get("state") == "done", ended)
                added_file = bystander.wait_for_job(
                    bystander.add({"batch.txt": b"The bystander adds during batches."}), 90
                )
                trial.holds("Batches: a bystander's file is added.", added_file.get("state") == "done", added_file)
            trial.prompt("Batches", pulse)
        finally:
            for job in jobs:
                visitor.post(f"/v1/jobs/{job}/cancel")
        trial.holds("Work ends when batches are cancelled.", wait_until_idle(server, _REST_SECONDS) <= _REST_SECONDS)


def _withstands_load(
    server: Server, trial: Trial, label: str, requests: Sequence[bytes], meanwhile: Callable[[], None] | None = None
) -> bool:
    """Send requests whose clients leave after a while. Others must be answered, and the work must end."""
    answers: list[str] = []
    pulse = pulse_during(server, trial, lambda: answers.extend(_send_and_leave(server, requests, meanwhile)))
    prompt = trial.prompt(f"{label}", pulse)
    served = trial.holds(f"{label}: a bystander's questions are answered.", set(answers) == {"answered"}, answers)
    seconds = wait_until_idle(server, _REST_SECONDS)
    ended = trial.holds(f"{label}: work ends when the clients have left.", seconds <= _REST_SECONDS)
    trial.figure(f"{label}: worst {pulse.worst:.2f} s, at rest {seconds:.0f} s after they left")
    if not ended:
        wait_until_idle(server, 60)  # so that the next load does not suffer from this one
    return prompt and served and ended


def _send_and_leave(server: Server, requests: Sequence[bytes], meanwhile: Callable[[], None] | None) -> list[str]:
    """Send requests, ask as a bystander, close the connections; return the results of the bystander."""
    connections: list[RawConnection] = []
    answers: list[str] = []
    wait_until_idle(server, _REST_SECONDS)
    try:
        for request in requests:
            with suppress(OSError):
                connections.append(RawConnection.connect(server))
                connections[-1].send(request)
        time.sleep(0.3)
        threads = [threading.Thread(target=lambda: answers.append(ask_as_bystander(server))) for _ in range(3)]
        threads += [threading.Thread(target=meanwhile)] if meanwhile else []
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_BYSTANDER_SECONDS + 10)
    finally:
        for connection in connections:
            connection.socket.close()
    return answers


def _json_request(server: Server, target: str, body: object, **headers: str) -> bytes:
    """Return the bytes of a whole request with a JSON body."""
    content = json.dumps(body).encode()
    head = request_head("POST", target, server, Content_Type=JSON, Content_Length=str(len(content)), **headers)
    return head + content


# Files that are slow to read: one word of five megabytes, and similar ones.

_READ_SECONDS = 10
"""Seconds that reading a file may take by this server's settings, besides five seconds for each megabyte."""
_EXTRA_SECONDS = 30.0
_MEGABYTE = 1_000_000
_READING_STAGES = ("waiting", "reading")


def _slow_files() -> dict[str, bytes]:
    """Files that slow down a reader which looks for the ends of words, sentences or elements."""
    return {
        "word.txt": b"a" * (5 * _MEGABYTE),
        "digits.txt": b"7" * _MEGABYTE,
        "marks.txt": ("a" + "\u0301" * 400_000).encode(),
        "stops.txt": b"." * _MEGABYTE,
        "han.txt": ("\u5b57" * 300_000).encode(),
        "hyphens.txt": b"well-" * 200_000,
        "quotes.md": b">" * 100_000 + b" deep",
        "brackets.md": b"[" * 200_000,
        "stars.md": b"*a_" * 200_000,
        "elements.html": b"<p>" + b"<b>" * 100_000 + b"deep",
        "word.html": b"<html><body><p>" + b"a" * (2 * _MEGABYTE) + b"</p></body></html>",
    }


def _long_words(shared_server: Server, trial: Trial) -> None:
    """Send the files one by one to a server with known limits, which must answer others meanwhile.

    A brief trial sends the smallest files to the shared server.
    """
    with TemporaryDirectory(prefix="pincite-words-") as folder, ExitStack() as stack:
        server = shared_server if trial.brief else stack.enter_context(_server_with_read_limit(Path(folder) / "server"))
        before = memory(server)
        visitor, bystander = (stack.enter_context(server.visitor(address)) for address in ("127.0.0.1", BYSTANDER))
        for name, content in trial.sample(sorted(_slow_files().items(), key=lambda file: len(file[1])), 2):
            answers: list[str] = []
            asking = threading.Thread(target=lambda record=answers: record.append(ask_as_bystander(server)))
            with pulse_of(server) as pulse:
                asking.start()
                seconds, job = _upload_and_read(visitor, name, content)
                asking.join(60)
            limit = _READ_SECONDS + 5 * len(content) / _MEGABYTE
            file = (job.get("files") or [{}])[0]
            stage = file.get("stage", "refused")
            trial.holds(
                f"{name} is read, or given up, within its limits.", stage not in _READING_STAGES, f"{seconds:.0f} s"
            )
            trial.prompt(f"{name}", pulse)
            trial.holds(f"{name}: a bystander's question is answered.", answers == ["answered"], answers)
            if name == "word.txt":
                trial.holds("A word of five megabytes is read.", stage not in ("failed", "refused"), file)
            if stage == "failed":
                reasons = file["reason"] and file["hint"]
                trial.holds(f"{name}: the failure says why and what to do.", reasons, file)
            trial.figure(f"{name} {stage} after {seconds:.0f} of {limit:.0f} s")
            if not _cancelled(trial, visitor, name, job):
                break
        record = bystander.wait_for_job(bystander.add({"short.txt": b"Short words are read in no time."}), 90)
        trial.works("An ordinary file is added afterwards.", record.get("state") == "done", record)
        expect_memory_released(server, trial, before)


@contextmanager
def _server_with_read_limit(home: Path) -> Iterator[Server]:
    with running_server("serve", home, PINCITE_PARSE_SECONDS=str(_READ_SECONDS)) as server:
        warm_up(server)
        yield server


def _upload_and_read(visitor: Visitor, name: str, content: bytes) -> tuple[float, dict[str, Any]]:
    """Add a file and wait until it has been read; return the seconds and the job."""
    started = time.monotonic()
    job = visitor.add({name: content})
    end = started + _READ_SECONDS + 5 * len(content) / _MEGABYTE + _EXTRA_SECONDS
    record: dict[str, Any] = {}
    while job and time.monotonic() < end:
        record = visitor.get(f"/v1/jobs/{job}").json()
        if all(file["stage"] not in _READING_STAGES for file in record["files"]):
            break
        time.sleep(0.2)
    return time.monotonic() - started, record


def _cancelled(trial: Trial, visitor: Visitor, name: str, job: dict[str, Any]) -> bool:
    """Cancel a job that still runs and return whether it ends."""
    if not job or job["state"] not in ("waiting", "working"):
        return True
    visitor.post(f"/v1/jobs/{job['id']}/cancel")
    record = visitor.wait_for_job(job["id"], 60)
    return trial.holds(
        f"{name}: the job can be cancelled.", record.get("state") in ("cancelled", "done", "failed"), record
    )


ATTACKS = (
    Attack("checks-texts", "Keep everybody waiting with long texts to be checked", _check_long_texts),
    Attack("checks-shares", "Take all slots for checks", _check_many_texts),
    Attack("checks-assistants", "Keep everybody waiting with tools of MCP", _call_tools),
    Attack("checks-questions", "Keep everybody waiting with long questions", _ask_long_questions),
    Attack("checks-batches", "Keep everybody waiting with batches", _send_batches),
    Attack("words-long", "Hold the reader with words that do not end", _long_words, programs=("serve",)),
)
