"""Which addresses are public, and that a connection goes to none that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore2
import pytest

from index.errors import AddressRefused
from index.server import fetch
from index.server.fetch import PublicNetwork, is_public
from tests.cases import cases
from tests.server.fake_web import PUBLIC, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.fake_web import Web

SOON = 60.0
"""A deadline, by a clock that stands at zero."""


@pytest.fixture
def web() -> Iterator[Web]:
    """Names with one public address, with none, and with several kinds."""
    names: dict[str, list[list[str]]] = {
        "public.test": [[PUBLIC]],
        "private.test": [["10.0.0.7", "::1"]],
        "mixed.test": [["127.0.0.1", "10.0.0.1", PUBLIC]],
        "second.test": [["8.8.8.0", PUBLIC]],
        "turning.test": [[PUBLIC], ["127.0.0.1"]],
        "nowhere.test": [[]],
    }
    with serving({}, names) as web:
        yield web


@cases(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.8.8.8", id="loopback, any of it"),
        pytest.param("0.0.0.0", id="this machine"),
        pytest.param("10.1.2.3", id="private 10"),
        pytest.param("172.16.0.1", id="private 172.16"),
        pytest.param("192.168.1.1", id="private 192.168"),
        pytest.param("100.64.0.1", id="a provider's own"),
        pytest.param("100.100.100.200", id="metadata in a provider's own"),
        pytest.param("169.254.169.254", id="metadata, link-local"),
        pytest.param("168.63.129.16", id="metadata that looks public"),
        pytest.param("192.0.0.192", id="metadata in what is reserved"),
        pytest.param("198.18.0.1", id="benchmarks"),
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
        pytest.param("64:ff9b:1::7f00:1", id="translated in a network's own way"),
        pytest.param("2002:7f00:1::", id="loopback, through 6to4"),
        pytest.param("2002:a00:1::1", id="private, through 6to4"),
        pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="loopback, through Teredo"),
        pytest.param("fc00::1", id="private, v6"),
        pytest.param("fd00:ec2::254", id="metadata, v6"),
        pytest.param("fe80::1", id="link-local, v6"),
        pytest.param("fe80::1%eth0", id="link-local, with its link"),
        pytest.param("fec0::1", id="site-local"),
        pytest.param("ff02::1", id="multicast, v6"),
        pytest.param("ff0e::1", id="multicast of the whole world"),
        pytest.param("2001:db8::1", id="documentation, v6"),
        pytest.param("example.org", id="a name"),
        pytest.param("", id="nothing"),
        pytest.param("0x7f.1", id="another way to write it, which is for the resolver"),
    ],
)
def test_what_is_not_public(address: str) -> None:
    """Whatever leads to this machine, to its network, or to many at once."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"]
)
def test_what_is_public(address: str) -> None:
    """The rest, whose inner address is public, too."""
    assert is_public(address)


def test_a_connection_goes_to_the_address_that_was_judged(web: Web) -> None:
    """Never to a name, which the system would resolve again."""
    PublicNetwork(SOON, web.resolve, web, clock=float).connect_tcp("public.test", 443).close()
    assert web.connected == [(PUBLIC, 443)]


def test_of_several_addresses_the_public_ones_are_tried(web: Web) -> None:
    """In order, until one answers."""
    public = PublicNetwork(SOON, web.resolve, web, clock=float)
    public.connect_tcp("mixed.test", 80).close()
    public.connect_tcp("second.test", 80).close()
    assert web.connected == [(PUBLIC, 80), ("8.8.8.0", 80), (PUBLIC, 80)]


@pytest.mark.parametrize("host", ["private.test", "127.0.0.1", "::1", "169.254.169.254"])
def test_what_has_no_public_address_is_refused(web: Web, host: str) -> None:
    """Before anything is connected to."""
    with pytest.raises(AddressRefused, match="is not on the public internet"):
        PublicNetwork(SOON, web.resolve, web, clock=float).connect_tcp(host, 80)
    assert web.connected == []


def test_a_name_that_answers_differently_the_second_time(web: Web) -> None:
    """Is judged anew with every connection."""
    public = PublicNetwork(SOON, web.resolve, web, clock=float)
    public.connect_tcp("turning.test", 80).close()
    with pytest.raises(AddressRefused):
        public.connect_tcp("turning.test", 80)
    assert web.connected == [(PUBLIC, 80)]


@pytest.mark.parametrize("port", [22, 25, 6379, 8080, 65535])
def test_ports_that_are_not_the_webs_are_refused(web: Web, port: int) -> None:
    """Even of public addresses: a server is no tool to try doors with."""
    with pytest.raises(AddressRefused, match=f"Port {port} of public.test is not a port of the web"):
        PublicNetwork(SOON, web.resolve, web, clock=float).connect_tcp("public.test", port)
    assert web.connected == []


@pytest.mark.parametrize("host", ["unknown.test", "nowhere.test"])
def test_a_name_without_address_is_not_there(web: Web, host: str) -> None:
    """Which is another error than one that is refused."""
    with pytest.raises(httpcore2.ConnectError):
        PublicNetwork(SOON, web.resolve, web, clock=float).connect_tcp(host, 80)


def test_after_the_deadline_nothing_goes_on(web: Web) -> None:
    """Neither a connection that is to be made nor one that is there, however little it asks for."""
    now = [0.0]
    public = PublicNetwork(10, web.resolve, web, clock=lambda: now[0])
    stream = public.connect_tcp("public.test", 80)
    assert [public.seconds_left(None), public.seconds_left(3), public.seconds_left(30)] == [10, 3, 10]
    now[0] = 10
    for step in (lambda: stream.read(1), lambda: stream.write(b"x"), lambda: public.connect_tcp("public.test", 80)):
        with pytest.raises(httpcore2.ReadTimeout):
            step()
    stream.close()


def test_the_systems_own_resolver_knows_this_machine() -> None:
    """By an address, which asks nobody."""
    assert fetch.resolve("127.0.0.1", 80) == ["127.0.0.1"]
