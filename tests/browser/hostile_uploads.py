"""Uploads files in a form built byte by byte, because HTTP clients refuse to send such names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

    from tests.browser.hostile import HostileFile

_BOUNDARY = b"----a-boundary-that-occurs-in-no-file"


def upload_raw(client: httpx.Client, files: Iterable[HostileFile]) -> httpx.Response:
    """Upload files in one form, each under its own name."""
    body = b"".join(_part(file.name, file.content) for file in files) + b"--" + _BOUNDARY + b"--\r\n"
    content_type = f"multipart/form-data; boundary={_BOUNDARY.decode()}"
    return client.post("/v1/documents", content=body, headers={"content-type": content_type})


def _part(name: str, content: bytes) -> bytes:
    """Escape only line ends, which would end the header; browsers do the same."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "%0D").replace("\n", "%0A")
    head = b'Content-Disposition: form-data; name="files"; filename="' + escaped.encode("utf-8", "surrogatepass") + b'"'
    return (
        b"--" + _BOUNDARY + b"\r\n" + head + b"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    )
