"""Many small requests to the page: none is too large, each leaves something behind or takes a place from others."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from tests.attack.canaries import data_of, events, told_of, upload_event
from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import FORM, JSON, Line, head, sent
from tests.attack.vitals import memory, pulse_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_FORM = "application/x-www-form-urlencoded"
_JOIN = "/gradio_api/queue/join"
_UPLOAD = "/gradio_api/upload"
_PATIENCE = 20.0
_HOARDER = "127.0.0.9"
"""Whose uploads fill what one address may have, for a minute at least: other attacks upload from their own."""


def _sessions(server: Server, trial: Trial) -> None:
    """A long text in each of many sessions, which Gradio remembers."""
    with server.visitor() as visitor:
        number = _asking(visitor)
        honest = visitor.event(number, ["Who signed the treaty of 16 July 2001?", [], [], "quote"])
        trial.works("A question of the page is answered.", '"success":true' in honest, honest[-300:])
        before = memory(server)
        tries = 40 if trial.brief else 200
        for text in ("x" * 900_000, ["y" * 60] * 14_000):
            data = [text, [], [], "quote"] if isinstance(text, str) else ["Who?", [], text, "quote"]
            for _ in range(tries):
                visitor.event(number, data)
        grown = memory(server) - before
    trial.holds("Long texts in many sessions are not kept.", grown < tries * 2 * 900 // 4, f"{grown} kB more")
    trial.figure(f"{2 * tries} events of 0.9 MB: {grown // 1024} MB more")


def _progress(server: Server, trial: Trial) -> None:
    """Requests for the progress of uploads that there are not, with long ids."""
    with server.visitor() as visitor:
        short = visitor.bare("GET", "/gradio_api/upload_progress?upload_id=nobody")
        trial.works("The progress of an upload that there is not is refused.", short.status == 404, short)
        before = memory(server)
        statuses = {
            visitor.tried("GET", f"/gradio_api/upload_progress?upload_id={secrets.token_hex(30_000)}", timeout=2)
            for _ in range(3 if trial.brief else 20)
        }
        body = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nx\r\n--edge--\r\n'
        target = f"{_UPLOAD}?upload_id={secrets.token_hex(20_000)}"
        own = [*visitor.own.items(), ("Content-Type", FORM)]
        status = visitor.bare("POST", target, own, body).status
        grown = memory(server) - before
    trial.holds("Long ids are refused at once.", statuses <= {0, 400, 404, 414, 422} and 0 not in statuses, statuses)
    trial.holds("An upload with a long id is refused.", status in (400, 414, 422), status)
    trial.figure(f"{grown // 1024} MB more")


def _tiny_files(server: Server, trial: Trial) -> None:
    """21 uploads of 1,000 files each, while another visitor's upload waits for its event."""
    with server.visitor(BYSTANDER) as bystander:
        handles = bystander.upload("slow.txt", b"The slow one waits for a while.")
        trial.works("An honest upload is taken.", handles)
        part = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="t.txt"\r\n\r\nx\r\n'
        body = part * 1000 + b"--edge--\r\n"
        statuses = [sent(server, _UPLOAD, FORM, body, _PATIENCE, _HOARDER) for _ in range(21)]
        said = told_of(bystander, upload_event(bystander), [[data_of(handle) for handle in handles]])
        trial.holds("An upload that waits for its event is still there.", "data-begun" in said, said)
        small = bystander.upload("later.txt", b"The bystander uploads later.")
        trial.holds("Another visitor can still upload.", small)
    trial.holds("No upload is an error of the server.", not {500, 502} & set(statuses), statuses)
    trial.figure(f"statuses {sorted(set(statuses))}")


def _crowd(server: Server, trial: Trial) -> None:
    """Thirty pages are opened at once behind one address; then one visitor has many events wait."""
    with server.visitor() as visitor:
        opening = next(int(each["id"]) for each in events(visitor) if any(to[1] == "load" for to in each["targets"]))
        asking = _asking(visitor)
    said: list[str] = []

    def open_page() -> None:
        with server.visitor() as visitor:
            said.append(visitor.event(opening, []))

    _together([open_page] * 30)
    full = sum("p-strip" in each or "hero" in each for each in said)
    trial.holds(
        "Each of thirty pages of one address is filled.", full == 30, f"{full} of 30; {min(said, key=len)[:200]}"
    )

    def ask(address: str) -> None:
        with server.visitor(address) as visitor:
            said.append(visitor.event(asking, [f"Who signed treaty {secrets.token_hex(4)}?", [], [], "quote"], 60))

    crowd = threading.Thread(target=_together, args=([partial(ask, "127.0.0.1")] * 60,), daemon=True)
    crowd.start()
    time.sleep(0.3)
    began = time.monotonic()
    with server.visitor(BYSTANDER) as bystander:
        answered = bystander.event(asking, ["Who signed the treaty of 16 July 2001?", [], [], "quote"], 30)
    took = time.monotonic() - began
    trial.holds("A bystander's page is answered meanwhile.", '"success":true' in answered, answered[-200:])
    crowd.join(60)
    trial.figure(f"{full} of 30 pages filled; a bystander waits {took:.1f} s beside 60 questions")


