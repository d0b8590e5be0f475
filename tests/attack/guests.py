"""Guests of a demo: attackers with a secret of their own, and honest visitors, who must be answered meanwhile."""

from __future__ import annotations

import re
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from itertools import count, cycle
from typing import TYPE_CHECKING, Any, Self

from tests.attack.visitors import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2 as httpx

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


# Guests of a demo: visitors with a secret of their own, each of whose responses is searched for others' secrets.

COOKIE, HEADER = "pincite_visitor", "X-Pincite-Visitor"
QUESTION = "How many silver coins did the keeper pay for oil?"
"""Every guest's document answers it, so that a search without borders would find the others' documents."""
_WORD = re.compile(rb"zq[0-9a-f]{12}qz", re.IGNORECASE)
_HOSTS = count(1)


def new_word() -> str:
    """Return a word that occurs nowhere else."""
    return f"zq{secrets.token_hex(6)}qz"


@dataclass(slots=True)
class Ledger:
    """What guests have seen of each other."""

    responses: int = 0
    size: int = 0
    """Bytes of all responses."""
    seen: list[str] = field(default_factory=list)
    """Other guests' words in a response, with the request."""
    errors: list[str] = field(default_factory=list)
    """Requests at which the server failed."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inspect(self, request: str, status: int, content: bytes, known: set[str]) -> None:
        """Search a response for words that the guest cannot know."""
        strange = {word.decode().lower() for word in _WORD.findall(content)} - known
        with self._lock:
            self.responses += 1
            self.size += len(content)
            if strange:
                self.seen.append(f"{request}: {sorted(strange)}")
            if status >= 500 and status != 503:
                self.errors.append(f"{request}: {status} {content[-200:]!r}")


class Guest(Visitor):
    """A visitor of a demo from an address of their own. Without cookies, they are known by the header."""

    def __init__(self, server: Server, ledger: Ledger, *, cookies: bool = True, address: str = "") -> None:
        super().__init__(server.url, address or _next_address())
        self.word = new_word()
        self.known = {self.word}
        """Words that may occur in this guest's responses."""
        self.ledger = ledger
        self.thorough = False
        """Whether this guest asks in every way, also in the slow ones."""
        self._keeps_cookies = cookies

    def __enter__(self) -> Self:
        super().__enter__()
        allowed: list[str] | None = None if self._keeps_cookies else []
        policy = DefaultCookiePolicy(allowed_domains=allowed, secure_protocols=("http", "https"))
        self.cookies.jar.set_policy(policy)  # browsers send secure cookies to this machine over plain HTTP, too
        if not self._keeps_cookies:
            self.headers[HEADER] = self.token()
        return self

    @property
    def page_headers(self) -> dict[str, str]:
        """The headers of a page over plain HTTP: with `Sec-Fetch-Site`, the cookie would have another name."""
        return {name: value for name, value in super().page_headers.items() if name != "Sec-Fetch-Site"}

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request and search its response, unless it is a stream."""
        response = super().send(request, **options)
        if not options.get("stream"):
            head = "\n".join(f"{name}: {value}" for name, value in response.headers.items()).encode()
            label = f"{request.method} {request.url.raw_path.decode()[:120]}"
            self.ledger.inspect(label, response.status_code, head + response.content, self.known)
        return response

    def event_stream(self, session: str, seconds: float = 20) -> str:
        """Return the event stream of a session, searched too."""
        text = super().event_stream(session, seconds)
        self.ledger.inspect(f"stream of {session}", 200, text.encode(), self.known)
        return text

    def token(self) -> str:
        """Return the token that the page sends where cookies are blocked."""
        return str(self.get("/v1/visitor").json()["token"])

    @property
    def note(self) -> bytes:
        """The guest's document: their word is in the title, the heading and the text."""
        return note_about(self.word)

    def settle(self) -> dict[str, Any]:
        """Upload the guest's document and return the finished job."""
        return self.wait_for_job(self.add({f"{self.word}.md": self.note}))

    def private_documents(self) -> list[dict[str, Any]]:
        """Return the documents of the private library."""
        return [document for document in self.documents() if document["private"]]

    def page(self, target: str, method: str = "GET", **options: Any) -> httpx.Response:
        """Request a fragment of the page."""
        return self.request(method, target, headers=self.page_headers, **options)

    def tool(self, name: str, **arguments: Any) -> httpx.Response:
        """Call a tool as an assistant does."""
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        return self.post("/mcp", json=call, headers={"Accept": "application/json, text/event-stream"})


def note_about(word: str) -> bytes:
    """Return a document that answers the guests' common question."""
    return (
        f"# Keeper {word}\n\nThe keeper of {word} paid nine silver coins for oil. In winter the {word} bell rang.\n"
    ).encode()


def _next_address() -> str:
    """Return a loopback address that no guest of this process has had."""
    number = next(_HOSTS)
    return f"127.{1 + number // 60000}.{number // 250 % 240}.{1 + number % 250}"


# Honest visitors of a demo, who ask one question each while others attack.

PROMPT = 2.0
"""Seconds within which an honest visitor is answered 95 times of 100."""
_EVERY = 0.5
_QUESTIONS = (
    "Why did Rosneft and Transneft give in and let CNPC pay less?",
    "Does Beijing regard Crimea as belonging to Russia or to Ukraine?",
    "What is the technical term for a market that has only one customer?",
    "Which types of bomber flew together over the Sea of Japan in July 2019?",
)


@dataclass(slots=True)
class Answers:
    """Seconds of each answer, and the questions without one."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    attack: str = ""
    """What the others do meanwhile."""
    slowest: tuple[float, str] = (0.0, "")

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 were answered."""
        ordered = sorted(self.seconds)
        return ordered[int(0.95 * len(ordered))] if ordered else float("inf")

    def judge(self, trial: Trial) -> None:
        """Record whether all were answered, and in time if this is not a brief trial."""
        trial.holds("Every honest visitor is answered.", self.seconds and not self.failures, self.failures)
        if not trial.brief:
            trial.holds(f"95 of 100 honest visitors are answered within {PROMPT:g} s.", self.p95 <= PROMPT, self.p95)
        slowest, attack = self.slowest
        median = sorted(self.seconds)[len(self.seconds) // 2] if self.seconds else float("inf")
        trial.figure(
            f"{len(self.seconds)} honest questions, p50 {median:.2f} s, p95 {self.p95:.2f} s, "
            f"slowest {slowest:.2f} s during {attack}"
        )


@contextmanager
def honest_visitors(server: Server) -> Iterator[Answers]:
    """Let a new visitor from a new address ask a question twice a second until the block ends."""
    answers, over = Answers(), threading.Event()

    def ask_all() -> None:
        for question in cycle(_QUESTIONS):
            _ask(server, question, answers)
            if over.wait(_EVERY):
                break

    thread = threading.Thread(target=ask_all, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join(60)


def _ask(server: Server, question: str, answers: Answers) -> None:
    began = time.monotonic()
    try:
        with Guest(server, Ledger()) as guest:
            assert guest.ask(question)["status"] in ("answered", "abstained", "unsure")
    except Exception as error:  # any failure means that the visitor was not served
        answers.failures.append(f"{type(error).__name__} during {answers.attack}: {error}")
    seconds = time.monotonic() - began
    answers.seconds.append(seconds)
    answers.slowest = max(answers.slowest, (seconds, answers.attack))
