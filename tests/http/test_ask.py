"""Questions over HTTP: the library's own answers as JSON, as events or as files."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from fastapi.sse import KEEPALIVE_COMMENT
from openpyxl import load_workbook

from index.server.http import responses
from index.wire import Answer, Checked, Found, redacted
from tests.cases import cases
from tests.http.conftest import Service, events, wait_for_job

if TYPE_CHECKING:
    from starlette.testclient import TestClient

QUESTION = "Who signed the treaty?"
EVENTS = {"Accept": "text/event-stream"}


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without its timings."""
    timeless: dict[str, Any] = json.loads(json.dumps({**answer, "timings_ms": {}}))
    return timeless


def test_search_returns_the_library_s_own_hits(service: Service, client: TestClient) -> None:
    """The order is the same, files are named without their folders, and offsets select the same words in the text
    route.
    """
    result = client.post("/v1/search", json={"question": QUESTION, "limit": 3, "explain": True}).json()
    expected = Found.model_validate(redacted(service.library.search(QUESTION, limit=3, explain=True))).model_dump(
        mode="json"
    )
    assert without_times(result) == without_times(expected)
    assert result["hits"][0]["document"]["source"] == "treaty.md"
    assert result["hits"][0]["why"]["nearest_words"]
    hit = client.post("/v1/search", json={"question": QUESTION}).json()["hits"][0]
    address = f"/v1/documents/{hit['document']['id']}/text"
    for part in (hit, hit["pin"]):
        excerpt = client.get(address, params={"start": part["start"], "end": part["end"]}).json()
        assert excerpt["text"] == part["text"]


def test_search_can_be_limited_to_one_document(service: Service, client: TestClient) -> None:
    """The document is named by its file, its id or the beginning of its id."""
    for document in ("oil.txt", service.ids["oil.txt"], service.ids["oil.txt"][:10]):
        result = client.post("/v1/search", json={"question": QUESTION, "documents": [document]}).json()
        assert {hit["document"]["source"] for hit in result["hits"]} == {"oil.txt"}


def test_ask_returns_the_library_s_own_answer(service: Service, client: TestClient) -> None:
    """Each citation is an exact quotation from its document; an abstention holds no statement and no citation."""
    answer = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert without_times(answer) == without_times(
        Answer.model_validate(redacted(service.library.ask(QUESTION))).model_dump(mode="json")
    )
    (citation,) = answer["citations"]
    text = service.library.document(citation["document"]["id"]).text
    assert text[citation["start"] : citation["end"]] == citation["quote"] == answer["statements"][0]["text"]
    answer = client.post("/v1/ask", json={"question": "How deep is the copper engine?"}).json()
    assert (answer["status"], answer["statements"], answer["citations"]) == ("abstained", [], [])
    assert answer["confidence"] < answer["bar"]


