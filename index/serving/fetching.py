"""Fetches documents from the web, if the server's operator allows it.

No existing library fits: `safehttpx` asks a public name server if the local one finds nothing, reads responses of any
size, and does not check addresses if the environment names a proxy; others support only asyncio or requests. The check
belongs where connections are made, and `httpcore2` has a documented interface for it: see `network`. Proxies in the
environment are ignored, because the server cannot see which address a proxy connects to.
"""

from __future__ import annotations

import time
from email.message import Message
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpcore2
import httpx2

from index.errors import AddressRefused, FetchFailed, NotAllowed
from index.serving.network import PublicNetwork, PublicTransport

if TYPE_CHECKING:
    from index.serving.states import Arrival
    from index.serving.uploads import Uploads
    from index.settings import Settings

SECONDS = 60.0
"""Time limit of a whole fetch: redirects, waiting, the document."""
_STEP_SECONDS = 15.0
"""Time limit of one step: a connection, or the wait for the next bytes."""
_REDIRECTS = 5
_LONGEST_ADDRESS = 4000
_HEADERS = {
    "User-Agent": "pincite",
    "Accept": "text/html, application/pdf, text/*;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
}
_ENCODINGS = ("", "identity", "gzip")
"""Accepted encodings. Others, or several of them, could expand a small response beyond the memory."""
_HTML = (".html", ".htm", ".xhtml")
_EXTENSIONS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
}


def fetch(url: str, settings: Settings, uploads: Uploads, network: PublicNetwork | None = None) -> Arrival:
    """Fetch a document; its source in the library is the given address without its fragment (`#…`).

    Only http and https addresses of the public internet on ports 80 and 443 are fetched; the same holds for redirects.
    Whether the format is supported is checked when the document is added.

    Raises NotAllowed if `allow_urls` is off, AddressRefused, FetchFailed, and TooLarge as soon as the document exceeds
    the size limit.
    """
    if not settings.allow_urls:
        raise NotAllowed("Adding documents from the web", "PINCITE_ALLOW_URLS")
    address = _address(url)
    try:
        return _download(address, uploads, network or PublicNetwork(time.monotonic() + SECONDS))
    except httpcore2.TimeoutException as error:
        raise FetchFailed(f"{address} takes too long to answer.") from error
    except httpx2.TooManyRedirects as error:
        raise FetchFailed(f"{address} redirects too many times.") from error
    except (httpx2.UnsupportedProtocol, httpcore2.UnsupportedProtocol) as error:
        raise AddressRefused(f"{address} redirects to an address that is neither http nor https.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise FetchFailed(f"{address} cannot be fetched: {str(error).rstrip('.')}.") from error


def _download(address: httpx2.URL, uploads: Uploads, network: PublicNetwork) -> Arrival:
    client = httpx2.Client(
        transport=PublicTransport(network),
        trust_env=False,
        follow_redirects=True,
        max_redirects=_REDIRECTS,
        timeout=_STEP_SECONDS,
        headers=_HEADERS,
    )
    with client, client.stream("GET", address) as response:
        if response.status_code != httpx2.codes.OK:
            raise FetchFailed(f"{address} answered with {response.status_code} {response.reason_phrase}".strip() + ".")
        if response.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
            raise FetchFailed(f"{address} uses a compression that was not requested.")
        return uploads.receive(_name(response), response.iter_bytes(), source=str(address))


def _address(text: str) -> httpx2.URL:
    """Parse the address to fetch. Raises AddressRefused if it is not an address of the web."""
    try:
        url = httpx2.URL(text.strip()[:_LONGEST_ADDRESS]).copy_with(fragment=None)
    except httpx2.InvalidURL as error:
        raise AddressRefused(f"{text.strip()[:200]!r} is not an address.") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise AddressRefused(f"{str(url)[:200]!r} is not an http or https address.")
    if url.userinfo:
        raise AddressRefused(f"The address of {url.host} contains a user name or a password.")
    return url


def _name(response: httpx2.Response) -> str:
    """Return a file name for the response; its extension helps where formats look alike."""
    header = Message()
    header["Content-Disposition"] = response.headers.get("content-disposition", "")
    last = PurePosixPath(unquote(response.url.path)).name
    name = header.get_filename() or last or response.url.host
    extension = _EXTENSIONS.get(response.headers.get("content-type", "").partition(";")[0].strip().lower(), "")
    if extension == ".html":
        return name if name.lower().endswith(_HTML) else name + extension
    return name if PurePosixPath(name).suffix else name + extension
