"""What the routes stand on: the library, the jobs, and threads enough but not too many."""

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends
from starlette.requests import Request

from index.api.measuring import Measures
from index.errors import LibraryError, PinciteError, TooMany
from index.library import Library
from index.serving import Jobs
from index.serving.abandonment import unless_gone
from index.serving.slots import Slots, client_of
from index.settings import Settings

T = TypeVar("T")
QUESTIONS = 4
"""Questions that are worked on at once; the others wait for their turn, client by client. On two cores 2, 3 or 4 answer
alike as many in a second; 40 answer a tenth less."""
CHECKS = 2
"""Texts that are checked, and questions that are put to every document, at once: each is as much work as many
questions, which do not wait for it."""
WRITERS = 16
"""Answers that wait for the language model at once, which costs this machine nothing."""
DRAWERS = 2
"""Pages that are drawn at once: PDFium does one at a time."""
RECEIVERS, RECEIVERS_EACH = 64, 12
"""Uploads that are taken in at once, of all clients and of one. Their threads mostly wait for what comes slowly; it
takes many clients to fill them, and nothing else waits for them."""
CHANGES, CHANGES_EACH = 32, 8
"""Changes that are no uploads, at once: removals, which wait for the step under way; addresses and folders, which may
take a minute."""
_log = logging.getLogger(__name__)


class Warmth:
    """Whether a first question has been answered: that loads the encoder and the indexes, which takes seconds."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self.error: PinciteError | None = None

    def begin(self) -> None:
        """Ask it in a thread. Where that fails, other questions fail in the same way, and say so."""
        self._thread = threading.Thread(target=self._ask, name="pincite-warming", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of what was begun."""
        if self._thread is not None:
            self._thread.join()

    @property
    def done(self) -> bool:
        """Whether it has come to its end, a good one or not."""
        return self._done.is_set()

    def _ask(self) -> None:
        try:
            self._library.search("Is there anybody?", limit=1)
        except PinciteError as error:
            self.error = error
            _log.error("No question can be answered: %s", error)
        except Exception:  # a thread's outermost edge
            self.error = LibraryError("The first question failed.", "See the log.")
            _log.exception("No question can be answered.")
        finally:
            self._done.set()


@dataclass(frozen=True, slots=True)
class Service:
    """What a route may use."""

    library: Library
    settings: Settings
    jobs: Jobs
    measures: Measures
    warmth: Warmth
    boot: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Tells this server from one over another library that stood at the same address before."""
    questions: Slots = field(default_factory=lambda: Slots(QUESTIONS))
    checks: Slots = field(default_factory=lambda: Slots(CHECKS))
    writers: Slots = field(default_factory=lambda: Slots(WRITERS))
    drawers: Slots = field(default_factory=lambda: Slots(DRAWERS))
    receivers: Slots = field(default_factory=lambda: Slots(RECEIVERS, share=RECEIVERS_EACH))
    changes: Slots = field(default_factory=lambda: Slots(CHANGES, share=CHANGES_EACH))

    async def work(
        self,
        request: Request,
        slots: Slots,
        call: Callable[[], T],
        on_gone: Callable[[], None] = lambda: None,
    ) -> T:
        """Do it in a thread, when its turn has come; where the client does not wait for that, not at all.

        Raises TooBusy where too many requests of this client are waiting.
        """
        return await unless_gone(request.receive, lambda: slots.run(client_of(request.scope), call), on_gone)

    def asked(self, request: Request, question: str) -> None:
        """Note a question for the log, where the settings allow that."""
        if self.settings.log_questions:
            request.state.question = question

    def admit(self, what: str, count: int, limit: int, setting: str) -> None:
        """Raise TooMany where there are more than the setting allows."""
        if count > limit:
            raise TooMany(what, count, limit, setting)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Used = Annotated[Service, Depends(_service)]
