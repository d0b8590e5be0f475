"""Connections to the public internet and to nothing else.

Every connection is made here, whatever led to it: the address that was asked for, a redirect, a name that resolves
differently the second time. A name is resolved once, each of its addresses is judged, and the connection goes to an
address that was found to be public, never to a name. The certificate is checked against the name all the same.
"""

from __future__ import annotations

import socket
import time
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from index.errors import AddressRefused

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    Resolve = Callable[[str, int], Iterable[str]]

PORTS = (80, 443)
"""Those of the web. Others would make of the server a tool to try out what listens elsewhere."""
_UNICAST = IPv6Network("2000::/3")
"""All that is given out of IPv6."""
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""What stands for an IPv4 address where a network has IPv6 alone (RFC 6052)."""
_INTERNAL = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Look public to some versions of Python, and are where rented machines ask their provider for their configuration."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as this machine finds them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, as is the one that is written into it, if there is one."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    inner = address.ipv4_mapped or (IPv4Address(address.packed[-4:]) if address in _TRANSLATED else None)
    if inner:
        return _is_public_v4(inner)
    return address in _UNICAST and address.is_global and (not address.sixtofour or _is_public_v4(address.sixtofour))


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in network for network in _INTERNAL)


class PublicNetwork(httpcore2.NetworkBackend):
    """Makes connections, none of which lasts longer than until `deadline`, by the monotonic clock."""

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
        """Connect to the first public address of a host that answers. Raises AddressRefused where it has none."""
        for address in self._public(host, port):
            try:
                stream = self._backend.connect_tcp(address, port, self.left(timeout), local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
            return _Timed(stream, self)
        raise httpcore2.ConnectError(f"{host} does not answer")

    def left(self, timeout: float | None) -> float:
        """How long the next step may take. Raises ReadTimeout where the time is over."""
        left = self._deadline - self._clock()
        if left <= 0:
            raise httpcore2.ReadTimeout("it takes too long")
        return left if timeout is None else min(left, timeout)

    def _public(self, host: str, port: int) -> list[str]:
        if port not in PORTS:
            raise AddressRefused(f"Port {port} of {host} is not one of the web's.")
        try:
            addresses = list(self._resolve(host, port))
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"there is no {host}") from error
        public = [address for address in addresses if is_public(address)]
        if addresses and not public:
            raise AddressRefused(f"{host} is not on the public internet.")
        return public


class _Timed(httpcore2.NetworkStream):
    """A connection that ends at the deadline, however slowly its bytes come."""

    def __init__(self, stream: httpcore2.NetworkStream, network: PublicNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._network.left(timeout)), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class PublicTransport(httpx2.BaseTransport):
    """What a client of httpx2 sends its requests through."""

    def __init__(self, network: PublicNetwork) -> None:
        context = httpx2.create_ssl_context(trust_env=False)
        self._pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=network)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request, and give its answer before its body has come."""
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
        """End all connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
