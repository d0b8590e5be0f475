"""Fetches documents from the public internet and nothing else, if the server's operator allows it.

Every connection is made here: for the requested address, and for each redirect. A name could resolve differently the
second time (DNS rebinding). So it is resolved once, each of its addresses is checked, and the connection is made to a
public address, never to a name. The certificate is still checked against the name.

No existing library fits: `safehttpx` asks a public name server if the local one finds nothing, reads responses of any
size, and does not check addresses if the environment names a proxy; others support only asyncio or requests. The check
belongs where connections are made, and `httpcore2` has a documented interface for it: see `network`. Proxies in the
environment are ignored, because the server cannot see which address a proxy connects to.
"""

from __future__ import annotations

import socket
import time
from email.message import Message
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpcore2
import httpx2

from index.errors import AddressRefused, FetchFailed, NotAllowed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    from index.records.document import Arrival
    from index.server.uploads import Uploads
    from index.settings import Settings

    Resolve = Callable[[str, int], Iterable[str]]

PORTS = (80, 443)
"""Ports of the web. Other ports would turn the server into a port scanner."""
_UNICAST = IPv6Network("2000::/3")
"""The assigned unicast range of IPv6."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses that represent IPv4 addresses in IPv6-only networks (RFC 6052)."""
_INTERNAL = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Networks that some versions of Python consider public, but that serve the metadata of cloud machines."""
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
"""Accepted encodings. Other encodings, or several at once, could expand a small response to more than the memory."""
_HTML = (".html", ".htm", ".xhtml")
_EXTENSIONS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
}


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as this machine resolves them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_public(text: str) -> bool:
    """Return whether an address, and any IPv4 address embedded in it, belongs to the public internet."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    inner = address.ipv4_mapped or (IPv4Address(address.packed[-4:]) if address in _TRANSLATED else None)
    if inner:
        return _is_public_v4(inner)
    if address.sixtofour:  # which some versions of Python call global, and others do not
        return _is_public_v4(address.sixtofour)
    return address in _UNICAST and address.is_global


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _INTERNAL)


class PublicNetwork(httpcore2.NetworkBackend):
    """Makes connections to public addresses that end at `deadline` on the monotonic clock."""

    def __init__(
        self,
        deadline: float,
        resolve: Resolve = resolve,
        backend: httpcore2.NetworkBackend | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._backend = backend or httpcore2.SyncBackend()
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first public address of a host that answers. Raises AddressRefused if it has none."""
        for address in self._public(host, port):
            try:
                stream = self._backend.connect_tcp(
                    address, port, self.seconds_left(timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
            return _TimedStream(stream, self)
        raise httpcore2.ConnectError(f"{host} does not answer")

    def seconds_left(self, timeout: float | None) -> float:
        """Return the time limit of the next step, in seconds. Raises ReadTimeout after the deadline."""
        left = self._deadline - self._clock()
        if left <= 0:
            raise httpcore2.ReadTimeout("it takes too long")
        return left if timeout is None else min(left, timeout)

    def _public(self, host: str, port: int) -> list[str]:
        if port not in PORTS:
            raise AddressRefused(f"Port {port} of {host} is not a port of the web.")
        try:
            addresses = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"the host {host} does not exist") from error
        public = [address for address in addresses if is_public(address)]
        if addresses and not public:
            raise AddressRefused(f"{host} is not on the public internet.")
        return public


class _TimedStream(httpcore2.NetworkStream):
    """A connection that ends at the deadline, even if bytes still arrive slowly."""

    def __init__(self, stream: httpcore2.NetworkStream, network: PublicNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.seconds_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.seconds_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, self._network.seconds_left(timeout)), self._network
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class PublicTransport(httpx2.BaseTransport):
    """An httpx2 transport that uses a PublicNetwork."""

    def __init__(self, network: PublicNetwork) -> None:
        context = httpx2.create_ssl_context(trust_env=False)
        self._pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=network)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and return its response before the body has arrived."""
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        response = self._pool.handle_request(
            httpcore2.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx2.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


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
    """Return a file name for the response; its extension helps if formats look alike."""
    header = Message()
    header["Content-Disposition"] = response.headers.get("content-disposition", "")
    last = PurePosixPath(unquote(response.url.path)).name
    name = header.get_filename() or last or response.url.host
    extension = _EXTENSIONS.get(response.headers.get("content-type", "").partition(";")[0].strip().lower(), "")
    if extension == ".html":
        return name if name.lower().endswith(_HTML) else name + extension
    return name if PurePosixPath(name).suffix else name + extension
