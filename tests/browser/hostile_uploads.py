"""A form with files, byte by byte: a client that cares would not send such names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from tests.browser.hostile import Hostile

_BOUNDARY = b"----a-boundary-that-occurs-in-no-file"


def send(client: httpx.Client, files: Iterable[Hostile]) -> httpx.Response:
    """Upload files in one form, each under the name that it wants."""
    body = b"".join(_part(file.name, file.content) for file in files) + b"--" + _BOUNDARY + b"--\r\n"
    kind = f"multipart/form-data; boundary={_BOUNDARY.decode()}"
    return client.post("/v1/documents", content=body, headers={"content-type": kind})


def _part(name: str, content: bytes) -> bytes:
    """Only the end of a line is spelled out, as browsers do: it would end the header."""
    sent = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "%0D").replace("\n", "%0A")
    head = b'Content-Disposition: form-data; name="files"; filename="' + sent.encode("utf-8", "surrogatepass") + b'"'
    return (
        b"--" + _BOUNDARY + b"\r\n" + head + b"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    )
