"""The routes for questions: search, ask, check, coverage, batches and matrices."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from index.citations.export import export
from index.errors import PinciteError, require_at_most
from index.records import Answer as AnswerRecord
from index.records import Check as CheckRecord
from index.records import ExportForm
from index.server.http import problems, responses
from index.server.http.job_routes import accepted
from index.server.http.problems import BODY, JSON, json_body, problem_responses
from index.server.http.requests import (
    AskRequest,
    BatchRequest,
    CheckRequest,
    CoverageRequest,
    MatrixRequest,
    SearchRequest,
)
from index.server.http.service import Service, ServiceDependency
from index.server.limits import client_of, stream_result
from index.server.permissions import READER, Permission
from index.server.uploads import attachment, file_stem
from index.wire import Answer, Checked, Coverage, Found, Job, redacted

if TYPE_CHECKING:
    from index.library.library import Library


Format = Literal[ExportForm, "pack"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SCHEMAS: dict[str, dict[str, Any]] = {
    "csl": {"type": "array", "items": {"type": "object"}},
    "pack": {"type": "string", "contentMediaType": "application/zip"},
}
router = APIRouter(prefix="/v1", tags=["Questions"], dependencies=[json_body])
_Stream = Generator[str | AnswerRecord, None, None]
_EVENTS = """event: piece
data: {"text": "Most deaths"}

event: answer
data: {"question": "…", "status": "answered", …}

"""
_log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """The media type and the file extension of a format."""

    media_type: str
    suffix: str


_TEXT = Kind("text/plain", "txt")
KINDS: dict[Format, Kind] = {
    "text": _TEXT,
    "markdown": Kind("text/markdown", "md"),
    "html": Kind("text/html", "html"),
    "bibtex": Kind("application/x-bibtex", "bib"),
    "ris": Kind("application/x-research-info-systems", "ris"),
    "csl": Kind("application/vnd.citationstyles.csl+json", "json"),
    "apa": _TEXT,
    "mla": _TEXT,
    "chicago": _TEXT,
    "pack": Kind("application/zip", "zip"),
}


def openapi_content() -> dict[str, Any]:
    """Return the possible responses for OpenAPI."""
    return {kind.media_type: {"schema": _SCHEMAS.get(form, {"type": "string"})} for form, kind in KINDS.items()}


def file_response(library: Library, answer: AnswerRecord, form: Format, *, site: str = "") -> Response:
    """Return the answer as a download, so that a browser never renders it as a page of this server.

    With `site`, the address of a server with pages, citations link to their pages.
    """
    content = library.pack(answer)[0] if form == "pack" else export(answer, form, site=site).encode("utf-8", "replace")
    kind = KINDS[form]
    charset = "" if form == "pack" else "; charset=utf-8"
    disposition = attachment(file_stem(answer.question), f".{kind.suffix}")
    return Response(content, headers={"Content-Type": kind.media_type + charset, "Content-Disposition": disposition})


@router.post(
    "/search", summary="Search for passages", response_model=Found, responses=problem_responses(404, 409, *BODY)
)
@Permission(READER, counts_as="question")
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
                **responses.openapi_content(_EVENTS, piece="Piece", answer="Answer", problem="Problem"),
                **openapi_content(),
            },
        },
        **problem_responses(404, 406, 409, *BODY),
    },
)
@Permission(READER, counts_as="question")
async def ask(
    body: AskRequest,
    service: ServiceDependency,
    request: Request,
    form: Annotated[
        Format | None,
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
    if responses.preferred_type(accept, (JSON, responses.MEDIA_TYPE)) == responses.MEDIA_TYPE:
        step = partial(slots.run, client_of(request.scope))
        return responses.EventStream(partial(_emit_events, stream, step, problems.request_id(request)))
    gone = threading.Event()

    def work() -> Any:
        answer = redacted(stream_result(stream(), AnswerRecord, gone.is_set))
        return file_response(service.library, answer, form) if form else Answer.model_validate(answer)

    return await service.run(request, slots, work, gone.set)


@router.post(
    "/check",
    summary="Check a text against the documents",
    response_model=Checked,
    responses=problem_responses(404, 409, *BODY),
)
@Permission(READER, counts_as="check")
async def check(body: CheckRequest, service: ServiceDependency, request: Request) -> Checked:
    """Check each sentence of a text, and return its verdict and its evidence.

    `verbatim`: the words are in a source. `supported`: a source says every part of the sentence. `perhaps`: a source
    may say it, compare the two. `contradicted`: a source says the opposite. `unverified`: the documents do not seem to
    say it; `nearest` is the citation of the nearest words. Questions and headings are not claims and are not checked.
    Differences that need knowledge of the world are not detected. If the client disconnects, the work stops.
    """
    settings = service.settings
    require_at_most("characters", len(body.text), settings.max_text_characters, "PINCITE_MAX_TEXT_CHARACTERS")
    gone = threading.Event()

    def work() -> Checked:
        stream = service.library.check_stream(
            body.text, documents=body.documents, most_sentences=settings.max_check_sentences
        )
        return Checked.model_validate(redacted(stream_result(stream, CheckRecord, gone.is_set)))

    return await service.run(request, service.checks, work, gone.set)


@router.post(
    "/coverage", summary="Search every document", response_model=Coverage, responses=problem_responses(404, 409, *BODY)
)
@Permission(READER, counts_as="question")
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
@Permission(READER, counts_as="batch")
def batch(body: BatchRequest, service: ServiceDependency, request: Request, response: Response) -> Job:
    """Answer many questions one after the other in a job; its address is in `Location`, and its `table.csv` grows."""
    job = service.jobs.batch(body.questions, body.documents, body.writer, client_of(request.scope))
    return accepted(job, request, response)


@router.post(
    "/matrix",
    summary="Ask every document many questions",
    status_code=202,
    response_model=Job,
    responses=problem_responses(404, 409, *BODY),
)
@Permission(READER, counts_as="batch")
def matrix(body: MatrixRequest, service: ServiceDependency, request: Request, response: Response) -> Job:
    """Ask each document alone each question, in a job; its address is in `Location`.

    The job's `matrix` grows by a row for each document; `table.csv` and `table.xlsx` have it as a file. Each cell
    agrees with `/v1/ask` for this document: it holds the best sentence, or none if the document has no answer.
    """
    job = service.jobs.matrix(body.questions, body.documents, client_of(request.scope))
    return accepted(job, request, response)


def _check_limit(service: Service, hits: int) -> None:
    require_at_most("passages", hits, service.settings.max_hits, "PINCITE_MAX_HITS")


def _stream(service: Service, body: AskRequest) -> _Stream:
    return service.library.ask_stream(**body.model_dump())


async def _emit_events(
    open_stream: Callable[[], _Stream], step: Callable[..., Awaitable[Any]], identity: str, emit: responses.Emit
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
