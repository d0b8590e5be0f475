"""The objects that routes share: the library, the jobs, and limits on concurrent work."""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends
from starlette.requests import Request

from index.api.measuring import Metrics
from index.errors import LibraryError, PinciteError, TooMany
from index.library import Library
from index.serving import Jobs
from index.serving.abandonment import unless_gone
from index.serving.slots import Slots, client_of
from index.settings import Settings

T = TypeVar("T")
QUESTIONS = 4
"""Questions answered at once; the others wait, and clients take turns. On two cores, 2, 3 and 4 give the same
throughput; 40 give a tenth less."""
CHECKS = 2
"""Checks and coverage requests processed at once. Each is as much work as many questions, and questions do not wait for
them."""
WRITERS = 16
"""Answers that wait for the language model at once; waiting costs this machine nothing."""
RENDERERS = 2
"""Pages rendered at once; PDFium renders one at a time."""
RECEIVERS, RECEIVERS_EACH = 64, 12
"""Uploads received at once, from all clients and from one. Their threads mostly wait for slow transfers; only many
clients can use them up, and nothing else waits for them."""
CHANGES, CHANGES_EACH = 32, 8
"""Other changes processed at once, from all clients and from one: removals, which wait for the current step of a job;
web addresses and folders, which may take a minute."""
_log = logging.getLogger(__name__)


class Warmup:
    """Asks a first question, which loads the encoder and the indexes and takes seconds."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self.error: PinciteError | None = None

    def start(self) -> None:
        """Start the question in a thread. If it fails, later questions fail with the same error."""
        self._thread = threading.Thread(target=self._ask, name="pincite-warming", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()

    @property
    def done(self) -> bool:
        """Whether the question has ended, successfully or not."""
        return self._done.is_set()

    def _ask(self) -> None:
        try:
            self._library.search("Is there anybody?", limit=1)
        except PinciteError as error:
            self.error = error
            _log.error("Questions cannot be answered: %s", error)
        except Exception:  # outermost level of the thread
            self.error = LibraryError("The first question failed.", "See the log.")
            _log.exception("Questions cannot be answered.")
        finally:
            self._done.set()


@dataclass(frozen=True, slots=True)
class Service:
    """The shared objects of all routes."""

    library: Library
    settings: Settings
    jobs: Jobs
    metrics: Metrics
    warmup: Warmup
    boot: str = field(default_factory=lambda: uuid.uuid4().hex)
    """A random id of this server process, so that ETags of an earlier server at the same address do not match."""
    questions: Slots = field(default_factory=lambda: Slots(QUESTIONS))
    checks: Slots = field(default_factory=lambda: Slots(CHECKS))
    writers: Slots = field(default_factory=lambda: Slots(WRITERS))
    renderers: Slots = field(default_factory=lambda: Slots(RENDERERS))
    receivers: Slots = field(default_factory=lambda: Slots(RECEIVERS, share=RECEIVERS_EACH))
    changes: Slots = field(default_factory=lambda: Slots(CHANGES, share=CHANGES_EACH))

    async def run(
        self,
        request: Request,
        slots: Slots,
        call: Callable[[], T],
        on_gone: Callable[[], None] = lambda: None,
    ) -> T:
        """Call `call` in a thread as soon as a slot is free. If the client disconnects first, cancel the work.

        Raises TooBusy if too many requests of this client are waiting.
        """
        return await unless_gone(request.receive, lambda: slots.run(client_of(request.scope), call), on_gone)

    def record_question(self, request: Request, question: str) -> None:
        """Store a question for the log, if the settings allow it."""
        if self.settings.log_questions:
            request.state.question = question

    def require_at_most(self, items: str, count: int, limit: int, setting: str) -> None:
        """Raise TooMany if there are more items than the setting allows."""
        if count > limit:
            raise TooMany(items, count, limit, setting)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceDependency = Annotated[Service, Depends(_service)]