def test_answer_is_streamed_as_events(client: TestClient) -> None:
    """The model's words are sent as they arrive, then the same answer as without streaming."""
    response = client.post("/v1/ask", json={"question": QUESTION, "writer": "model"}, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    stream = events(response.text)
    assert [(name, json.loads(data)) for name, data in stream[:-1]] == [
        ("piece", {"text": "The"}),
        ("piece", {"text": " king"}),
        ("piece", {"text": " signed."}),
    ]
    name, data = stream[-1]
    plain = client.post("/v1/ask", json={"question": QUESTION}).json()
    assert (name, without_times(json.loads(data))) == ("answer", without_times(plain))


def test_error_in_a_stream_is_a_problem_event(client: TestClient) -> None:
    """An expected error is described; an unexpected one does not reveal its message."""
    missing = client.post("/v1/ask", json={"question": QUESTION, "documents": ["nowhere"]}, headers=EVENTS)
    ((name, data),) = events(missing.text)
    assert (name, json.loads(data)["status"]) == ("problem", 404)
    assert json.loads(data)["request_id"] == missing.headers["x-request-id"]
    failed = client.post("/v1/ask", json={"question": "fail, please"}, headers=EVENTS)
    ((name, data),) = events(failed.text)
    assert (name, json.loads(data)["status"]) == ("problem", 500)
    assert "secret" not in failed.text


def test_idle_stream_sends_keep_alive_comments(
    own_service: Service, own_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are sent for as long as the model takes, and are not events."""
    monkeypatch.setattr(responses, "KEEP_ALIVE_SECONDS", 0.01)
    own_service.library.patience.clear()
    send_chunk, pings = responses._chunk, []

    async def chunk(send: Any, body: bytes, *, more: bool = True) -> None:
        await send_chunk(send, body, more=more)
        if body == KEEPALIVE_COMMENT:
            pings.append(body)
        if len(pings) > 3:
            own_service.library.patience.set()

    monkeypatch.setattr(responses, "_chunk", chunk)
    text = own_client.post("/v1/ask", json={"question": QUESTION, "writer": "model"}, headers=EVENTS).text
    assert text.count("\n: ping\n\n") > 1
    assert [name for name, _ in events(text)] == ["piece", "piece", "piece", "answer"]


@pytest.mark.anyio
@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_disconnect_closes_the_answer_stream(own_service: Service, accept: str) -> None:
    """Event streams and JSON responses behave alike."""
    sent: list[Any] = []
    disconnected = anyio.Event()
    requests = [{"type": "http.request", "body": json.dumps({"question": QUESTION, "writer": "model"}).encode()}]

    async def receive() -> Any:
        if requests:
            return requests.pop()
        await disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"accept", accept.encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/ask", "query_string": b"", "headers": headers}
    own_service.library.patience.clear()
    async with anyio.create_task_group() as group:
        group.start_soon(own_service.app, scope, receive, send)
        if accept == "text/event-stream":
            while not any(b"piece" in message.get("body", b"") for message in sent):
                await anyio.sleep(0.01)
        else:
            while not own_service.library.speaking.is_set():
                await anyio.sleep(0.01)
        disconnected.set()
        await anyio.sleep(0.05)
        own_service.library.patience.set()
    assert own_service.library.closed.wait(10)
    assert not any(b"answer" in message.get("body", b"") for message in sent)


@cases(
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
def test_answer_is_exported_as_a_file(client: TestClient, form: str, media_type: str, mark: str) -> None:
    """The response is an attachment in the requested form and does not reveal the server's paths."""
    response = client.post(f"/v1/ask?format={form}", json={"question": QUESTION})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type
    assert response.headers["content-disposition"].startswith('attachment; filename="who-signed-the-treaty.')
    assert mark in response.text
    assert "/sources/" not in response.text


def test_answer_is_exported_as_an_evidence_pack(service: Service, client: TestClient) -> None:
    """The library verifies the pack, which names files without their folders."""
    response = client.post("/v1/ask?format=pack", json={"question": QUESTION})
    path = service.folder / "pack.zip"
    path.write_bytes(response.content)
    assert service.library.verify_pack(path) == []
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert str(service.folder) not in "".join(archive.read(name).decode() for name in archive.namelist())


@cases(
    ("accept", "query", "status"),
    [
        ("image/png", "", 406),
        ("application/json;q=0, */*", "", 200),
        ("application/json;q=nothing", "", 406),
        ("application/json", "?format=markdown", 200),
        ("text/html, application/json;q=0.5", "", 200),
    ],
)
def test_accept_header_is_honoured(client: TestClient, accept: str, query: str, status: int) -> None:
    """The status is 406 if the client accepts neither JSON nor events; a format in the query takes precedence."""
    response = client.post(f"/v1/ask{query}", json={"question": QUESTION}, headers={"Accept": accept})
    assert response.status_code == status


def test_check_and_coverage_return_the_library_s_own_results(service: Service, client: TestClient) -> None:
    """Every sentence has a verdict; documents without a hit have a row, too."""
    text = "The king signed the treaty in the harbour. The king did not sign the treaty in the harbour."
    checked = client.post("/v1/check", json={"text": text}).json()
    assert checked == Checked.model_validate(redacted(service.library.check(text))).model_dump(mode="json")
    assert [statement["verdict"] for statement in checked["statements"]] == ["verbatim", "contradicted"]
    coverage = client.post("/v1/coverage", json={"question": "the treaty"}).json()
    assert {row["document"]["source"]: row["hit"] is not None for row in coverage["documents"]} == {
        "treaty.md": True,
        "oil.txt": False,
        "volcano.html": False,
    }


def test_batch_becomes_a_table(client: TestClient) -> None:
    """Its job has a row for each question, and the CSV holds no formula that a spreadsheet would run."""
    response = client.post("/v1/batch", json={"questions": [QUESTION, "=1+1", "How deep is the copper engine?"]})
    assert response.status_code == 202
    job = wait_for_job(client, response.headers["location"])
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("batch", "done", 3, 3)
    assert [row["status"] for row in job["rows"]] == ["answered", "abstained", "abstained"]
    table = client.get(f"{response.headers['location']}/table.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["question"] for row in rows] == [QUESTION, "'=1+1", "How deep is the copper engine?"]
    assert rows[0]["quote"] == "The king signed the treaty in the harbour."
    assert rows[0]["citations"].startswith("[1] ")
    assert rows[0]["link"].startswith("http://testserver/d/")
    assert job["rows"][0]["citations"][0]["quote"] == rows[0]["quote"]
    assert job["rows"][1]["citations"] == []
    assert job["matrix"] is None


def test_matrix_asks_every_document(client: TestClient) -> None:
    """Its job has a row for each document, and both files have it, with links to the page. Unknown ones are refused."""
    response = client.post("/v1/matrix", json={"questions": [QUESTION, "How deep is the copper engine?", QUESTION]})
    assert response.status_code == 202
    job = wait_for_job(client, response.headers["location"])
    assert (job["kind"], job["state"], job["done"], job["total"]) == ("matrix", "done", 6, 6)
    assert job["matrix"]["questions"] == [QUESTION, "How deep is the copper engine?"]
    cells = {row["document"]["source"]: row["cells"] for row in job["matrix"]["rows"]}
    assert {source: [cell["status"] for cell in row] for source, row in cells.items()} == {
        "treaty.md": ["answered", "abstained"],
        "oil.txt": ["abstained", "abstained"],
        "volcano.html": ["abstained", "abstained"],
    }
    assert cells["treaty.md"][0]["citation"]["quote"] == "The king signed the treaty in the harbour."
    location = response.headers["location"]
    assert "The king signed the treaty in the harbour." in client.get(f"{location}/table.csv").text
    workbook = client.get(f"{location}/table.xlsx")
    assert workbook.headers["content-disposition"].endswith('-and-1-more.xlsx"')
    page = load_workbook(io.BytesIO(workbook.content))["Matrix"]
    assert {cell.hyperlink.target.partition("/d/")[0] for row in page for cell in row if cell.hyperlink} == {
        "http://testserver"
    }
    response = client.post("/v1/matrix", json={"questions": [QUESTION], "documents": ["silver.txt"]})
    assert response.status_code == 404


def test_follow_up_is_completed_by_the_questions_before_it(client: TestClient) -> None:
    """The answer has the whole question and the words as asked; an earlier question has the limit of a question."""
    answer = client.post("/v1/ask", json={"question": "when?", "after": [QUESTION]}).json()
    assert answer["asked"] == "when?"
    assert answer["question"] == f"{QUESTION} when?"
    assert client.post("/v1/ask", json={"question": QUESTION, "after": [QUESTION]}).json()["asked"] == ""
    reply = client.post("/v1/ask", json={"question": "when?", "after": ["x" * 100_000]})
    assert reply.status_code == client.post("/v1/ask", json={"question": "x" * 100_000}).status_code >= 400


@cases(
    "after",
    [QUESTION, [1], [""], None, [QUESTION] * 21, [["Who?"]]],
    ids=["text", "number", "empty", "null", "21", "list"],
)
def test_thread_that_is_no_list_of_questions_is_refused(client: TestClient, after: Any) -> None:
    """With the status of any other wrong body."""
    assert client.post("/v1/ask", json={"question": "when?", "after": after}).status_code == 422
