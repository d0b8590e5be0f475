"""Visitors of a demo: each has a library of their own for a while, and nobody sees another's."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

import pytest

from index.plugins.demo import registry, visitor_routes
from index.plugins.demo.registry import VisitorFolders
from tests.hosted import wait_until
from tests.loading.archives import zipped
from tests.plugins.demo.conftest import COMET, OIL, Guest, demo_settings, running_demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugins.demo.conftest import Demo


QUESTION = {"question": "What fell into the desert?"}


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[Demo]:
    """A demo whose limits are easy to reach."""
    limits = {"demo_files": 2, "demo_megabytes": 1, "demo_pages": 2, "demo_questions": 2}
    with running_demo(tmp_path, demo_settings(**limits)) as running:
        yield running


# A private library


def test_question_searches_published_and_private_documents_as_one(demo: Demo) -> None:
    """The citation says that the document is the visitor's own."""
    guest = demo.guest()
    assert guest.send("POST", "/v1/ask", json=QUESTION).json()["status"] != "answered"
    job = guest.add("comet.txt", COMET)
    assert job["receipt"]["added"] == ["comet.txt"]
    answer = guest.send("POST", "/v1/ask", json=QUESTION).json()
    assert answer["citations"][0]["document"]["private"] is True
    assert guest.names() == {"treaty.md", "oil.txt", "comet.txt"}
    oil = guest.send("POST", "/v1/ask", json={"question": "What happened to the price of oil?"}).json()
    assert oil["citations"][0]["document"]["private"] is False


def test_nobody_sees_the_documents_or_jobs_of_another(demo: Demo) -> None:
    """To others, a document or a job is what one is that does not exist."""
    owner, other = demo.guest(), demo.guest()
    job = owner.add("comet.txt", COMET)
    identity = owner.send("POST", "/v1/search", json=QUESTION).json()["hits"][0]["document"]["id"]
    assert owner.send("GET", f"/v1/documents/{identity}").status_code == 200
    assert other.names() == {"treaty.md", "oil.txt"}
    unknown = other.send("GET", f"/v1/documents/{'0' * 64}")
    seen = other.send("GET", f"/v1/documents/{identity}")
    assert (
        (seen.status_code, seen.json()["title"])
        == (unknown.status_code, unknown.json()["title"])
        == (
            404,
            "Document not found",
        )
    )
    assert other.send("GET", f"/v1/jobs/{job['id']}").status_code == 404
    assert other.send("POST", f"/v1/jobs/{job['id']}/cancel").status_code == 404
    found = other.send("POST", "/v1/search", json=QUESTION).text
    assert "comet" not in found


def test_assistant_uses_the_library_of_its_visitor(demo: Demo) -> None:
    """MCP has the same visitors as REST."""
    owner, other = demo.guest(), demo.guest()
    owner.add("comet.txt", COMET)
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search", "arguments": QUESTION}}
    accepts = {"accept": "application/json, text/event-stream"}
    texts = []
    for guest in (owner, other):
        guest.headers = accepts
        texts.append(guest.send("POST", "/mcp", json=call).text)
    assert "comet" in texts[0]
    assert "comet" not in texts[1]


def test_published_documents_cannot_be_changed(demo: Demo) -> None:
    """They are neither removed nor replaced, and one that is uploaded again is not added."""
    before = {path: path.stat().st_mtime_ns for path in demo.published.rglob("*")}
    guest = demo.guest()
    oil = next(i for i in guest.send("GET", "/v1/documents").json()["documents"] if i["source"] == "oil.txt")
    refused = guest.send("DELETE", f"/v1/documents/{oil['id']}")
    assert (refused.status_code, refused.json()["title"]) == (403, "The document is published")
    job = guest.add("copy.txt", OIL)
    assert job["receipt"]["unchanged"] == ["copy.txt"]
    assert "published here already" in job["files"][0]["notes"][0]
    guest.add("oil.txt", "Oil was given away.")
    sources = [info["source"] for info in guest.send("GET", "/v1/documents").json()["documents"]]
    assert sources.count("oil.txt") == 2
    assert {path: path.stat().st_mtime_ns for path in demo.published.rglob("*")} == before


