"""Who may do what: roles, keys, libraries, and the answers to those who may not."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from index.server.principals import Grants, Principal, Role, role_in
from tests.plugins.team.conftest import SECRET, running_team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugins.team.conftest import Team


QUESTION = {"question": "Who signed the treaty?"}
HTML = {"Accept": "text/html"}


@pytest.fixture
def own_team(tmp_path: Path) -> Iterator[Team]:
    """A server that a test may change."""
    with running_team(tmp_path) as team:
        yield team


def test_reader_asks_and_cannot_change(team: Team) -> None:
    """A reader's key answers questions of the libraries that it is for; it adds and removes nothing."""
    reader = team.client(team.key("reader", "open"))
    answer = reader.post("/l/open/v1/ask", json=QUESTION)
    assert answer.status_code == 200
    assert "signed" in answer.json()["statements"][0]["text"]
    document = reader.get("/l/open/v1/documents").json()["documents"][0]["id"]
    refused = reader.delete(f"/l/open/v1/documents/{document}")
    assert (refused.status_code, refused.json()["detail"]) == (403, "This needs the role curator; yours is reader.")
    assert reader.post("/l/open/v1/documents", files=[("files", ("a.txt", b"A horse."))]).status_code == 403
    assert reader.get("/l/open/metrics").status_code == 403
    assert len(reader.get("/l/open/v1/documents").json()["documents"]) == 1


def test_curator_adds_and_removes_and_both_are_audited(own_team: Team) -> None:
    """The log says who, what, where and with what outcome; also a refused attempt. It holds no question."""
    key = own_team.key("curator", "open")
    curator, reader = own_team.client(key), own_team.client(own_team.key("reader"))
    added = curator.post("/l/open/v1/documents", files=[("files", ("horse.txt", b"A horse cost more than a bridge."))])
    assert added.status_code == 202
    assert added.headers["location"].startswith("/l/open/v1/jobs/")
    assert curator.get(f"{added.headers['location']}/events").status_code == 200
    listed = {info["source"]: info["id"] for info in curator.get("/l/open/v1/documents").json()["documents"]}
    identity = listed["horse.txt"]
    assert reader.delete(f"/l/open/v1/documents/{identity}").status_code == 403
    assert curator.get(f"/l/open/v1/documents/{identity}/original").status_code == 200
    assert curator.delete(f"/l/open/v1/documents/{identity}").status_code == 200
    assert curator.delete(f"/l/open/v1/documents/{identity}").status_code == 404
    curator.post("/l/open/v1/ask", json={"question": "Who kept a secret garden?"})
    lines = own_team.audited
    told = [(line["action"], line["who"], line["what"], line["outcome"]) for line in lines]
    names = [key.name for key in own_team.keys.listed()]
    assert told == [
        ("add", names[0], ["horse.txt"], 202),
        ("remove", names[1], [identity], 403),
        ("export", names[0], ["horse.txt"], 200),
        ("remove", names[0], ["horse.txt"], 200),
        ("remove", names[0], [identity], 404),
    ]
    assert {(line["library"], line["kind"]) for line in lines} == {("open", "key")}
    assert all(line["request_id"] and line["time"] for line in lines)
    assert "garden" not in json.dumps(lines)


def test_admin_sees_figures_and_every_library(team: Team) -> None:
    """The figures of the server count the requests of all libraries."""
    admin = team.client(team.key("admin"))
    assert [library["name"] for library in admin.get("/").json()["libraries"]] == ["open", SECRET]
    admin.post("/l/open/v1/ask", json=QUESTION)
    assert 'route="/v1/ask"' in admin.get("/metrics").text
    assert "pincite_documents 1.0" in admin.get("/l/open/metrics").text


