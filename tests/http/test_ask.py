"""Questions over HTTP: the same answers as the library's own, told in JSON, as events or as files."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from fastapi.sse import KEEPALIVE_COMMENT

from index.schema.answer_schema import Answer, Checked
from index.schema.hit_schema import Found
from index.schema.redaction import redacted
from index.server.http import responses
from tests.http.conftest import Service, done, events

if TYPE_CHECKING:
    from starlette.testclient import TestClient

QUESTION = "Who signed the treaty?"
EVENTS = {"Accept": "text/event-stream"}


def without_times(told: dict[str, Any]) -> dict[str, Any]:
    """An answer without how long it took."""
    timeless: dict[str, Any] = json.loads(json.dumps({**told, "timings_ms": {}}))
    return timeless


def test_a_search_is_the_librarys_own(service: Service, client: TestClient) -> None:
    """The same hits in the same order, with files named and not their folders."""
    told = client.post("/v1/search", json={"question": QUESTION, "limit": 3, "explain": True}).json()
    own = Found.model_validate(redacted(service.library.search(QUESTION, limit=3, explain=True))).model_dump()
    assert without_times(told) == without_times(own)
    assert told["hits"][0]["document"]["source"] == "treaty.md"
    assert told["hits"][0]["why"]["nearest_words"]


def test_the_words_of_a_hit_can_be_read_again(service: Service, client: TestClient) -> None:
    """A hit's offsets, given to the text route, bring its words."""
    hit = client.post("/v1/search", json={"question": QUESTION}).json()["hits"][0]
    address = f"/v1/documents/{hit['document']['id']}/text"
    for part in (hit, hit["pin"]):
        again = client.get(address, params={"start": part["start"], "end": part["end"]}).json()
        assert again["text"] == part["text"]


@pytest.mark.parametrize("name", ["oil.txt", "oil.txt by id", "oil.txt by the beginning of its id"])
def test_a_question_can_be_asked_of_one_document(service: Service, client: TestClient, name: str) -> None:
    """By the name of its file, by its id, or by the beginning of its id."""
    named = {"oil.txt": "oil.txt", "oil.txt by id": service.ids["oil.txt"]}.get(name, service.ids["oil.txt"][:10])
    told = client.post("/v1/search", json={"question": QUESTION, "documents": [named]}).json()
    assert {hit["document"]["source"] for hit in told["hits"]} == {"oil.txt"}


def test_an_answer_is_the_librarys_own(service: Service, client: TestClient) -> None:
    """With its citations, each of them words of its document."""
    told = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert without_times(told) == without_times(
        Answer.model_validate(redacted(service.library.ask(QUESTION))).model_dump()
    )
    (citation,) = told["citations"]
    text = service.library.document(citation["document"]["id"]).text
    assert text[citation["start"] : citation["end"]] == citation["quote"] == told["statements"][0]["text"]


def test_an_answer_that_the_documents_do_not_hold(client: TestClient) -> None:
    """Is said to be none, with what is nearest."""
    told = client.post("/v1/ask", json={"question": "How deep is the copper engine?"}).json()
    assert (told["status"], told["statements"], told["citations"]) == ("abstained", [], [])
    assert told["confidence"] < told["bar"]