def test_own_document_can_be_removed(demo: Demo) -> None:
    """It is gone from searches at once."""
    guest = demo.guest()
    guest.add("comet.txt", COMET)
    identity = guest.send("POST", "/v1/search", json=QUESTION).json()["hits"][0]["document"]["id"]
    assert guest.send("DELETE", f"/v1/documents/{identity}").status_code == 200
    assert guest.names() == {"treaty.md", "oil.txt"}
    assert "comet" not in guest.send("POST", "/v1/search", json=QUESTION).text


# Its end


def test_private_library_is_deleted_on_request(demo: Demo) -> None:
    """Nothing is left on the disk, and the same visitor begins anew."""
    guest = demo.guest()
    guest.add("comet.txt", COMET)
    assert demo.visitors.size > 0
    assert guest.send("DELETE", "/v1/visitor").status_code == 204
    assert demo.visitors.size == 0
    assert guest.names() == {"treaty.md", "oil.txt"}
    assert guest.state()["seconds_left"] is None


def test_request_during_deletion_sees_the_published_documents(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are gone before the library is closed; whoever asks in between gets an answer."""
    guest = demo.guest()
    guest.add("comet.txt", COMET)
    visitor = next(iter(demo.visitors._known.values()))
    seen: list[tuple[bool, list[bool]]] = []
    close = visitor.library.close

    def look_and_close() -> None:
        seen.append((visitor.folder.exists(), [info.private for info in visitor.library.documents()]))
        close()

    monkeypatch.setattr(visitor.library, "close", look_and_close)
    assert guest.send("DELETE", "/v1/visitor").status_code == 204
    assert seen == [(False, [False, False])]


def test_files_that_vanish_during_a_request_are_no_failure(demo: Demo) -> None:
    """A request that was under way before the deletion began is asked to come back."""
    guest = demo.guest()
    guest.add("comet.txt", COMET)
    shutil.rmtree(next(iter(demo.visitors._known.values())).folder)
    assert guest.send("GET", "/v1/documents").status_code == 503


@pytest.mark.parametrize(("pause", "visits"), [(31 * 60, 1), (20 * 60, 7)], ids=["idle", "two hours"])
def test_private_library_expires(demo: Demo, pause: float, visits: int) -> None:
    """It is deleted after half an hour without a visit, and after two hours in any case."""
    guest = demo.guest()
    guest.add("comet.txt", COMET)
    assert guest.state()["seconds_left"] == 30 * 60
    for _ in range(visits):
        demo.clock.now += pause
        demo.visitors.expire()
        if visits > 1 and demo.clock.now < 1000 + 2 * 3600:
            assert "comet.txt" in guest.names()
    assert demo.visitors.size == 0
    assert guest.names() == {"treaty.md", "oil.txt"}


def test_open_page_does_not_keep_a_library_alive(demo: Demo) -> None:
    """What a page asks by itself is no visit."""
    guest = demo.guest()
    guest.add("comet.txt", COMET)
    demo.clock.now += 20 * 60
    assert guest.state()["seconds_left"] == 10 * 60
    assert guest.send("GET", "/v1/jobs/none").status_code == 404
    assert guest.state()["seconds_left"] == 10 * 60
    guest.names()
    assert guest.state()["seconds_left"] == 30 * 60


def test_everything_is_deleted_when_the_server_stops(tmp_path: Path) -> None:
    """The temporary folder is gone as well."""
    with running_demo(tmp_path, demo_settings()) as demo:
        demo.guest().add("comet.txt", COMET)
        root = demo.visitors._folders.path
        assert any(root.iterdir())
    assert not root.exists()


def test_folders_of_killed_servers_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of a server that runs, and not those of one that has just begun."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, fresh = tmp_path / "pincite-demo-killed", tmp_path / "pincite-demo-fresh"
    for folder in (killed, fresh):
        (folder / "visitors" / "7").mkdir(parents=True)
    running = VisitorFolders()
    for folder in tmp_path.iterdir():
        if folder != fresh:
            os.utime(folder, (1, 1))
    other = VisitorFolders()
    assert not killed.exists()
    assert fresh.exists()
    assert running.path.exists()
    for folders in (other, running):
        folders.close()
    assert list(tmp_path.iterdir()) == [fresh]


def test_error_of_expiry_does_not_end_it(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is deleted the next time."""
    demo.guest().add("comet.txt", COMET)
    demo.clock.now += 31 * 60
    expire, calls = demo.visitors.expire, []

    def failing() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("Too many open files")
        expire()

    monkeypatch.setattr(visitor_routes, "_EXPIRY_SECONDS", 0.05)
    monkeypatch.setattr(demo.visitors, "expire", failing)
    wait_until(lambda: demo.visitors.size == 0 and len(calls) > 1)


def test_responses_are_kept_by_no_shared_cache(demo: Demo) -> None:
    """Each visitor's list has an ETag of its own, also after a deletion."""
    guest, other = demo.guest(), demo.guest()
    guest.add("comet.txt", COMET)
    listed = guest.send("GET", "/v1/documents")
    assert "private" in listed.headers["cache-control"]
    assert "X-Pincite-Visitor" in listed.headers["vary"]
    assert "private" in guest.send("GET", "/v1/stats").headers["cache-control"]
    guest.send("DELETE", "/v1/visitor")
    for later in (guest, other):
        later.add("other.txt", "A ship left the harbour.")
        later.headers = {"If-None-Match": listed.headers["etag"]}
        assert later.send("GET", "/v1/documents").status_code == 200


def test_second_opinions_are_off(tmp_path: Path) -> None:
    """They would cost tokens for each sentence, which no budget counts."""
    with running_demo(tmp_path, demo_settings(checker="model", llm_url="http://127.0.0.1:9/v1")) as demo:
        guest = demo.guest()
        assert guest.send("POST", "/v1/check", json={"text": "The king signed the treaty."}).status_code == 200
        guest.add("comet.txt", COMET)
        for visitor in demo.visitors._known.values():
            assert visitor.library.parts.session.base_settings.checker == "rules"


# Its limits


def test_private_library_has_a_number_of_files(tight: Demo) -> None:
    """Files that wait are counted, and nothing of a refused upload stays."""
    guest = tight.guest()
    guest.add("a.txt", "The king wrote a letter.")
    two = [("files", ("b.txt", b"A ship.")), ("files", ("c.txt", b"A clock."))]
    refused = guest.send("POST", "/v1/documents", files=two)
    assert (refused.status_code, refused.json()["title"]) == (413, "Your private library is full")
    assert "2 files" in refused.json()["detail"]
    guest.add("b.txt", "A ship left the harbour.")
    assert guest.send("POST", "/v1/documents", files={"files": ("c.txt", b"A clock.")}).status_code == 413
    assert guest.state()["documents"] == 2


def test_private_library_has_a_number_of_bytes(tight: Demo) -> None:
    """An upload that would exceed it is refused while it arrives."""
    guest = tight.guest()
    small = "The king wrote a letter. " * 20_000
    job = guest.add("a.txt", small)  # half a megabyte, but far more than two pages
    assert "characters" in job["files"][0]["reason"]
    assert guest.state()["bytes"] == 0
    guest.add("b.txt", "A ship left the harbour.")
    refused = guest.send("POST", "/v1/documents", files={"files": ("c.txt", b"x" * 1_000_000)})
    assert refused.status_code == 413


def test_private_library_has_a_number_of_pages(tight: Demo) -> None:
    """When they are used up, the job says so and what to do."""
    guest = tight.guest()
    guest.add("a.txt", "The king wrote a letter. " * 200)
    assert guest.state()["pages"] == 2
    job = guest.add("b.txt", "A ship left the harbour.")
    assert job["problem"]["title"] == "Your private library is full"
    assert "2 pages" in job["problem"]["detail"]


@pytest.mark.parametrize(
    ("before", "members", "limit"),
    [
        pytest.param("A ship left.", {"a.txt": "A clock.", "b.txt": "A bridge."}, "2 files", id="files"),
        pytest.param("", {"a.txt": "A clock. " * 200, "b.txt": "A king and his horse. " * 200}, "2 pages", id="pages"),
        pytest.param(
            "", {name: f"<p>{name} left.</p>{'<!-- -->' * 80_000}" for name in ("a.html", "b.html")}, "1 MB", id="bytes"
        ),
    ],
)
def test_members_of_an_archive_count(tight: Demo, before: str, members: dict[str, str], limit: str) -> None:
    """They count as files, pages and bytes like all others, and the archive says which limit was reached."""
    guest = tight.guest()
    if before:
        guest.add("before.txt", before)
    job = guest.add("all.zip", zipped(members))
    (note,) = job["files"][0]["notes"]
    assert note.startswith("1 document in it; 1 could not be read: Your private library is full")
    assert limit in note
    assert guest.state()["documents"] == 1 + bool(before)


def test_private_library_that_is_not_used_is_closed(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its documents are still listed, and the next question or upload opens it again."""
    monkeypatch.setattr(registry, "_MOST_OPEN", 1)
    guests = [demo.guest() for _ in range(3)]
    for guest in guests:
        guest.add("comet.txt", "The comet fell into the desert.")
        guest.send("POST", "/v1/ask", json=QUESTION)
    overlays = [visitor.library for visitor in demo.visitors._known.values()]
    demo.visitors.expire()
    assert [overlay._own is None for overlay in overlays] == [True, True, False]
    assert [guest.state()["documents"] for guest in guests] == [1, 1, 1]
    assert overlays[0]._own is None
    assert "comet.txt" in guests[0].names()
    answer = guests[1].send("POST", "/v1/ask", json=QUESTION).json()
    assert answer["status"] == "answered"
    demo.visitors.expire()
    guests[0].add("ship.txt", "The ship left the harbour.")
    assert guests[0].state()["documents"] == 2


def test_checks_of_assistants_are_counted_as_checks(tmp_path: Path) -> None:
    """A check is the most work of all, whoever asks for it."""
    call = {"name": "check", "arguments": {"text": "The king signed the treaty."}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    with running_demo(tmp_path, demo_settings(demo_checks=1)) as demo:
        guest = demo.guest(accept="application/json, text/event-stream")
        first, second = (guest.send("POST", "/mcp", json=body).json()["result"] for _ in range(2))
    assert not first.get("isError")
    assert second["isError"]
    assert "1 per hour" in second["content"][0]["text"]


def test_too_many_questions_are_refused_with_a_time(tight: Demo) -> None:
    """The refusal says in words and as a header when to try again; others are not affected."""
    guest, other = tight.guest(), tight.guest()
    for _ in range(2):
        assert guest.send("POST", "/v1/ask", json=QUESTION).status_code == 200
    refused = guest.send("POST", "/v1/search", json=QUESTION)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["content-type"] == "application/problem+json"
    assert "2 per minute" in refused.json()["detail"]
    assert other.send("POST", "/v1/search", json=QUESTION).status_code == 200


def test_address_has_a_limit_for_all_its_visitors(tight: Demo) -> None:
    """New visitors do not help: five times the limit of one is the limit of an address."""
    for _ in range(5):
        guest = tight.guest()
        for _ in range(2):
            assert guest.send("POST", "/v1/search", json=QUESTION).status_code == 200
    refused = tight.guest().send("POST", "/v1/search", json=QUESTION)
    assert refused.status_code == 429
    assert "10 per minute" in refused.json()["detail"]


def test_oldest_private_library_makes_room(tmp_path: Path) -> None:
    """The disk space of all visitors is limited; the one who came first goes first."""
    with running_demo(tmp_path, demo_settings(demo_disk_megabytes=2)) as demo:
        tight = demo
        first = tight.guest()
        first.add("a.txt", "The king wrote a letter.")
        tight.clock.now += 1
        padding = tight.guest()
        padding.add("b.txt", "A ship left the harbour.")
        tight.clock.now += 1
        folder = next(v.folder for v in tight.visitors._known.values() if v.identity == padding.token.split(".")[0])
        (folder / "padding").write_bytes(bytes(1_500_000))
        tight.guest().add("c.txt", "A clock." + " Music." * 40_000)
        assert first.names() == {"treaty.md", "oil.txt"}
        assert tight.visitors.size <= 2_000_000


def test_address_that_fills_the_disk_deletes_its_own_first(tmp_path: Path) -> None:
    """A crowd at one address cannot drive out the visitors at others."""
    with running_demo(tmp_path, demo_settings(demo_disk_megabytes=2)) as demo:
        honest = demo.guest()
        honest.add("a.txt", "The king wrote a letter.")
        visitors = demo.visitors._known
        next(iter(visitors.values())).address = "192.0.2.7"
        demo.clock.now += 1
        crowd = [demo.guest() for _ in range(2)]
        for guest in crowd:
            demo.clock.now += 1
            guest.add("b.txt", "A ship left the harbour.")
        folder = next(v.folder for v in visitors.values() if v.identity == crowd[1].token.split(".")[0])
        (folder / "padding").write_bytes(bytes(1_000_000))
        demo.visitors._disk.forget()
        demo.guest().add("c.txt", "A clock." + " Music." * 14_000)
        assert "a.txt" in honest.names()
        assert "b.txt" not in crowd[0].names()


# Who a visitor is


def test_cookie_is_signed_and_closed_to_scripts(demo: Demo) -> None:
    """A forged, cut or foreign cookie makes a new visitor; it is never an error."""
    response = demo.client.get("/v1/visitor")
    cookie = response.headers["set-cookie"]
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert cookie.startswith("pincite_visitor=")
    demo.client.cookies.clear()
    framed = demo.client.get("/v1/visitor", headers={"Sec-Fetch-Site": "same-origin"}).headers["set-cookie"]
    assert framed.startswith("__Host-pincite_visitor=")
    assert all(part in framed for part in ("httponly", "samesite=none", "secure", "partitioned", "path=/"))
    value = cookie.split(";")[0].partition("=")[2]
    first = response.json()["token"].split(".")[0]
    for forged in (value[:-2], value[5:], f"{value}x", "null", "%00", value.replace(".", "")):
        demo.client.cookies.clear()
        again = demo.client.get("/v1/visitor", headers={"Cookie": f"pincite_visitor={forged}"})
        assert again.status_code == 200
        assert again.json()["token"].split(".")[0] != first
    demo.client.cookies.clear()
    own = demo.client.get("/v1/visitor", headers={"Cookie": f"pincite_visitor={value}"}).json()
    assert (own["token"].split(".")[0], own["has_cookie"]) == (first, True)


def test_forged_token_is_a_new_visitor(demo: Demo) -> None:
    """The header counts only with its signature."""
    guest = demo.guest()
    name = guest.token.split(".")[0]
    stranger = Guest(demo.client, f"{name}.aaaa.bbbb")
    assert stranger.state()["token"].split(".")[0] != name


def test_visitors_without_cookies_cost_nothing_for_long(tmp_path: Path) -> None:
    """The number of visitors is limited; those without documents are forgotten first."""
    with running_demo(tmp_path, demo_settings(demo_visitors=3)) as demo:
        owner = demo.guest()
        owner.add("comet.txt", COMET)
        for _ in range(6):
            demo.guest()
        assert len(demo.visitors._known) == 3
        assert "comet.txt" in owner.names()


# What is off


def test_strangers_cannot_use_what_only_the_operator_may(tmp_path: Path) -> None:
    """Settings that would allow it elsewhere have no effect in a demo."""
    settings = demo_settings(allow_urls=True, allow_folders=(tmp_path,), log_questions=True)
    with running_demo(tmp_path, settings) as demo:
        guest = demo.guest()
        address = guest.send("POST", "/v1/documents", json={"url": "https://example.org/"})
        folder = guest.send("POST", "/v1/documents", json={"folder": str(tmp_path)})
        assert (address.status_code, folder.status_code) == (403, 403)
        assert guest.send("GET", "/metrics").status_code == 404


def test_metrics_need_their_token(tmp_path: Path) -> None:
    """With the token in the settings, whoever has it may read them."""
    with running_demo(tmp_path, demo_settings(metrics_token="open sesame")) as demo:
        client = demo.client
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert "pincite_requests" in client.get("/metrics", headers={"Authorization": "Bearer open sesame"}).text


def test_privacy_note_and_robots(tmp_path: Path) -> None:
    """The note names the real times, and addresses only as links that are safe."""
    named = {
        "demo_contact": "desk@example.org",
        "demo_report": "javascript:alert(1)",
        "demo_privacy": "<b>We</b> run it.",
    }
    with running_demo(tmp_path, demo_settings(demo_idle_minutes=7, **named)) as demo:
        client = demo.client
        note = client.get("/privacy").text
        assert "7 minutes after your last visit" in note
        assert 'href="mailto:desk@example.org"' in note
        assert "javascript:" not in note
        assert "&lt;b&gt;We" in note
        assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


def test_jobs_of_visitors_take_turns(demo: Demo) -> None:
    """All are done in the end, although only one adds at a time."""
    guests = [demo.guest() for _ in range(4)]
    addresses = []
    for number, guest in enumerate(guests):
        text = f"The comet number {number} fell into the desert. " * 40
        addresses.append(
            guest.send("POST", "/v1/documents", files={"files": ("c.txt", text.encode())}).headers["location"]
        )

    def is_done() -> bool:
        sent = (guest.send("GET", address) for guest, address in zip(guests, addresses, strict=True))
        return all(response.json()["state"] == "done" for response in sent)

    wait_until(is_done)
