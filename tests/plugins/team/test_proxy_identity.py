"""People whom a proxy names: believed from listed addresses only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugins.team.conftest import running_team

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.testclient import TestClient

    from tests.plugins.team.conftest import Team


PROXY, VISITOR = ("192.0.2.7", 5000), ("198.51.100.9", 5000)
RULES = '[open]\nreaders = ["user:ada", "group:staff", "@lab.example.org"]\n'


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A server behind a proxy at 192.0.2.0/24 that signs people in."""
    settings = {
        "trusted_proxies": "192.0.2.0/24",
        "proxy_user": "X-Forwarded-User",
        "proxy_email": "X-Forwarded-Email",
        "proxy_groups": "X-Forwarded-Groups",
    }
    with running_team(tmp_path_factory.mktemp("proxy"), rules=RULES, **settings) as team:
        yield team


def status(client: TestClient, headers: Mapping[str, str] | list[tuple[str, str]]) -> int:
    """Return the status of a request with these headers."""
    return client.get("/l/open/v1/stats", headers=headers).status_code


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Forwarded-User": "ada"}, 200),
        ({"x-forwarded-user": " ada "}, 200),
        ({"X-Forwarded-User": "bob"}, 404),
        ({"X-Forwarded-User": "bob", "X-Forwarded-Groups": "guests, staff"}, 200),
        ({"X-Forwarded-User": "bob", "X-Forwarded-Groups": "staffers"}, 404),
        ({"X-Forwarded-User": "bob", "X-Forwarded-Email": "bob@lab.example.org"}, 200),
        ({"X-Forwarded-User": "bob@lab.example.org"}, 200),
        ({"X-Forwarded-User": ""}, 401),
        ({"X-Forwarded-Email": "bob@lab.example.org"}, 401),
        ({"X-Forwarded-User": "a" * 400}, 401),
        ({"X_Forwarded_User": "ada"}, 401),
        ({}, 401),
    ],
    ids=str,
)
def test_trusted_proxy_names_people(behind_proxy: Team, headers: dict[str, str], expected: int) -> None:
    """The proxy's headers decide; a header that only looks alike does not."""
    assert status(behind_proxy.client(client=PROXY), headers) == expected


@pytest.mark.parametrize("forwarded", ["", "192.0.2.7", "127.0.0.1", "192.0.2.7, 192.0.2.8"])
def test_nobody_else_can_name_people(behind_proxy: Team, forwarded: str) -> None:
    """A visitor who reaches the server without the proxy stays unknown, whatever addresses they invent."""
    headers = {"X-Forwarded-User": "ada", **({"X-Forwarded-For": forwarded} if forwarded else {})}
    assert status(behind_proxy.client(client=VISITOR), headers) == 401


def test_header_that_occurs_twice_names_nobody(behind_proxy: Team) -> None:
    """A proxy that adds its own header to the visitor's leaves the choice to nobody."""
    client = behind_proxy.client(client=PROXY)
    assert status(client, [("X-Forwarded-User", "ada"), ("X-Forwarded-User", "bob")]) == 401
    groups = [("X-Forwarded-User", "bob"), ("X-Forwarded-Groups", "staff"), ("X-Forwarded-Groups", "guests")]
    assert status(client, groups) == 401


def test_key_counts_more_than_the_proxy(behind_proxy: Team) -> None:
    """A request with a key is judged by the key."""
    client = behind_proxy.client(behind_proxy.key("reader", "vault-q7"), client=PROXY)
    assert status(client, {"X-Forwarded-User": "ada"}) == 404


def test_audit_has_the_visitors_address(behind_proxy: Team) -> None:
    """Behind the proxy it is the last address that the proxy does not own."""
    curator = behind_proxy.client(behind_proxy.key("curator"), client=PROXY)
    curator.delete("/l/open/v1/documents/none", headers={"X-Forwarded-For": "203.0.113.5, 192.0.2.9"})
    assert behind_proxy.audited[-1]["address"] == "203.0.113.5"
