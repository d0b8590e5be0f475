"""A real OpenID Connect provider (oidc-provider-mock, which uses Authlib's server) on a port of this machine.

It issues each token itself. Before a token leaves, a test may sign it again with keys of its own or change its claims,
as an attacker or a broken provider would.
"""

from __future__ import annotations

import base64
import functools
import json
import logging
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Claims = dict[str, Any]


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports a module that Authlib will drop
    from oidc_provider_mock import app as provider_app

PROVIDER_WARNINGS = ("get_jwt_config", "authlib.jose module is deprecated")
"""Warnings of the provider's own code."""
CLIENT_ID, CLIENT_SECRET = "pincite-test", "a secret of the client"


@functools.cache
def rsa_key(name: str, owner: str = "provider") -> RSAKey:
    """Return the key with this id; another owner has another key of the same id."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


@dataclass
class ProviderServer:
    """The provider, and what is changed in its answers."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: rsa_key("first"))
    """The key that signs tokens."""
    published: tuple[RSAKey, ...] = ()
    """The keys that the provider publishes; by default the one that signs."""
    change: Callable[[Claims], None] = lambda _: None
    """Changes the claims of each token."""
    sign: Callable[[ProviderServer, Claims], str] | None = None
    """Signs a token; by default with `key`."""
    describe: Callable[[dict[str, Any]], None] = lambda _: None
    """Changes the provider's description of itself."""
    is_down: bool = False
    requests: list[str] = field(default_factory=list)
    """The paths that were requested."""

    def person(self, subject: str, **claims: Any) -> None:
        """Set the claims of a person."""
        assert httpx.put(f"{self.url}/users/{subject}", json=claims).status_code == 204

    def agree(self, address: str, subject: str) -> str:
        """Sign in at the provider, as the person in the browser does, and return the address that leads back."""
        response = httpx.post(address, data={"sub": subject})
        assert response.status_code == 302, response.text
        return response.headers["location"]

    def signed(self, claims: Claims) -> str:
        """Return a token as the provider signs it."""
        return str(jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key))


class _Tampering:
    """WSGI middleware around the provider."""

    def __init__(self, app: Any, provider: ProviderServer) -> None:
        self._app = app
        self._provider = provider

    def __call__(self, environ: Any, start: Any) -> Any:
        request, provider = Request(environ), self._provider
        provider.requests.append(request.path)
        if provider.is_down:
            return Response("down", 503)(environ, start)
        response = Response.from_app(self._app, environ)
        if response.status_code == 200 and response.mimetype == "application/json":
            content = json.loads(response.get_data())
            self._tamper(request.path, content)
            response.set_data(json.dumps(content))
        return response(environ, start)

    def _tamper(self, path: str, content: dict[str, Any]) -> None:
        provider = self._provider
        if path == "/jwks":
            keys = provider.published or (provider.key,)
            content["keys"] = KeySet(list(keys)).as_dict(private=False)["keys"]
        elif path.endswith("/openid-configuration"):
            provider.describe(content)
        elif "id_token" in content:
            claims = json.loads(_decoded(content["id_token"].split(".")[1]))
            provider.change(claims)
            content["id_token"] = provider.sign(provider, claims) if provider.sign else provider.signed(claims)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(content: object) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@contextmanager
def running_provider() -> Iterator[ProviderServer]:
    """Run the provider until the block ends."""
    for name in ("werkzeug", "oidc_provider_mock"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    provider = ProviderServer()
    server = make_server("127.0.0.1", 0, _Tampering(provider_app(require_nonce=True), provider), threaded=True)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