def test_an_answer_comes_as_events(client: TestClient) -> None:
    """A model's words as they come, then the answer as it is without events."""
    response = client.post("/v1/ask", json={"question": QUESTION, "writer": "model"}, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    told = events(response.text)
    assert [(name, json.loads(data)) for name, data in told[:-1]] == [
        ("piece", {"text": "The"}),
        ("piece", {"text": " king"}),
        ("piece", {"text": " signed."}),
    ]
    name, data = told[-1]
    plain = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert (name, without_times(json.loads(data))) == ("answer", without_times(plain))


def test_what_goes_wrong_in_a_stream_is_an_event(client: TestClient) -> None:
    """A foreseen error is told by the table, another one without a word of what it was."""
    missing = client.post("/v1/ask", json={"question": QUESTION, "documents": ["nowhere"]}, headers=EVENTS)
    ((name, data),) = events(missing.text)
    assert (name, json.loads(data)["status"]) == ("problem", 404)
    assert json.loads(data)["request_id"] == missing.headers["x-request-id"]
    failed = client.post("/v1/ask", json={"question": "fail, please"}, headers=EVENTS)
    ((name, data),) = events(failed.text)
    assert (name, json.loads(data)["status"]) == ("problem", 500)
    assert "secret" not in failed.text


def test_a_silent_stream_is_kept_alive(service: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """By comments, which are no events, for as long as the model thinks."""
    monkeypatch.setattr(responses, "KEEP_ALIVE_SECONDS", 0.01)
    service.library.patience.clear()
    send_chunk, pings = responses._chunk, []

    async def chunk(send: Any, body: bytes, *, more: bool = True) -> None:
        await send_chunk(send, body, more=more)
        if body == KEEPALIVE_COMMENT:
            pings.append(body)
        if len(pings) > 3:
            service.library.patience.set()

    monkeypatch.setattr(responses, "_chunk", chunk)
    text = client.post("/v1/ask", json={"question": QUESTION, "writer": "model"}, headers=EVENTS).text
    assert text.count("\n: ping\n\n") > 1
    assert [name for name, _ in events(text)] == ["piece", "piece", "piece", "answer"]


@pytest.mark.anyio
@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_who_goes_away_stops_the_work(service: Service, accept: str) -> None:
    """The stream of the answer is closed, whether its reader wanted events or JSON."""
    sent: list[Any] = []
    gone = anyio.Event()
    asked = [{"type": "http.request", "body": json.dumps({"question": QUESTION, "writer": "model"}).encode()}]

    async def receive() -> Any:
        if asked:
            return asked.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"accept", accept.encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/ask", "query_string": b"", "headers": headers}
    service.library.patience.clear()
    async with anyio.create_task_group() as group:
        group.start_soon(service.app, scope, receive, send)
        if accept == "text/event-stream":
            while not any(b"piece" in message.get("body", b"") for message in sent):
                await anyio.sleep(0.01)
        else:
            while not service.library.speaking.is_set():
                await anyio.sleep(0.01)
        gone.set()
        await anyio.sleep(0.05)
        service.library.patience.set()
    assert service.library.closed.wait(10)
    assert not any(b"answer" in message.get("body", b"") for message in sent)


@pytest.mark.parametrize(
    ("form", "media_type", "mark"),
    [
        ("markdown", "text/markdown", "[^1]"),
        ("html", "text/html", "<blockquote"),
        ("bibtex", "application/x-bibtex", "@misc{"),
        ("ris", "application/x-research-info-systems", "TY  - "),
        ("csl", "application/vnd.citationstyles.csl+json", '"title"'),
        ("apa", "text/plain", "References"),
        ("text", "text/plain", "The king signed the treaty"),
    ],
)
def test_an_answer_comes_as_a_file(client: TestClient, form: str, media_type: str, mark: str) -> None:
    """In each form, to be saved and not shown, and without a word of where the server keeps it."""
    response = client.post(f"/v1/ask?format={form}", json={"question": QUESTION})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type
    assert response.headers["content-disposition"].startswith('attachment; filename="answer.')
    assert mark in response.text
    assert "/sources/" not in response.text


def test_an_answer_comes_as_an_evidence_pack(service: Service, client: TestClient) -> None:
    """Which the library bears out, and which names files without their folders."""
    response = client.post("/v1/ask?format=pack", json={"question": QUESTION})
    path = service.folder / "pack.zip"
    path.write_bytes(response.content)
    assert service.library.verify_pack(path) == []
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert str(service.folder) not in "".join(archive.read(name).decode() for name in archive.namelist())


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        ("image/png", "", 406),
        ("application/json;q=0, */*", "", 200),
        ("application/json;q=nothing", "", 406),
        ("application/json", "?format=markdown", 200),
        ("text/html, application/json;q=0.5", "", 200),
    ],
)
def test_what_is_not_to_be_had_is_not_given(client: TestClient, accept: str, query: str, status: int) -> None:
    """406 where the client takes neither JSON nor events; a form that is asked for by name is given in any case."""
    response = client.post(f"/v1/ask{query}", json={"question": QUESTION}, headers={"Accept": accept})
    assert response.status_code == status


def test_a_text_is_checked(service: Service, client: TestClient) -> None:
    """Each sentence has the library's own verdict."""
    text = "The king signed the treaty in the harbour. The king did not sign the treaty in the harbour."
    told = client.post("/v1/check", json={"text": text}).json()
    assert told == Checked.model_validate(redacted(service.library.check(text))).model_dump()
    assert [statement["verdict"] for statement in told["statements"]] == ["verbatim", "contradicted"]


def test_every_document_is_asked(client: TestClient) -> None:
    """Those that say nothing have a row, too."""
    told = client.post("/v1/coverage", json={"question": "the treaty"}).json()
    assert {row["document"]["source"]: row["hit"] is not None for row in told["documents"]} == {
        "treaty.md": True,
        "oil.txt": False,
        "volcano.html": False,
    }


def test_many_questions_become_a_table(client: TestClient) -> None:
    """In a job, whose table has a row for each of them; what a spreadsheet would run it shows."""
    response = client.post("/v1/batch", json={"questions": [QUESTION, "=1+1", "How deep is the copper engine?"]})
    assert response.status_code == 202
    job = done(client, response.headers["location"])
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("batch", "done", 3, 3)
    assert [row["status"] for row in job["rows"]] == ["answered", "abstained", "abstained"]
    table = client.get(f"{response.headers['location']}/table.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["question"] for row in rows] == [QUESTION, "'=1+1", "How deep is the copper engine?"]
    assert rows[0]["quote"] == "The king signed the treaty in the harbour."
