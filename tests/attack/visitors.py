"""Visitors: honest requests as a browser or a program makes them, and raw requests for attackers."""

from __future__ import annotations

import http.client
import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx2 as httpx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TIMEOUT = 60.0
_STARTED = re.compile(r'data-begun=\\?"([0-9a-f]+)')
_ENDED = ("done", "cancelled", "failed")
_MAX_RESPONSE = 4_000_000
Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as it was received. Status 0 means that the connection ended or nothing arrived in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The headers and the body, in which to look for leaks."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{head}\n\n{self.body.decode('utf-8', 'replace')}"

    @property
    def refused(self) -> bool:
        """Whether the server refused the request, with any status or by closing the connection."""
        return 400 <= self.status < 500 or self.status in (0, 503)

    @property
    def explained(self) -> bool:
        """Whether the response explains the error: as a problem document, or as a sentence that the page can show."""
        kind = self.headers.get("content-type", "")
        as_text = kind.startswith("text/plain") and self.body.endswith(b".")
        return as_text or ("problem+json" in kind and b'"detail"' in self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.body[:200].decode('utf-8', 'replace')}"


class Visitor(httpx.Client):
    """A client that keeps cookies, as a browser does, and connects from its own loopback address."""

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        super().__init__(base_url=url, transport=httpx.HTTPTransport(local_address=address), timeout=_TIMEOUT)
        self.address = address

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    @property
    def page_headers(self) -> Headers:
        """The headers that a browser sends with a request of the server's own page."""
        return {"Origin": str(self.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin", "X-Pincite": "page"}

    def status_of(self, method: str, path: str, **options: Any) -> int:
        """Return the status of a request; 0 if there was no response."""
        try:
            return self.request(method, path, **options).status_code
        except httpx.TransportError:
            return 0

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether the server becomes ready within this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.status_of("GET", "/readyz") == 200:
                return True
            time.sleep(0.2)
        return False

    def ask(self, question: str) -> dict[str, Any]:
        """Return the answer to a question. Raises if the server gives none."""
        response = self.post("/v1/ask", json={"question": question})
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    def search_texts(self, question: str) -> str:
        """Return the texts of all passages that a search finds, joined by line breaks."""
        response = self.post("/v1/search", json={"question": question, "limit": 20})
        return "\n".join(hit["text"] for hit in response.json()["hits"]) if response.status_code == 200 else ""

    def documents(self) -> list[dict[str, Any]]:
        """Return all documents of the library."""
        listed: list[dict[str, Any]] = self.get("/v1/documents", params={"limit": 1000}).json()["documents"]
        return listed

    def add(self, files: Mapping[str, bytes], headers: Headers | None = None) -> str:
        """Send files to the service and return the job's id; an empty text if they were refused."""
        response = self.post("/v1/documents", files=[("files", item) for item in files.items()], headers=headers or {})
        return str(response.json()["id"]) if response.status_code == 202 else ""

    def wait_for_job(self, job: str, seconds: float = _TIMEOUT) -> dict[str, Any]:
        """Return a job once it has ended, or as it is at the timeout; an empty record if there is no such job."""
        end = time.monotonic() + seconds
        record: dict[str, Any] = {}
        while job and time.monotonic() < end:
            response = self.get(f"/v1/jobs/{job}")
            record = response.json() if response.status_code == 200 else {}
            if not record or record.get("state") in _ENDED:
                break
            time.sleep(0.1)
        return record

    def upload(self, name: str, content: bytes, headers: Headers | None = None) -> list[str]:
        """Send a file to Gradio's upload as the page does, and return the handles that the page passes to the event."""
        self.get("/")
        headers_to_send = self.page_headers if headers is None else headers
        response = self.post("/gradio_api/upload", files=[("files", (name, content))], headers=headers_to_send)
        return list(response.json()) if response.status_code == 200 else []

    def event(self, index: int, data: Any, seconds: float = 20, **more: Any) -> str:
        """Start an event of the page and return its whole stream, or the refusal."""
        session = uuid.uuid4().hex
        body = {"data": data, "fn_index": index, "session_hash": session, "event_data": None, **more}
        joined = self.post("/gradio_api/queue/join", json=body, headers=self.page_headers)
        return joined.text if joined.status_code != 200 else self.event_stream(session, seconds)

    def event_stream(self, session: str, seconds: float = 20) -> str:
        """Return the event stream of a session until it ends or the time is over."""
        lines, end = [], time.monotonic() + seconds
        try:
            with self.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}, timeout=15) as stream:
                for line in stream.iter_lines():
                    lines.append(line)
                    if "close_stream" in line or time.monotonic() > end:
                        break
        except httpx.TransportError as error:
            lines.append(f"({type(error).__name__})")
        return "\n".join(lines)

    def raw_request(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        seconds: float = 15,
    ) -> Reply:
        """Send a request exactly as given: no client normalises the target or the headers."""
        host, port = self.base_url.host, self.base_url.port or 80
        connection = http.client.HTTPConnection(host, port, timeout=seconds, source_address=(self.address, 0))
        header_list = list(headers)
        header_names = {name.lower() for name, _ in header_list}
        try:
            connection.putrequest(method, target, skip_host="host" in header_names, skip_accept_encoding=True)
            for name, value in header_list:
                connection.putheader(name, value.encode("utf-8"))
            if body is not None and not header_names & {"content-length", "transfer-encoding"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return _read(connection)
        except (OSError, http.client.HTTPException):
            return Reply(0, {}, b"")
        finally:
            connection.close()


def started_jobs(event_stream: str) -> list[str]:
    """Return the ids of the jobs that an event of the page has started."""
    return _STARTED.findall(event_stream)


def _read(connection: http.client.HTTPConnection) -> Reply:
    with connection.getresponse() as response:
        headers = {name.lower(): value for name, value in response.getheaders()}
        streams = "event-stream" in headers.get("content-type", "")
        return Reply(response.status, headers, b"" if streams else response.read(_MAX_RESPONSE))
