"""The events of the page: who may send them, and whose files they add. Each says its role where it is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.routing import Mount

from index.page.gradio_routes import GradioGate
from index.page.intake import COOKIE
from index.server.principals import Role

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.plugins.team.conftest import Team


LIBRARY = "/l/open"
JOIN, QUEUE, UPLOAD = (f"{LIBRARY}/gradio_api/{name}" for name in ("queue/join", "queue/data", "upload"))
NOTE = [("files", ("note.txt", b"The keeper counted eleven ships."))]


def events_of(client: TestClient) -> dict[str, int]:
    """Return the numbers of the page's events by name."""
    config = client.get(f"{LIBRARY}/config").json()
    return {event["api_name"]: event["id"] for event in config["dependencies"]}


def send(client: TestClient, name: str, data: list[Any]) -> tuple[int, str]:
    """Send an event; return the status of its refusal with the problem, or 200 with what the page would show."""
    event = {"fn_index": events_of(client)[name], "data": data, "session_hash": f"{name}{len(str(data))}"}
    joined = client.post(JOIN, json=event)
    if joined.status_code != 200:
        return joined.status_code, joined.json()["detail"]
    return 200, client.get(QUEUE, params={"session_hash": str(event["session_hash"])}).text


def as_files(handles: list[str]) -> list[Any]:
    """Return the input of the upload event for these handles."""
    return [[{"path": handle, "orig_name": "note.txt", "meta": {"_type": "gradio.FileData"}} for handle in handles]]


def added(team: Team) -> list[str]:
    """Return who has added something, by the audit log."""
    return [line["who"] for line in team.audited if line["action"] == "add" and line.get("outcome", 200) == 200]


def test_only_uploads_need_a_curator(team_with_pages: Team) -> None:
    """The gate knows what each event says that runs something here."""
    app = team_with_pages.library_app("open")
    [gate] = [route.app for route in app.routes if isinstance(route, Mount) and isinstance(route.app, GradioGate)]
    names = {number: name for name, number in events_of(team_with_pages.client(team_with_pages.key("reader"))).items()}
    roles = {names[number]: event.permission.role for number, event in gate.events.items()}
    readers = dict.fromkeys(("ask", "question", "load", "stop", "refresh"), Role.READER)
    assert roles == {**readers, "upload": Role.CURATOR}


@pytest.mark.parametrize("data", [[[]], [None], as_files(["x/note.txt"])], ids=["empty", "nothing", "unknown"])
def test_reader_cannot_send_an_upload(team_with_pages: Team, data: list[Any]) -> None:
    """Whatever is in it: no job begins, and the log says who has tried."""
    reader = team_with_pages.client(team_with_pages.key("reader", "open"))
    before = len(team_with_pages.audited)
    jobs = team_with_pages.library_app("open").state.service.jobs
    known = len(jobs.recent())
    assert send(reader, "upload", data) == (403, "This needs the role curator; yours is reader.")
    assert len(jobs.recent()) == known
    assert [(line["action"], line["outcome"]) for line in team_with_pages.audited[before:]] == [("add", 403)]
    status, shown = send(reader, "question", ["Who signed the treaty?", [], [], "quote", "", ""])
    assert status == 200
    assert '"success":true' in shown


@pytest.mark.parametrize("data", [[[]], [None]], ids=["empty", "nothing"])
def test_upload_without_files_is_no_job(team_with_pages: Team, data: list[Any]) -> None:
    """Each would have a place in the queue."""
    curator = team_with_pages.client(team_with_pages.key("curator", "open"))
    jobs = team_with_pages.library_app("open").state.service.jobs
    known = len(jobs.recent())
    status, shown = send(curator, "upload", data)
    assert status == 200
    assert "were not uploaded" in shown
    assert len(jobs.recent()) == known


def test_waiting_file_is_added_by_its_sender_alone(team_with_pages: Team) -> None:
    """Another curator who knows the file's handle and the browser's cookie cannot add it in the sender's name."""
    sender, other = (team_with_pages.client(team_with_pages.key("curator", "open")) for _ in range(2))
    uploaded = sender.post(UPLOAD, files=NOTE)
    assert uploaded.status_code == 200
    handles, cookie = uploaded.json(), uploaded.cookies[COOKIE]
    other.cookies.set(COOKIE, cookie)
    before = added(team_with_pages)
    status, shown = send(other, "upload", as_files(handles))
    assert status == 200
    assert "data-begun" not in shown
    assert added(team_with_pages) == before
    status, shown = send(sender, "upload", as_files(handles))
    assert status == 200
    assert "data-begun" in shown
    assert len(added(team_with_pages)) == len(before) + 1
