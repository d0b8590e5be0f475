"""The event handlers of the page for one library, and which ones a request uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.page.ask_events import AskEvents
from index.page.batch_forms import BatchEvents
from index.page.library_list import LibraryEvents
from index.page.transfers import PendingUploads, Transfers
from index.server.limits import SERVICE_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from index.server.http.service import Service

_NAME = "page"


@dataclass(frozen=True, slots=True)
class PageEvents:
    """The handlers, and what they keep between two requests."""

    ask: AskEvents
    library: LibraryEvents
    batches: BatchEvents
    received: PendingUploads
    transfers: Transfers


class PageEventsByService:
    """Finds the handlers of a request: those of the visitor's own service in a demo, otherwise the only ones."""

    def __init__(self, service: Service, examples: Sequence[str]) -> None:
        self.shared = service
        self._examples = examples

    def of(self, scope: Scope) -> PageEvents:
        """Return the handlers of a request, made at its first use."""
        service: Service = scope.get(SERVICE_KEY) or self.shared
        known: PageEvents | None = service.attachments.get(_NAME)
        # Two requests may make them at once; both then use those that were stored first.
        return known or service.attachments.setdefault(_NAME, self._make(service))

    def _make(self, service: Service) -> PageEvents:
        library, settings, jobs = service.library, service.settings, service.jobs
        published = None if service is self.shared else self.of({}).ask
        return PageEvents(
            AskEvents(library, settings, self._examples, admit=service.admit, published=published),
            LibraryEvents(library, settings, jobs),
            BatchEvents(library, jobs, settings),
            PendingUploads(jobs.uploads, settings),
            Transfers(),
        )
