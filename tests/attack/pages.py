"""Many small requests to the page: each leaves some data behind or takes a slot from others."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tests.attack.canaries import event_output, events, file_data, upload_event
from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import FORM, JSON, RawConnection, request_head, send_body
from tests.attack.vitals import memory, pulse_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_FORM = "application/x-www-form-urlencoded"
_JOIN = "/gradio_api/queue/join"
_UPLOAD = "/gradio_api/upload"
_SEND_SECONDS = 20.0
_UPLOADER = "127.0.0.9"
"""An address whose uploads use up its share for at least a minute. Other attacks upload from other addresses."""


def _fill_sessions(server: Server, trial: Trial) -> None:
    """Send a long text in each of many sessions, which Gradio remembers."""
    with server.visitor() as visitor:
        question_event = _question_event(visitor)
        honest_output = visitor.event(
            question_event, ["Who signed the treaty of 16 July 2001?", [], [], "quote", "", ""]
        )
        trial.works("A question of the page is answered.", '"success":true' in honest_output, honest_output[-300:])
        before = memory(server)
        tries = 40 if trial.brief else 200
        for text in ("x" * 900_000, ["y" * 60] * 14_000):
            data = [text, [], [], "quote", "", ""] if isinstance(text, str) else ["Who?", [], text, "quote", "", ""]
            for _ in range(tries):
                visitor.event(question_event, data)
        growth = memory(server) - before
    trial.holds("Long texts in many sessions are not kept.", growth < tries * 2 * 900 // 4, f"{growth} kB more")
    trial.figure(f"{2 * tries} events of 0.9 MB: {growth // 1024} MB more")


def _request_progress(server: Server, trial: Trial) -> None:
    """Request the progress of unknown uploads with long ids."""
    with server.visitor() as visitor:
        short = visitor.raw_request("GET", "/gradio_api/upload_progress?upload_id=nobody")
        trial.works("The progress of an upload that there is not is refused.", short.status == 404, short)
        before = memory(server)
        statuses = {
            visitor.status_of("GET", f"/gradio_api/upload_progress?upload_id={secrets.token_hex(30_000)}", timeout=2)
            for _ in range(3 if trial.brief else 20)
        }
        body = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nx\r\n--edge--\r\n'
        target = f"{_UPLOAD}?upload_id={secrets.token_hex(20_000)}"
        headers = [*visitor.page_headers.items(), ("Content-Type", FORM)]
        status = visitor.raw_request("POST", target, headers, body).status
        growth = memory(server) - before
    trial.holds("Long ids are refused at once.", statuses <= {0, 400, 404, 414, 422} and 0 not in statuses, statuses)
    trial.holds("An upload with a long id is refused.", status in (400, 414, 422), status)
    trial.figure(f"{growth // 1024} MB more")


def _upload_tiny_files(server: Server, trial: Trial) -> None:
    """Send 21 uploads of 1,000 files each while another visitor's upload waits for its event."""
    with server.visitor(BYSTANDER) as bystander:
        handles = bystander.upload("slow.txt", b"The slow one waits for a while.")
        trial.works("An honest upload is taken.", handles)
        part = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="t.txt"\r\n\r\nx\r\n'
        body = part * 1000 + b"--edge--\r\n"
        statuses = [send_body(server, _UPLOAD, FORM, body, _SEND_SECONDS, _UPLOADER) for _ in range(21)]
        output = event_output(bystander, upload_event(bystander), [[file_data(handle) for handle in handles]])
        trial.holds("An upload that waits for its event is still there.", "data-begun" in output, output)
        small = bystander.upload("later.txt", b"The bystander uploads later.")
        trial.holds("Another visitor can still upload.", small)
    trial.holds("No upload is an error of the server.", not {500, 502} & set(statuses), statuses)
    trial.figure(f"statuses {sorted(set(statuses))}")


def _open_many_pages(server: Server, trial: Trial) -> None:
    """Open thirty pages at once from one address, then queue sixty questions; a brief trial has fewer."""
    pages, questions = (12, 24) if trial.brief else (30, 60)
    with server.visitor() as visitor:
        load_event = next(
            int(event["id"]) for event in events(visitor) if any(target[1] == "load" for target in event["targets"])
        )
        question_event = _question_event(visitor)
    outputs: list[str] = []

    def open_page() -> None:
        with server.visitor() as visitor:
            outputs.append(visitor.event(load_event, []))

    _run_together([open_page] * pages)
    full = sum("p-strip" in output or "hero" in output for output in outputs)
    trial.holds(
        f"Each of {pages} pages of one address is filled.",
        full == pages,
        f"{full} of {pages}; {min(outputs, key=len)[:200]}",
    )

    def ask(address: str) -> None:
        with server.visitor(address) as visitor:
            outputs.append(
                visitor.event(
                    question_event, [f"Who signed treaty {secrets.token_hex(4)}?", [], [], "quote", "", ""], 60
                )
            )

    crowd = threading.Thread(target=_run_together, args=([partial(ask, "127.0.0.1")] * questions,), daemon=True)
    crowd.start()
    time.sleep(0.3)
    started = time.monotonic()
    with server.visitor(BYSTANDER) as bystander:
        answered = bystander.event(
            question_event, ["Who signed the treaty of 16 July 2001?", [], [], "quote", "", ""], 30
        )
    seconds = time.monotonic() - started
    trial.holds("A bystander's page is answered meanwhile.", '"success":true' in answered, answered[-200:])
    crowd.join(60)
    trial.figure(f"{full} of {pages} pages filled; a bystander waits {seconds:.1f} s beside {questions} questions")


