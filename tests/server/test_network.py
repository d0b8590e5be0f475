"""Which addresses are public, and that connections are made to public addresses only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore2
import pytest

from index.server import fetch
from index.server.fetch import PublicNetwork, is_public
from tests.cases import cases
from tests.server.fake_web import PUBLIC, running_web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.fake_web import Web

SOON = 60.0
"""A deadline for a clock that stays at zero."""


@pytest.fixture
def web() -> Iterator[Web]:
    """Run a web with names of one public address, of none, and of several kinds."""
    names: dict[str, list[list[str]]] = {
        "public.test": [[PUBLIC]],
        "mixed.test": [["127.0.0.1", "10.0.0.1", PUBLIC]],
        "second.test": [["8.8.8.0", PUBLIC]],
    }
    with running_web({}, names) as web:
        yield web


@cases(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.8.8.8", id="loopback, another address"),
        pytest.param("0.0.0.0", id="this machine"),
        pytest.param("10.1.2.3", id="private 10"),
        pytest.param("172.16.0.1", id="private 172.16"),
        pytest.param("192.168.1.1", id="private 192.168"),
        pytest.param("100.64.0.1", id="a provider's network"),
        pytest.param("100.100.100.200", id="metadata in a provider's network"),
        pytest.param("169.254.169.254", id="metadata, link-local"),
        pytest.param("168.63.129.16", id="metadata at an address that looks public"),
        pytest.param("192.0.0.192", id="metadata in a reserved range"),
        pytest.param("198.18.0.1", id="benchmarking"),
        pytest.param("203.0.113.5", id="documentation"),
        pytest.param("224.0.0.251", id="multicast"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("::", id="this machine, v6"),
        pytest.param("::1", id="loopback, v6"),
        pytest.param("::7f00:1", id="loopback, in an obsolete form"),
        pytest.param("::ffff:127.0.0.1", id="loopback, mapped"),
        pytest.param("::ffff:10.0.0.1", id="private, mapped"),
        pytest.param("::ffff:169.254.169.254", id="metadata, mapped"),
        pytest.param("64:ff9b::127.0.0.1", id="loopback, translated"),
        pytest.param("64:ff9b::a9fe:a9fe", id="metadata, translated"),
        pytest.param("64:ff9b:1::7f00:1", id="loopback, translated by a network's own prefix"),
        pytest.param("2002:7f00:1::", id="loopback, through 6to4"),
        pytest.param("2002:a00:1::1", id="private, through 6to4"),
        pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="loopback, through Teredo"),
        pytest.param("fc00::1", id="private, v6"),
        pytest.param("fd00:ec2::254", id="metadata, v6"),
        pytest.param("fe80::1", id="link-local, v6"),
        pytest.param("fe80::1%eth0", id="link-local, with its link"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("ff02::1", id="multicast, v6"),
        pytest.param("ff0e::1", id="global multicast, v6"),
        pytest.param("2001:db8::1", id="documentation, v6"),
        pytest.param("example.org", id="a name"),
        pytest.param("", id="nothing"),
        pytest.param("0x7f.1", id="loopback in hexadecimal"),
    ],
)
def test_private_and_reserved_addresses_are_not_public(address: str) -> None:
    """An address of this machine, of its network or of many hosts at once is not public."""
    assert not is_public(address)


@cases("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"])
def test_internet_addresses_are_public(address: str) -> None:
    """A translated address is public if its inner address is public."""
    assert is_public(address)


def test_public_addresses_of_a_name_are_tried_in_order(web: Web) -> None:
    """Addresses that are not public are skipped; the others are tried until one answers."""
    public = PublicNetwork(SOON, web.resolve, web, clock=float)
    public.connect_tcp("mixed.test", 80).close()
    public.connect_tcp("second.test", 80).close()
    assert web.connected == [(PUBLIC, 80), ("8.8.8.0", 80), (PUBLIC, 80)]


def test_deadline_stops_connecting_reading_and_writing(web: Web) -> None:
    """After the deadline no connection is made and an open one is not used. An address is resolved without the DNS."""
    now = [0.0]
    public = PublicNetwork(10, web.resolve, web, clock=lambda: now[0])
    stream = public.connect_tcp("public.test", 80)
    assert [public.seconds_left(None), public.seconds_left(3), public.seconds_left(30)] == [10, 3, 10]
    now[0] = 10
    for action in (lambda: stream.read(1), lambda: stream.write(b"x"), lambda: public.connect_tcp("public.test", 80)):
        with pytest.raises(httpcore2.ReadTimeout):
            action()
    stream.close()
    assert fetch.resolve("127.0.0.1", 80) == ["127.0.0.1"]
