"""The routes for questions: search, ask, check, coverage and batches."""

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
from index.api.service import Service, ServiceDependency
from index.api.telling import BODY, JSON, json_body, problem_responses
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


@router.post(
    "/search", summary="Search for passages", response_model=Found, responses=problem_responses(404, 409, *BODY)
)
async def search(body: SearchRequest, service: ServiceDependency, request: Request) -> Found:
    """Find the passages that best match a question, best first, each with its key sentence (the pin).

    `start` and `end` locate the words: `GET /v1/documents/{id}/text?start=…&end=…` returns them again.
    """
    _check_limit(service, body.limit)
    service.record_question(request, body.question)
    options = body.model_dump(exclude={"question"})

    def work() -> Found:
        return Found.model_validate(redacted(service.library.search(body.question, **options)))

    return await service.run(request, service.questions, work)


@router.post(
    "/ask",
    summary="Answer a question",
    response_model=Answer,
    responses={
        200: {
            "description": "The answer, a possible answer, or a statement that there is none: JSON, events or a file.",
            "content": {
                **streaming.openapi_content(_EVENTS, piece="Piece", answer="Answer", problem="Problem"),
                **exported.openapi_content(),
            },
        },
        **problem_responses(404, 406, 409, *BODY),
    },
)
async def ask(
    body: AskRequest,
    service: ServiceDependency,
    request: Request,
    form: Annotated[
        exported.Format | None,
        Query(alias="format", description="Return the answer as a file in this format, not as JSON."),
    ] = None,
) -> Any:
    """Answer a question in one to four sentences, each with its citations, or report that there is no answer.

    The `status` is `answered`, `abstained`, or `unsure`: then the statements are the nearest sentences and may contain
    the answer. The HTTP status is 200 for all three, because a missing answer is a result, not an error.

    With `Accept: text/event-stream`, the response is a stream of server-sent events: `piece` (a model's words as they
    arrive, unchecked, `{"text": …}`), then `answer` (the JSON below) or `problem`. Comments keep the connection alive.
    If the client disconnects, the work stops. With `format`, the response is a file, whatever `Accept` says.
    """
    _check_limit(service, body.limit)
    service.record_question(request, body.question)
    stream = partial(_stream, service, body)
    slots = service.writers if body.writer == "model" else service.questions
    # Some programs accept only JSON by default, such as curl --json.
    accept = None if form else request.headers.get("accept")
    if negotiating.preferred_type(accept, (JSON, streaming.MEDIA_TYPE)) == streaming.MEDIA_TYPE:
        step = partial(slots.run, client_of(request.scope))
        return streaming.EventStream(partial(_emit_events, stream, step, problems.request_id(request)))
    gone = threading.Event()

    def work() -> Any:
        answer = redacted(last(stream(), AnswerRecord, gone.is_set))
        return exported.file_response(service.library, answer, form) if form else Answer.model_validate(answer)

    return await service.run(request, slots, work, gone.set)


@router.post(
    "/check",
    summary="Check a text against the documents",
    response_model=Checked,
    responses=problem_responses(404, 409, *BODY),
)
async def check(body: CheckRequest, service: ServiceDependency, request: Request) -> Checked:
    """Check each sentence of a text, and return its verdict and its evidence.

    `verbatim`: the words are in a source. `supported`: a source supports every part of the sentence. `contradicted`: a
    source says the opposite. `unverified`: none of these could be proven; `nearest` is the citation of the nearest
    words. Questions and headings are not claims and are not checked. Differences that need knowledge of the world are
    not detected. If the client disconnects, the work stops.
    """
    settings = service.settings
    service.require_at_most("characters", len(body.text), settings.max_text_characters, "PINCITE_MAX_TEXT_CHARACTERS")
    gone = threading.Event()

    def work() -> Checked:
        stream = service.library.check_stream(
            body.text, documents=body.documents, most_sentences=settings.max_check_sentences
        )
        return Checked.model_validate(redacted(last(stream, CheckRecord, gone.is_set)))

    return await service.run(request, service.checks, work, gone.set)


@router.post(
    "/coverage", summary="Search every document", response_model=Coverage, responses=problem_responses(404, 409, *BODY)
)
async def coverage(body: CoverageRequest, service: ServiceDependency, request: Request) -> Coverage:
    """Return the best passage of each document for a question, or that the document does not mention the subject."""
    service.record_question(request, body.question)

    def work() -> Coverage:
        report = service.library.coverage(body.question, documents=body.documents)
        return Coverage.of(body.question, redacted(report))

    return await service.run(request, service.checks, work)


@router.post(
    "/batch",
    summary="Answer many questions",
    status_code=202,
    response_model=Job,
    responses=problem_responses(404, 409, *BODY),
)
def batch(body: BatchRequest, service: ServiceDependency, request: Request, response: Response) -> Job:
    """Answer many questions one after the other in a job; its address is in `Location`, and its `table.csv` grows."""
    job = service.jobs.batch(body.questions, body.documents, body.writer, client_of(request.scope))
    return accepted(job, request, response)


def _check_limit(service: Service, hits: int) -> None:
    service.require_at_most("passages", hits, service.settings.max_hits, "PINCITE_MAX_HITS")


def _stream(service: Service, body: AskRequest) -> _Stream:
    return service.library.ask_stream(**body.model_dump())


async def _emit_events(
    open_stream: Callable[[], _Stream], step: Callable[..., Awaitable[Any]], identity: str, emit: streaming.Emit
) -> None:
    """Emit the stream as events. The stream is always closed, in particular if the client disconnects."""
    stream = open_stream()
    try:
        while (item := await step(next, stream, None)) is not None:
            if isinstance(item, AnswerRecord):
                await emit("answer", Answer.model_validate(redacted(item)).model_dump())
            else:
                await emit("piece", {"text": item})
    except PinciteError as error:
        await emit("problem", problems.problem_json(problems.problem_from_error(error, identity)))
    except Exception:  # outermost level: the response has started, so only an event can report the error
        _log.exception("An answer could not be streamed.")
        await emit("problem", problems.problem_json(problems.internal_error(identity)))
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(stream.close)