def _send_costly_forms(server: Server, trial: Trial) -> None:
    """Send 24 forms of 4 MB at once, which are costly to parse."""
    body = b"questions=" + b"%41" * 1_300_000
    for path in trial.sample(("/page/batches", "/page/check", "/page/questions?name=a.txt"), 1):
        load = partial(send_body, server, path, _FORM, body, 60)
        _expect_prompt_page(server, trial, f"forms to {path}", load, 6 if trial.brief else 24)


def _request_front_page(server: Server, trial: Trial) -> None:
    """Request the page over 24 connections at once, and unknown parts of it."""
    status = 0
    with server.visitor() as visitor:
        for query in ("page=nowhere", "deep_link=nothing", "page=%ff"):
            for path in ("/", "/config", "/gradio_api/info"):
                status = visitor.status_of("GET", f"{path}?{query}")
                trial.holds(f"{path}?{query} causes no server error.", status not in (0, 500), status)

    def load() -> None:
        with server.visitor() as visitor:
            for _ in range(4 if trial.brief else 15):
                visitor.status_of("GET", "/")

    _expect_prompt_page(server, trial, "readers of the page", load, 24)


def _request_heartbeat(server: Server, trial: Trial) -> None:
    """Request an endless stream that the page does not need."""
    with server.visitor() as visitor:
        reply = visitor.raw_request("GET", "/gradio_api/heartbeat/nobody", seconds=5)
        trial.holds("There is no heartbeat.", reply.status == 404, reply)


def _send_wrong_types(server: Server, trial: Trial) -> None:
    """Send events in bodies that are not declared as JSON."""
    body = b'{"data": [], "fn_index": 0, "session_hash": "x"}'
    for path in (_JOIN, "/gradio_api/cancel", "/gradio_api/reset"):
        with RawConnection.connect(server) as connection:
            # The body is only begun: the server must refuse it by its type, before the rest arrives.
            connection.send(request_head("POST", path, server, Content_Type=FORM, Content_Length="900000") + body)
            connection.wait_for_response(5)
            trial.holds(f"A form to {path} is refused before it is read.", connection.status == 415, connection.status)
        status = send_body(server, path, JSON, b"[]", 5)
        trial.works(f"JSON to {path} is read.", status == 422, status)


def _question_event(visitor: Visitor) -> int:
    """Return the number of the event that asks a question."""
    return next(int(event["id"]) for event in events(visitor) if event["kinds"][:1] == ["textbox"])


def _run_together(calls: Sequence[Callable[[], object]]) -> None:
    with ExitStack() as running:
        for call in calls:
            thread = threading.Thread(target=call, daemon=True)
            thread.start()
            running.callback(thread.join, 60)


def _expect_prompt_page(server: Server, trial: Trial, label: str, load: Callable[[], object], count: int) -> None:
    """Run a load several times at once, during which the page's other requests must stay prompt."""
    label = f"{count} {label}"
    waits: list[float] = []
    stop = threading.Event()

    def poll() -> None:
        with server.visitor(BYSTANDER) as bystander:
            while not stop.is_set():
                started = time.monotonic()
                bystander.status_of("GET", "/page/state?mine=", timeout=30)
                waits.append(time.monotonic() - started)
                stop.wait(0.1)

    polling = threading.Thread(target=poll, daemon=True)
    with pulse_of(server) as pulse:
        polling.start()
        _run_together([load] * count)
        stop.set()
        polling.join(30)
    trial.prompt(f"{label}", pulse)
    trial.holds(f"{label}: /page/state answers within two seconds.", max(waits) < 2, f"{max(waits):.2f} s")
    trial.figure(f"{label}: /healthz at worst {pulse.worst:.2f} s, /page/state {max(waits):.2f} s")


ATTACKS = (
    Attack("pages-types", "Have bodies read that do not declare their type", _send_wrong_types),
    Attack("pages-sessions", "Fill the memory with the data of sessions", _fill_sessions),
    Attack("pages-progress", "Fill it with ids of unknown uploads", _request_progress),
    Attack("pages-tiny-files", "Displace other visitors' uploads with thousands of files", _upload_tiny_files),
    Attack("pages-crowd", "Leave no slot for other pages", _open_many_pages),
    Attack("pages-forms", "Stop the page with forms that are costly to read", _send_costly_forms),
    Attack("pages-front", "Stop it by asking for it", _request_front_page),
    Attack("pages-streams", "Hold connections with streams that nobody needs", _request_heartbeat),
)
