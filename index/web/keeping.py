"""What happens on the Library tab: documents added and removed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import PinciteError
from index.records import Receipt
from index.web import jobs, rendering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library import Library
    from index.web.uploads import Uploads

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeping:
    """The events of the Library tab."""

    library: Library
    uploads: Uploads

    def add(self, files: list[str] | None) -> Iterator[tuple[None, str]]:
        """Uploaded files to receipt, by way of their progress. The None empties the drop zone, free for more."""
        if not files:
            return
        taken = self.uploads.take(files)
        under_way = jobs.Jobs.of(taken)
        yield None, rendering.jobs(under_way)
        try:
            adding = jobs.add(self.library, taken, under_way)
            while True:
                try:
                    next(adding)
                except StopIteration as stop:
                    outcome = rendering.receipt(stop.value)
                    break
                yield None, rendering.jobs(under_way)
        except PinciteError as error:
            outcome = rendering.receipt(Receipt(), error)
        except Exception:
            _log.exception("Uploaded files could not be added.")
            outcome = rendering.problem(None)
        finally:
            self.uploads.settle(taken, {info.id for info in self.library.documents()})
        yield None, outcome

    def remove(self, identity: str) -> str:
        """A document out of the library, and its uploaded file with it."""
        try:
            receipt = self.library.remove(self.library.find(identity).id)
            self.uploads.forget(identity)
            return rendering.receipt(receipt)
        except PinciteError as error:
            return rendering.receipt(Receipt(), error)
        except Exception:
            _log.exception("A document could not be removed.")
            return rendering.problem(None)
