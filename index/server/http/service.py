"""The objects that routes share: library, jobs, limits, metrics and log; and the middleware around all routes.

The log contains questions only if the settings allow it (`PINCITE_LOG_QUESTIONS`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import socket
import sys
import threading
import time
import uuid
from collections import Counter as Tally
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from fastapi import Depends
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.routing import BaseRoute, Match

from index.errors import LibraryError, PinciteError, SettingsError
from index.library.library import Library
from index.server.guard.origins import local_path
from index.server.http import problems
from index.server.job_queue import Jobs
from index.server.limits import SERVICE_KEY, ClientDisconnected, Slots, client_of, run_unless_disconnected
from index.server.permissions import Limited, Permissions
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence

    from prometheus_client.metrics_core import Metric
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the current request, also in threads that work for it."""
T = TypeVar("T")
QUESTIONS = 4
"""Questions answered at once; the others wait, and clients take turns. On two cores, 2, 3 and 4 give the same
throughput; 40 give a tenth less."""
CHECKS = 2
"""Checks and coverage requests processed at once. Each is as much work as many questions, and questions do not wait for
them."""
WRITERS = 16
"""Answers that wait for the language model at once; waiting costs this machine nothing."""
RENDERERS = 2
"""Pages rendered at once; PDFium renders one at a time."""
RECEIVERS, RECEIVERS_EACH = 64, 12
"""Uploads received at once, from all clients and from one client. Their threads mostly wait for slow transfers; only
many clients together can use them up, and no other work waits for them."""
CHANGES, CHANGES_EACH = 32, 8
"""Other changes processed at once, from all clients and from one: removals, which wait for the current step of a job;
web addresses and folders, which may take a minute."""
_log = logging.getLogger(__name__)


class Metrics:
    """Counts requests as they arrive, and reads the library when the metrics are requested."""

    def __init__(self, library: Library | None = None, jobs: Jobs | None = None) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pincite_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "pincite_request_seconds",
            "Duration of requests in seconds.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge("pincite_requests_in_flight", "Requests in progress.", registry=self._registry)
        if library is not None and jobs is not None:
            self._registry.register(_LibraryCollector(library, jobs))
        ProcessCollector(registry=self._registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request and its duration."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _LibraryCollector(Collector):
    def __init__(self, library: Library, jobs: Jobs) -> None:
        self._library = library
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the jobs and, if it can be read, of the library."""
        with contextlib.suppress(PinciteError):
            infos = self._library.documents()
            yield GaugeMetricFamily("pincite_documents", "Documents in the library.", len(infos))
            passages = sum(info.passages for info in infos)
            yield GaugeMetricFamily("pincite_passages", "Passages in the library.", passages)
        states = Tally(job.state for job in self._jobs.recent())
        jobs = GaugeMetricFamily("pincite_jobs", "Recent jobs by state.", labels=("state",))
        for state, number in sorted(states.items()):
            jobs.add_metric((state,), number)
        yield jobs


class JsonFormatter(logging.Formatter):
    """Formats log records as lines of JSON; the items of a record's `facts` become fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message, request id, facts, and the traceback of an exception."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identity := request_id.get():
            line["request_id"] = identity
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()


class TextFormatter(logging.Formatter):
    """Formats log records for people: the message, with the level in front of it from warnings on."""

    def format(self, record: logging.LogRecord) -> str:
        """Return level, message, facts, and the traceback of an exception."""
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.capitalize()}: "
        facts = "".join(f" {name}={value}" for name, value in getattr(record, "facts", {}).items())
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{level}{record.getMessage()}{facts}{trace}".encode("utf-8", "replace").decode()


def configure_logging(form: Literal["auto", "text", "json"]) -> None:
    """Log to standard error: our messages from INFO, those of other libraries from WARNING.

    The text form leaves out the lines of ordinary requests. Only the program that starts a server calls this; a program
    that embeds the application configures its own log.
    """
    is_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter() if is_text else JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("index").setLevel(logging.INFO)
    for name in ("uvicorn", "index.server.http.access"):
        logging.getLogger(name).setLevel(logging.WARNING if is_text else logging.INFO)


def begin(settings: Settings, host: str, port: int) -> None:
    """Configure the log of a server, and say that it starts. Raises SettingsError if its port is in use."""
    configure_logging(settings.log_format)
    _require_free_port(host, port)
    _log.info("Pincite starts …")


def _require_free_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Pincite cannot listen at {host}, port {port}: {error.strerror or error}."
            hint = "Choose another port: pincite serve --port 7861, or GRADIO_SERVER_PORT=7861 python app.py"
            raise SettingsError(message, hint) from error


