"""Visitors: honest requests as a browser or a program makes them, and requests to the letter for attackers."""

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

_SECONDS = 60.0
_BEGUN = re.compile(r'data-begun=\\?"([0-9a-f]+)')
_ENDED = ("done", "cancelled", "failed")
_MOST_READ = 4_000_000
Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, read to the letter. Status 0: the connection ended, or nothing came in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Its head and body, to look for what they reveal."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{head}\n\n{self.body.decode('utf-8', 'replace')}"

    @property
    def refused(self) -> bool:
        """Whether the server said no, in whatever words."""
        return 400 <= self.status < 500 or self.status in (0, 503)

    @property
    def explained(self) -> bool:
        """Whether it says what is wrong: in a problem document, or in sentences where the page shows it as it is."""
        kind = self.headers.get("content-type", "")
        as_text = kind.startswith("text/plain") and self.body.endswith(b".")
        return as_text or ("problem+json" in kind and b'"detail"' in self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.body[:200].decode('utf-8', 'replace')}"


class Visitor(httpx.Client):
    """Keeps cookies, as a browser does; has an address of this machine, by which the server can tell visitors apart."""

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        super().__init__(base_url=url, transport=httpx.HTTPTransport(local_address=address), timeout=_SECONDS)
        self.address = address

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    @property
    def own(self) -> Headers:
        """What a browser sends along when the server's own page asks."""
        return {"Origin": str(self.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin", "X-Pincite": "page"}

    def tried(self, method: str, path: str, **rest: Any) -> int:
        """The status of a request; 0 where none came."""
        try:
            return self.request(method, path, **rest).status_code
        except httpx.TransportError:
            return 0

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether the server became ready within this time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.tried("GET", "/readyz") == 200:
                return True
            time.sleep(0.2)
        return False

    def ask(self, question: str) -> dict[str, Any]:
        """An answer; raises where the server does not give one."""
        response = self.post("/v1/ask", json={"question": question})
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    def found(self, question: str) -> str:
        """The texts of all passages found, one after the other."""
        response = self.post("/v1/search", json={"question": question, "limit": 20})
        return "\n".join(hit["text"] for hit in response.json()["hits"]) if response.status_code == 200 else ""

    def documents(self) -> list[dict[str, Any]]:
        """All documents."""
        listed: list[dict[str, Any]] = self.get("/v1/documents", params={"limit": 1000}).json()["documents"]
        return listed

    def add(self, files: Mapping[str, bytes], headers: Headers | None = None) -> str:
        """Send files to the service; gives the job, or nothing where they were refused."""
        response = self.post("/v1/documents", files=[("files", item) for item in files.items()], headers=headers or {})
        return str(response.json()["id"]) if response.status_code == 202 else ""

    def finished(self, job: str, seconds: float = _SECONDS) -> dict[str, Any]:
        """A job when it has ended, or as it is when the time is over; nothing where there is no such job."""
        end = time.monotonic() + seconds
        told: dict[str, Any] = {}
        while job and time.monotonic() < end:
            response = self.get(f"/v1/jobs/{job}")
            told = response.json() if response.status_code == 200 else {}
            if not told or told.get("state") in _ENDED:
                break
            time.sleep(0.1)
        return told

    def upload(self, name: str, content: bytes, headers: Headers | None = None) -> list[str]:
        """Send a file to Gradio's upload as the page does; gives what the page passes on to the event."""
        self.get("/")
        given = self.own if headers is None else headers
        response = self.post("/gradio_api/upload", files=[("files", (name, content))], headers=given)
        return list(response.json()) if response.status_code == 200 else []

    def event(self, index: int, data: Any, seconds: float = 20, **more: Any) -> str:
        """Start an event of the page and read all that it says, refusals included."""
        session = uuid.uuid4().hex
        body = {"data": data, "fn_index": index, "session_hash": session, "event_data": None, **more}
        joined = self.post("/gradio_api/queue/join", json=body, headers=self.own)
        return joined.text if joined.status_code != 200 else self.said(session, seconds)

    def said(self, session: str, seconds: float = 20) -> str:
        """What the events of a session say until they are over, or the time is."""
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

    def bare(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        seconds: float = 15,
    ) -> Reply:
        """A request to the letter: no client puts the target or the headers in order."""
        host, port = self.base_url.host, self.base_url.port or 80
        connection = http.client.HTTPConnection(host, port, timeout=seconds, source_address=(self.address, 0))
        pairs = list(headers)
        named = {name.lower() for name, _ in pairs}
        try:
            connection.putrequest(method, target, skip_host="host" in named, skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value.encode("utf-8"))
            if body is not None and not named & {"content-length", "transfer-encoding"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return _read(connection)
        except (OSError, http.client.HTTPException):
            return Reply(0, {}, b"")
        finally:
            connection.close()


def jobs_begun(said: str) -> list[str]:
    """The jobs that an event of the page has begun."""
    return _BEGUN.findall(said)


def _read(connection: http.client.HTTPConnection) -> Reply:
    with connection.getresponse() as response:
        headers = {name.lower(): value for name, value in response.getheaders()}
        streams = "event-stream" in headers.get("content-type", "")
        return Reply(response.status, headers, b"" if streams else response.read(_MOST_READ))
