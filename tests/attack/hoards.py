"""Kept quotes that stand nowhere: each must be searched for, and costs the sender a few hundred bytes."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from tests.attack.guests import Guest, Ledger
from tests.attack.outcomes import Attack
from tests.attack.vitals import processor_time, wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_CHARACTERS = 55_000
"""Characters of the document in which the quotes are searched for: a visitor may have a few more."""
_MOST_SECONDS = 6.0
"""Seconds of processor time that one request may cost."""
_WORDS = [f"{first}{last}" for first in ("har", "bro", "sil", "kee", "lam", "wha") for last in ("bour", "ken", "ver")]


def _quote(document: str, words: str, near: str = "") -> dict[str, Any]:
    """Return a kept quote as the page sends it; `near` stood before and after it."""
    named = dict.fromkeys(("title", "author", "date", "page", "heading"), "")
    place = {"paragraph": 0, "start": 0, "end": len(words), "quote": words, "before": near, "after": near}
    return {"document": document, "source": "hoard.txt", **named, **place}


def _items(quotes: list[dict[str, Any]]) -> bytes:
    """Return items with these quotes, 60 in each, as the page sends them."""
    parts = [quotes[at : at + 60] for at in range(0, len(quotes), 60)]
    fields = {"revision": 1, "position": 0.0, "kept_at": "2026-01-01T00:00:00+00:00"}
    return json.dumps([{"id": f"hoarded-{n}", **fields, "quotes": part} for n, part in enumerate(parts)]).encode()


def _missing(document: str) -> Mapping[str, bytes]:
    """Return collections of quotes that do not stand in a document of these words."""
    chance = random.Random(5)

    def words(count: int) -> str:
        return " ".join(chance.choice(_WORDS) for _ in range(count))

    return {
        "120 quotes": _items([_quote(document, f"{words(14)} {n}.") for n in range(120)]),
        "1,000 quotes": _items([_quote(document, f"{words(14)} {n}.", words(6)) for n in range(1_000)]),
        "90 long quotes": _items([_quote(document, f"{words(2_400)} {n}."[:19_000]) for n in range(90)]),
        "90 quotes of a repeated letter": _items([_quote(document, "e" * 19_000) for _ in range(90)]),
        "90 quotes of a repeated word": _items([_quote(document, "silver " * 2_700) for _ in range(90)]),
    }


def _searched_for(server: Server, trial: Trial) -> None:
    """Have quotes compared that stand nowhere, as many and as long as a request may carry."""
    ledger, chance = Ledger(), random.Random(7)
    text = " ".join(chance.choice(_WORDS) for _ in range(_CHARACTERS // 7))[:_CHARACTERS]
    with Guest(server, ledger) as guest:
        guest.wait_for_job(guest.add({"hoard.txt": f"{text}\n{guest.word}".encode()}))
        [document] = [one["id"] for one in guest.private_documents()]
        kept = guest.post("/page/kept/check", content=_items([_quote(document, text[:60])]), headers=guest.page_headers)
        trial.works("An honest quote is compared.", '"there"' in kept.text, kept.text)
        for label, body in _missing(document).items():
            wait_until_idle(server, 20)
            before = processor_time(server)
            reply = guest.post("/page/kept/check", content=body, headers=guest.page_headers, timeout=120)
            seconds = processor_time(server) - before
            trial.works(f"{label}: they are compared.", reply.status_code == 200, reply.text)
            trial.holds(f"{label}: {_MOST_SECONDS:g} s of processor time suffice.", seconds <= _MOST_SECONDS, seconds)
            trial.figure(f"{label}, {len(body) // 1000} kB: {seconds:.1f} s")
        body = _items([_quote(document, f"A whale {n}.") for n in range(1_001)])
        reply = guest.post("/page/kept/check", content=body, headers=guest.page_headers, timeout=120)
        explained = reply.status_code == 422 and "1,000 quotes" in reply.json()["message"] and reply.json()["hint"]
        trial.holds("More quotes are refused, with a reason.", explained, reply.text)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


_RUNS: tuple[tuple[str, str, Callable[[Server, Trial], None]], ...] = (
    ("hoards-missing", "Keep the processor busy with quotes that stand nowhere", _searched_for),
)
ATTACKS = tuple(Attack(name, summary, run, programs=("demo",)) for name, summary, run in _RUNS)