class Warmup:
    """Asks a first question in the background: it loads the encoder and the indexes, which takes seconds."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self.error: PinciteError | None = None

    def start(self) -> None:
        """Start the question in a thread. If it fails, later questions fail with the same error."""
        self._thread = threading.Thread(target=self._ask, name="pincite-warming", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()

    @property
    def done(self) -> bool:
        """Whether the question has ended, successfully or not."""
        return self._done.is_set()

    def _ask(self) -> None:
        try:
            self._library.search("Is there anybody?", limit=1)
        except PinciteError as error:
            self.error = error
            _log.error("Questions cannot be answered: %s", error)
        except Exception:  # outermost level of the thread
            self.error = LibraryError("The first question failed.", "See the log.")
            _log.exception("Questions cannot be answered.")
        finally:
            self._done.set()


@dataclass(frozen=True, slots=True)
class Service:
    """The shared objects of all routes."""

    library: Library
    settings: Settings
    jobs: Jobs
    metrics: Metrics
    warmup: Warmup
    admit: Callable[[Limited], None] = lambda _: None
    """Counts an action of the visitor of a demo. Raises RateLimited."""
    attachments: dict[str, Any] = field(default_factory=dict)
    """Objects of other interfaces that belong to the same library, by name."""
    boot: str = field(default_factory=lambda: uuid.uuid4().hex)
    """A random id of this server process, so that ETags of an earlier server at the same address do not match."""
    questions: Slots = field(default_factory=lambda: Slots(QUESTIONS))
    checks: Slots = field(default_factory=lambda: Slots(CHECKS))
    writers: Slots = field(default_factory=lambda: Slots(WRITERS))
    renderers: Slots = field(default_factory=lambda: Slots(RENDERERS))
    receivers: Slots = field(default_factory=lambda: Slots(RECEIVERS, share=RECEIVERS_EACH))
    changes: Slots = field(default_factory=lambda: Slots(CHANGES, share=CHANGES_EACH))

    def run(
        self,
        request: Request,
        slots: Slots,
        call: Callable[[], T],
        on_gone: Callable[[], None] = lambda: None,
    ) -> Awaitable[T]:
        """Call `call` in a thread as soon as a slot is free. If the client disconnects first, cancel the work.

        Raises TooBusy if too many requests of this client are waiting.
        """
        work = partial(slots.run, client_of(request.scope), call)
        return run_unless_disconnected(request.receive, work, on_gone)

    def record_question(self, request: Request, question: str) -> None:
        """Store a question for the log, if the settings allow it."""
        if self.settings.log_questions:
            request.state.question = question


def service_of(request: HTTPConnection) -> Service:
    """Return the service of a request: the visitor's own in a demo, otherwise the only one."""
    service: Service = request.scope.get(SERVICE_KEY) or request.app.state.service
    return service


async def _service(request: Request) -> Service:  # a plain function would take a thread
    return service_of(request)


ServiceDependency = Annotated[Service, Depends(_service)]


# Middleware around all routes: ids, counts and logs, HEAD requests, and problems for unknown routes.

API = ("/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""Path prefixes of the API."""
_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
HEADER = "X-Request-ID"
CLIENT_CLOSED_REQUEST = 499
"""Status in the log for a client that disconnected before its response."""
_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_access = logging.getLogger("index.server.http.access")


class HeadMiddleware:
    """ASGI middleware that runs a HEAD request as GET and drops the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request as GET, and send only the headers of its response."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        get_scope = {**scope, "method": "GET"}
        await self._app(get_scope, receive, send_without_body)
        scope["route"] = get_scope.get("route")


class FallbackRoute(BaseRoute):
    """Matches the paths of the API with a wrong method, and all unknown paths below /v1. It must be the last route.

    A mount at "/" would match every request that no earlier route matches fully, including those with a wrong method.
    """

    permissions = Permissions(())
    """It permits nothing, because it only refuses."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = tuple(routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return a full match or none."""
        if scope["type"] != "http":
            return Match.NONE, {}
        path = local_path(scope)
        below = path == "/v1" or path.startswith("/v1/")
        wrong = any(route.matches(scope)[0] is Match.PARTIAL for route in self._routes)
        return (Match.FULL if below or wrong else Match.NONE), {}

    async def handle(self, scope: Scope, _: Receive, __: Send) -> None:
        """Raise HTTPException: 405 with the allowed methods, or 404."""
        allowed = [method for method in _METHODS if self._accepts({**scope, "method": method})]
        if not allowed:
            raise HTTPException(404, "There is nothing at this address. See /docs for all addresses.")
        raise HTTPException(405, f"This address accepts {', '.join(allowed)}.", {"Allow": ", ".join(allowed)})

    def _accepts(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in self._routes)


class RequestMiddleware:
    """The outermost ASGI middleware of the application."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle an HTTP request; pass on everything else."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get(HEADER, "")
        identity = sent_id if _VALID_ID.fullmatch(sent_id) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = identity
        token = request_id.set(identity)
        try:
            with self._metrics.in_flight.track_inprogress():
                await self._handle(scope, receive, send, identity)
        finally:
            request_id.reset(token)

    async def _handle(self, scope: Scope, receive: Receive, send: Send, identity: str) -> None:
        began = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope["path"], identity)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except (ClientDisconnect, ClientDisconnected):
            status = CLIENT_CLOSED_REQUEST
        except Exception:  # outermost level: nothing above would answer the client
            _log.exception("A request failed unexpectedly.")
            if status == 0:
                await problems.ProblemResponse(problems.internal_error(identity))(scope, receive, send_with_headers)
        self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.count_request(scope["method"], route, status, seconds)
        facts = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * seconds, 1)}
        error = scope["state"].get("error")
        if error:
            facts["error"] = str(error)
        if question := scope["state"].get("question"):
            facts["question"] = question
        level = logging.ERROR if error or status == 500 else logging.INFO
        _access.log(level, "request", extra={"facts": facts})


def _route(scope: Scope) -> str:
    """Return the route's pattern: a path may contain a question, and the number of paths is unlimited."""
    route = scope.get("route")
    if route is not None:
        return str(route.path)
    if scope["path"].startswith("/v1"):
        return "unmatched"
    return "/mcp" if scope["path"].startswith("/mcp") else "page"


def _add_headers(headers: MutableHeaders, path: str, identity: str) -> None:
    headers[HEADER] = identity
    for name, value in _SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if path.startswith(API):
        headers.setdefault("Content-Security-Policy", _API_POLICY)
    elif path.startswith("/docs"):
        headers.setdefault("Content-Security-Policy", _DOCS_POLICY)
