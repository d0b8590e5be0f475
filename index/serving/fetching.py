"""Documents from the web, where the server's operator allows that.

No library that was looked at does what is needed here: `safehttpx` asks a public name server where the own one finds
nothing, reads an answer of any size, and steps aside where the environment names a proxy; others are for asyncio or
requests alone. The check belongs where connections are made, and `httpcore2` has a documented place for it: see
`network`. A proxy that the environment names is not used, for behind it nobody could tell where a name leads.
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
"""For all of it: redirects, waiting, the document."""
_STEP_SECONDS = 15.0
"""For a connection to be made, and from one piece to the next."""
_REDIRECTS = 5
_LONGEST_ADDRESS = 4000
_HEADERS = {
    "User-Agent": "pincite",
    "Accept": "text/html, application/pdf, text/*;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip",
}
_ENCODINGS = ("", "identity", "gzip")
"""Others, or several, could unfold a small answer to more than fits into memory."""
_HTML = (".html", ".htm", ".xhtml")
_ENDINGS = {"text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md", "application/pdf": ".pdf"}


def fetch(url: str, settings: Settings, uploads: Uploads, network: PublicNetwork | None = None) -> Arrival:
    """Fetch a document; the library will know it by the address that was given, without what follows a `#`.

    Only http and https addresses of the public internet, on the ports 80 and 443, are fetched, also where a redirect
    leads. Whether it is a document that can be read, the library says when it is added.

    Raises NotAllowed where the settings have no `allow_urls`, AddressRefused, FetchFailed, and TooLarge as soon as it
    is larger than the settings allow.
    """
    if not settings.allow_urls:
        raise NotAllowed("Adding documents from the web", "PINCITE_ALLOW_URLS")
    address = _address(url)
    try:
        return _fetched(address, uploads, network or PublicNetwork(time.monotonic() + SECONDS))
    except httpcore2.TimeoutException as error:
        raise FetchFailed(f"{address} takes too long to answer.") from error
    except httpx2.TooManyRedirects as error:
        raise FetchFailed(f"{address} leads from one address to the next, without end.") from error
    except (httpx2.UnsupportedProtocol, httpcore2.UnsupportedProtocol) as error:
        raise AddressRefused(f"{address} leads to something that is neither http nor https.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise FetchFailed(f"{address} cannot be fetched: {str(error).rstrip('.')}.") from error


def _fetched(address: httpx2.URL, uploads: Uploads, network: PublicNetwork) -> Arrival:
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
            raise FetchFailed(f"{address} answers with {response.status_code} {response.reason_phrase}".strip() + ".")
        if response.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
            raise FetchFailed(f"{address} answers in a compression that was not asked for.")
        return uploads.receive(_name(response), response.iter_bytes(), source=str(address))


def _address(text: str) -> httpx2.URL:
    """What is fetched. Raises AddressRefused where it is no address of the web."""
    try:
        url = httpx2.URL(text.strip()[:_LONGEST_ADDRESS]).copy_with(fragment=None)
    except httpx2.InvalidURL as error:
        raise AddressRefused(f"{text.strip()[:200]!r} is not an address.") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise AddressRefused(f"{str(url)[:200]!r} is not an http or https address.")
    if url.userinfo:
        raise AddressRefused(f"The address of {url.host} has a name or a password in it.")
    return url


def _name(response: httpx2.Response) -> str:
    """What to call what was fetched; its ending helps where contents look alike."""
    header = Message()
    header["Content-Disposition"] = response.headers.get("content-disposition", "")
    last = PurePosixPath(unquote(response.url.path)).name
    name = header.get_filename() or last or response.url.host
    ending = _ENDINGS.get(response.headers.get("content-type", "").partition(";")[0].strip().lower(), "")
    if ending == ".html":
        return name if name.lower().endswith(_HTML) else name + ending
    return name if PurePosixPath(name).suffix else name + ending