def test_assistants_use_a_key(team: Team) -> None:
    """MCP answers below the address of the library."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    call = {**message, "params": {"name": "ask", "arguments": QUESTION}}
    headers = {"Accept": "application/json, text/event-stream"}
    answer = team.client(team.key("reader", "open")).post("/l/open/mcp", json=call, headers=headers)
    assert "The king signed the treaty" in answer.text
    stranger = team.client().post("/l/open/mcp", json=call, headers=headers)
    assert stranger.status_code == 401
    assert stranger.headers["www-authenticate"] == 'Bearer realm="Pincite"'


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer x", "Basic YTpi", "bearer pincite_key_" + "A" * 43, "Bearer " + "x" * 60_000, "\xff"],
)
def test_wrong_keys_are_refused_alike(team: Team, authorization: str) -> None:
    """Nothing in the answer says what is wrong with a key."""
    headers = {b"authorization": authorization.encode("latin-1"), b"x-request-id": b"one"}
    refused = team.client().post("/l/open/v1/ask", json=QUESTION, headers=headers)
    assert refused.status_code == 401
    assert refused.json()["detail"] == "The key is unknown, expired or revoked."
    assert refused.headers["www-authenticate"] == 'Bearer realm="Pincite", error="invalid_token"'


def test_revoked_and_expired_keys_are_refused(own_team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """A running server refuses a key from the moment of its revocation."""
    key = own_team.key("reader")
    client = own_team.client(key)
    assert client.get("/l/open/v1/stats").status_code == 200
    own_team.keys.revoke(own_team.keys.listed()[0].name)
    assert client.get("/l/open/v1/stats").status_code == 401
    path = own_team.settings.accounts / "keys.json"
    short = own_team.client(own_team.key("reader", expires="1h"))
    assert short.get("/l/open/v1/stats").status_code == 200
    path.write_text(path.read_text().replace('"expires": "2', '"expires": "1'))
    assert short.get("/l/open/v1/stats").status_code == 401


def test_key_for_one_library_does_not_know_others(team: Team) -> None:
    """Another library is answered like one that does not exist."""
    client = team.client(team.key("curator", "open"), headers=None)
    client.headers["Authorization"] = f"Bearer {team.key('curator', 'open')}"
    answers = [client.get(f"/l/{name}/v1/documents", headers={"X-Request-ID": "one"}) for name in (SECRET, "nothing")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert answers[0].headers.items() == answers[1].headers.items()
    assert [library["name"] for library in client.get("/").json()["libraries"]] == ["open"]


def test_damaged_keys_let_nobody_in(own_team: Team, caplog: pytest.LogCaptureFixture) -> None:
    """The server answers 503 without the path of the file; its log names it. It recovers with the file."""
    client = own_team.client(own_team.key("admin"))
    path = own_team.settings.accounts / "keys.json"
    content = path.read_text()
    path.write_text("{")
    with caplog.at_level(logging.ERROR):
        refused = client.get("/l/open/v1/stats")
    assert refused.status_code == 503
    assert str(path) not in refused.text
    assert str(path) in caplog.text
    path.write_text(content)
    assert client.get("/l/open/v1/stats").status_code == 200


def test_last_use_of_a_key_is_shown(own_team: Team) -> None:
    """The list of keys tells which ones nobody uses."""
    client = own_team.client(own_team.key("reader"))
    own_team.key("reader")
    client.get("/l/open/v1/stats")
    assert [key.used is not None for key in own_team.keys.listed()] == [True, False]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/l/open", 303),
        ("/l/open/v1/stats", 200),
        ("/l/open//v1/stats", 404),
        ("/l/open/../vault-q7/v1/stats", 404),
        ("/l/open/%2e%2e/vault-q7/v1/stats", 404),
        ("/l/open%2fv1/stats", 200),
        ("/l/open/..%2f..%2fvault-q7/v1/stats", 404),
        ("//l/open/v1/stats", 404),
        ("/l//open/v1/stats", 404),
        ("/L/open/v1/stats", 404),
        ("/l/OPEN/v1/stats", 404),
        ("/l/open%00/v1/stats", 404),
        ("/l/open/v1/stats%00", 404),
        ("/l/open/v1/stats/", 404),
        ("/l/open/v1/stats;x", 404),
        ("/l/open/l/open/v1/stats", 404),
        ("/l/vault-q7/v1/stats", 404),
        ("/l/%76ault-q7/v1/stats", 404),
        ("/v1/stats", 404),
        ("/l", 404),
        ("/l/", 404),
    ],
)
def test_tricks_with_paths_open_nothing(team: Team, path: str, status: int) -> None:
    """Only the exact address of a library leads to it. (`%2f` is a slash to the server, before it judges the path.)"""
    client = team.client(team.key("reader", "open"))
    answer = client.get(path)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("scope_type", ["websocket"])
def test_websockets_are_closed(team: Team, scope_type: str) -> None:
    """There are none here, and Gradio's would pass every check."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": scope_type, "path": "/l/open/gradio_api/queue/join", "headers": [], "query_string": b""}
    anyio.run(team.app, scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_pages_of_other_sites_cannot_use_a_session(team: Team) -> None:
    """The guard's check of origins comes first, for keys as well."""
    headers = {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "cross-site"}
    assert team.client(team.key("admin")).post("/l/open/v1/ask", json=QUESTION, headers=headers).status_code == 403
    assert team.client().post("/sign-out", headers=headers).status_code == 403


def test_probes_answer_everybody(team: Team) -> None:
    """A load balancer has no key; a library's own probes are not for it."""
    client = team.client()
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    assert client.get("/metrics").status_code == 401
    assert client.get("/l/open/healthz").status_code == 401


def test_stranger_is_sent_to_the_sign_in_page(team: Team) -> None:
    """A browser that opens an address is; a script and a program get a problem document."""
    stranger = team.client()
    page = stranger.get("/l/open/?q=a b", headers=HTML)
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/l/open/%3Fq%3Da%2520b")
    shown = stranger.get(page.headers["location"], headers=HTML)
    assert "this page did not learn who you are" in shown.text
    script = stranger.get("/l/open/", headers={**HTML, "Sec-Fetch-Mode": "cors"})
    assert script.status_code == 401
    assert script.json()["request_id"] == script.headers["x-request-id"]


def test_answers_stay_out_of_shared_caches(team_with_pages: Team) -> None:
    """Files that a browser may keep forever are kept by that browser alone."""
    client = team_with_pages.client(team_with_pages.key("reader"))
    page = client.get("/l/open/", headers=HTML)
    assert page.headers["cache-control"] == "private, no-cache"
    assert b'data-role="reader"' in page.content
    style = client.get("/l/open/ui/page.css?v=1")
    assert style.headers["cache-control"] == "private, max-age=31536000, immutable"
    boss = team_with_pages.client(team_with_pages.key("admin")).get("/l/open/", headers=HTML)
    assert b'data-role="admin"' in boss.content


def test_page_works_below_its_address(team_with_pages: Team) -> None:
    """Gradio's configuration, the documentation and its files name the library's address."""
    client = team_with_pages.client(team_with_pages.key("reader"))
    assert client.get("/l/open/config").json()["root"] == "http://127.0.0.1/l/open"
    assert '"/l/open/openapi.json"' in client.get("/l/open/docs").text.replace("'", '"')
    assert client.get("/l/open/openapi.json").json()["servers"] == [{"url": "/l/open"}]
    assert client.get("/l/open/static-offline-docs/swagger-ui.css").status_code == 200
    link = client.get("/l/open/d/abc?q=x")
    assert (link.status_code, link.headers["location"]) == (302, "../?q=x&d=abc")
    menu = client.get("/l/open/page/account").text
    assert 'href="../../l/open/"' in menu


def test_citation_pages_tell_strangers_nothing(team_with_pages: Team) -> None:
    """Without a session, or without a role, no answer depends on whether the library or the document exists."""
    reader = team_with_pages.client(team_with_pages.key("reader", "open"))
    known = reader.get("/l/open/v1/documents").json()["documents"][0]["id"]
    page = reader.get(f"/l/open/d/{known}/4-9", headers=HTML)
    assert page.status_code == 200
    assert page.headers["cache-control"].startswith("private")
    assert page.headers["x-robots-tag"] == "noindex"
    assert f'<meta property="og:url" content="http://127.0.0.1/l/open/d/{known[:12]}/4-9">' in page.text
    assert 'href="../../ui/citation.css?v=' in page.text
    assert reader.get(f"/l/open/d/{known}/4-9.png").headers["content-type"] == "image/png"
    stranger = team_with_pages.client()
    for suffix in ("", "/4-9", "/4-9.png"):
        for headers in (HTML, {}):
            known_answer, other = (
                stranger.get(f"/l/open/d/{identity}{suffix}", headers=headers) for identity in (known, "0" * 64)
            )
            assert known_answer.status_code == other.status_code != 200
            assert known[:12] not in known_answer.text
            assert "king" not in known_answer.text
        hidden, nothing = (
            reader.get(f"/l/{library}/d/{known}{suffix}", headers={**HTML, "X-Request-ID": "one"})
            for library in (SECRET, "no-library")
        )
        assert hidden.status_code == nothing.status_code == 404
        assert hidden.content == nothing.content


# Roles

ADA = Principal("user", "1", "Ada", "ada@example.org", frozenset({"staff"}))


@pytest.mark.parametrize(
    ("grant", "fits"),
    [
        ("ada@example.org", True), ("ADA@example.org", True), ("@example.org", True), ("@Example.org", True),
        ("group:staff", True), ("user:1", True), ("*", True), ("@ample.org", False), ("group:Staff", False),
        ("user:Ada", False), ("staff", False), ("bob@example.org", False), ("@", False), ("group:", False),
    ],
)  # fmt: skip
def test_grants_name_people(grant: str, fits: bool) -> None:
    """An address, a domain, a group, an id, or everyone who has signed in."""
    assert ADA.fits(grant) == fits
    assert not Principal("key", "1", "1", "ada@example.org", frozenset({"staff"})).fits(grant)


def test_person_without_an_address_has_no_domain() -> None:
    """An empty address fits no grant."""
    nobody = Principal("user", "2", "Nobody")
    assert not any(nobody.fits(grant) for grant in ("@", "@example.org", "", "ada@example.org"))


def test_highest_role_counts() -> None:
    """The settings and the rules of a library add up."""
    everywhere, here = Grants(readers=("*",)), Grants(curators=("group:staff",))
    assert role_in(ADA, everywhere, here, "open") == Role.CURATOR
    assert role_in(ADA, everywhere, Grants(), "open") == Role.READER
    assert role_in(ADA, Grants(admins=("user:1",)), here, None) == Role.ADMIN
    assert role_in(ADA, Grants(), Grants(), "open") == Role.NONE
