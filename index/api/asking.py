"""Questions: search, ask, check, coverage, and many at once."""

import logging
import threading
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from index.api import exported, negotiating, problems, streaming
from index.api.asked import AskRequest, BatchRequest, CheckRequest, CoverageRequest, SearchRequest
from index.api.following import accepted
from index.api.service import Service, Used
from index.api.telling import BODY, JSON, json_body, tells
from index.errors import PinciteError
from index.records import Answer as AnswerRecord
from index.records import Check as CheckRecord
from index.schema.answers import Answer, Checked
from index.schema.hits import Coverage, Found
from index.schema.jobs import Job
from index.schema.redaction import redacted
from index.serving.abandonment import last
from index.serving.slots import client_of

router = APIRouter(prefix="/v1", tags=["Questions"], dependencies=[json_body])
_Stream = Generator[str | AnswerRecord, None, None]
_EVENTS = """event: piece
data: {"text": "Most deaths"}

event: answer
data: {"question": "…", "status": "answered", …}

"""
_log = logging.getLogger(__name__)


@router.post("/search", summary="Search for passages", response_model=Found, responses=tells(404, 409, *BODY))
async def search(body: SearchRequest, service: Used, request: Request) -> Found:
    """The passages that answer a question, best first, each pinned to the sentence that carries the evidence.

    Where the words are, `start` and `end` say: `GET /v1/documents/{id}/text?start=…&end=…` gives them again.
    """
    _admit(service, body.limit)
    service.asked(request, body.question)
    options = body.model_dump(exclude={"question"})

    def work() -> Found:
        return Found.model_validate(redacted(service.library.search(body.question, **options)))

    return await service.work(request, service.questions, work)


@router.post(
    "/ask",
    summary="Answer a question",
    response_model=Answer,
    responses={
        200: {
            "description": "The answer, what may be one, or that there is none; as JSON, as events, or as a file.",
            "content": {
                **streaming.described(_EVENTS, piece="Piece", answer="Answer", problem="Problem"),
                **exported.described(),
            },
        },
        **tells(404, 406, 409, *BODY),
    },
)
async def ask(
    body: AskRequest,
    service: Used,
    request: Request,
    form: Annotated[
        exported.Format | None,
        Query(alias="format", description="Give the answer as a file in this form, instead of as JSON."),
    ] = None,
) -> Any:
    """An answer of one to four sentences, each with its citations; or that the documents hold none.

    The `status` says which: `answered`, `abstained`, or `unsure` between them, where the statements came nearest and
    may hold the answer. The HTTP status is 200 for all three: that there is no answer is a finding, not a failure.

    With `Accept: text/event-stream` it comes as server-sent events: `piece` (a model's words as they come, unchecked,
    `{"text": …}`), at last `answer` (as the JSON below) or `problem`. Comments keep the connection alive. Whoever goes
    away stops the work. With `format` it comes as a file, whatever is accepted.
    """
    _admit(service, body.limit)
    service.asked(request, body.question)
    stream = partial(_stream, service, body)
    slots = service.writers if body.writer == "model" else service.questions
    # Programs say that they take JSON without meaning it: curl --json does.
    accept = None if form else request.headers.get("accept")
    if negotiating.wanted(accept, (JSON, streaming.MEDIA_TYPE)) == streaming.MEDIA_TYPE:
        step = partial(slots.run, client_of(request.scope))
        return streaming.EventStream(partial(_narrate, stream, step, problems.request_id(request)))
    gone = threading.Event()

    def work() -> Any:
        answer = redacted(last(stream(), AnswerRecord, gone.is_set))
        return exported.exported(service.library, answer, form) if form else Answer.model_validate(answer)

    return await service.work(request, slots, work, gone.set)


@router.post(
    "/check", summary="Check a text against the documents", response_model=Checked, responses=tells(404, 409, *BODY)
)
async def check(body: CheckRequest, service: Used, request: Request) -> Checked:
    """Each sentence of a text with a verdict, and the words that it rests on.

    `verbatim`: the words stand in a source. `supported`: every part of the sentence is accounted for by a source.
    `contradicted`: a source says otherwise. `unverified`: none of these could be proven; `nearest` names the words that
    come nearest. A question or a heading states nothing and is not checked. What needs knowledge of the world to be
    seen is not seen. Whoever goes away stops the work.
    """
    settings = service.settings
    service.admit("characters", len(body.text), settings.max_text_characters, "PINCITE_MAX_TEXT_CHARACTERS")
    gone = threading.Event()

    def work() -> Checked:
        stream = service.library.check_stream(
            body.text, documents=body.documents, most_sentences=settings.max_check_sentences
        )
        return Checked.model_validate(redacted(last(stream, CheckRecord, gone.is_set)))

    return await service.work(request, service.checks, work, gone.set)


@router.post("/coverage", summary="Ask every document", response_model=Coverage, responses=tells(404, 409, *BODY))
async def coverage(body: CoverageRequest, service: Used, request: Request) -> Coverage:
    """What each document has to say to a question: its best passage, or that it says nothing of it."""
    service.asked(request, body.question)

    def work() -> Coverage:
        report = service.library.coverage(body.question, documents=body.documents)
        return Coverage.of(body.question, redacted(report))

    return await service.work(request, service.checks, work)


@router.post(
    "/batch", summary="Ask many questions", status_code=202, response_model=Job, responses=tells(404, 409, *BODY)
)
def batch(body: BatchRequest, service: Used, request: Request, response: Response) -> Job:
    """Many questions, answered one after the other; `Location` names the job, whose `table.csv` grows with them."""
    job = service.jobs.batch(body.questions, body.documents, body.writer, client_of(request.scope))
    return accepted(job, request, response)


def _admit(service: Service, hits: int) -> None:
    service.admit("passages", hits, service.settings.max_hits, "PINCITE_MAX_HITS")


def _stream(service: Service, body: AskRequest) -> _Stream:
    return service.library.ask_stream(**body.model_dump())


async def _narrate(
    open_stream: Callable[[], _Stream], step: Callable[..., Awaitable[Any]], identity: str, emit: streaming.Emit
) -> None:
    """The stream as events; it is closed whatever ends it, above all where its reader goes away."""
    stream = open_stream()
    try:
        while (item := await step(next, stream, None)) is not None:
            if isinstance(item, AnswerRecord):
                await emit("answer", Answer.model_validate(redacted(item)).model_dump())
            else:
                await emit("piece", {"text": item})
    except PinciteError as error:
        await emit("problem", problems.as_json(problems.of_error(error, identity)))
    except Exception:  # the outermost edge: the response has begun, and only an event can tell
        _log.exception("An answer could not be streamed.")
        await emit("problem", problems.as_json(problems.unforeseen(identity)))
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(stream.close)
