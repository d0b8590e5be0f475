"""The handlers of the page in a demo: each visitor has their own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from index.library.library import Library
from index.page.ask_events import PageEventsByService
from index.server.limits import SERVICE_KEY
from tests.hosted import wait_until
from tests.plugins.demo.conftest import COMET

if TYPE_CHECKING:
    import pytest

    from tests.plugins.demo.conftest import Demo


def test_suggestions_of_the_published_library_are_made_once(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take as long as two dozen questions. A visitor with documents gets suggestions of their own."""
    made: list[Library] = []

    def suggestions(self: Library) -> list[str]:
        made.append(self)
        return [f"Question {len(made)}?"]

    monkeypatch.setattr(Library, "suggestions", suggestions)
    events = PageEventsByService(demo.app.state.service, ())
    owner = demo.guest()
    owner.add("comet.txt", COMET)
    for _ in range(3):
        demo.guest()
    handlers = [events.of({SERVICE_KEY: visitor.service}) for visitor in demo.visitors._known.values()]
    assert len({id(handler.ask.answers) for handler in handlers}) == 4
    wait_until(lambda: all(handler.ask.beginning() for handler in handlers))
    shown = Counter(question for handler in handlers for question in handler.ask.beginning() or ())
    assert sorted(shown.values()) == [1, 3]
    assert len(made) == 2