def _forms(server: Server, trial: Trial) -> None:
    """Forms of 4 MB that are costly to read, 24 at once."""
    body = b"questions=" + b"%41" * 1_300_000
    for path in trial.some(("/page/batches", "/page/check", "/page/questions?name=a.txt"), 1):
        load = partial(sent, server, path, _FORM, body, 60)
        _weighs_little(server, trial, f"forms to {path}", load, 12 if trial.brief else 24)


def _front(server: Server, trial: Trial) -> None:
    """The page itself, by 24 connections at once, compressed and plain, for parts that there are not."""
    status = 0
    with server.visitor() as visitor:
        for query in ("page=nowhere", "deep_link=nothing", "page=%ff"):
            for path in ("/", "/config", "/gradio_api/info"):
                status = visitor.tried("GET", f"{path}?{query}")
                trial.holds(f"{path}?{query} is no error of the server.", status not in (0, 500), status)

    def load() -> None:
        with server.visitor() as visitor:
            for _ in range(15):
                visitor.tried("GET", "/")

    _weighs_little(server, trial, "readers of the page", load, 24)


def _streams(server: Server, trial: Trial) -> None:
    """Streams without an end that the page does not need."""
    with server.visitor() as visitor:
        reply = visitor.bare("GET", "/gradio_api/heartbeat/nobody", seconds=5)
        trial.holds("There is no heartbeat.", reply.status == 404, reply)


def _types(server: Server, trial: Trial) -> None:
    """Events in bodies that do not say they are JSON."""
    body = b'{"data": [], "fn_index": 0, "session_hash": "x"}'
    for path in (_JOIN, "/gradio_api/cancel", "/gradio_api/reset"):
        with Line.to(server) as line:
            # Only begun: who is refused by the type of the body need not send it.
            line.say(head("POST", path, server, Content_Type=FORM, Content_Length="900000") + body)
            line.listen(5)
            trial.holds(f"A form to {path} is refused before it is read.", line.status == 415, line.status)
        status = sent(server, path, JSON, b"[]", 5)
        trial.works(f"JSON to {path} is read.", status == 422, status)


def _asking(visitor: Visitor) -> int:
    """The event of a question."""
    return next(int(each["id"]) for each in events(visitor) if each["kinds"][:1] == ["textbox"])


def _together(calls: Sequence[Callable[[], object]]) -> None:
    with ExitStack() as running:
        for call in calls:
            thread = threading.Thread(target=call, daemon=True)
            thread.start()
            running.callback(thread.join, 60)


def _weighs_little(server: Server, trial: Trial, what: str, load: Callable[[], object], number: int) -> None:
    """So many of them at once leave the page's other requests prompt."""
    what = f"{number} {what}"
    waits: list[float] = []
    over = threading.Event()

    def beat() -> None:
        with server.visitor(BYSTANDER) as bystander:
            while not over.is_set():
                began = time.monotonic()
                bystander.tried("GET", "/page/state?mine=", timeout=30)
                waits.append(time.monotonic() - began)
                over.wait(0.1)

    beating = threading.Thread(target=beat, daemon=True)
    with pulse_of(server) as pulse:
        beating.start()
        _together([load] * number)
        over.set()
        beating.join(30)
    trial.prompt(f"{what}", pulse)
    trial.holds(f"{what}: /page/state answers within two seconds.", max(waits) < 2, f"{max(waits):.2f} s")
    trial.figure(f"{what}: /healthz at worst {pulse.worst:.2f} s, /page/state {max(waits):.2f} s")


ATTACKS = (
    Attack("pages-types", "Have bodies read that do not say what they are", _types),
    Attack("pages-sessions", "Fill the memory with what sessions sent", _sessions),
    Attack("pages-progress", "Fill it with ids of uploads that there are not", _progress),
    Attack("pages-tiny-files", "Displace other visitors' uploads with thousands of files", _tiny_files),
    Attack("pages-crowd", "Leave no place for other pages", _crowd),
    Attack("pages-forms", "Stop the page with forms that are costly to read", _forms),
    Attack("pages-front", "Stop it by asking for it", _front),
    Attack("pages-streams", "Hold connections with streams that nobody needs", _streams),
)
