"""The tray of kept quotes, and what the page's buttons keep and copy: quotes and answers as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from index.citations.kept import (
    CONTEXT,
    FULL,
    HEAVY,
    MAX_BYTES,
    MAX_ITEMS,
    MAX_LINE_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    MAX_REMOVED,
    KeptQuote,
)
from index.page.fragments import render
from index.records import Location, Span, texts
from index.records.remarks import LOW_CONFIDENCE, plain, recognition
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.page.answer_view import Card
    from index.records import Answer

STYLES = {"apa": "APA", "mla": "MLA", "chicago": "Chicago"}
FORMS = {"docx": "Word", "markdown": "Markdown", "html": "HTML", "json": "JSON"}


def tray() -> str:
    """Return the tray, empty and closed. The page has one, outside the elements that Gradio patches."""
    recognised = [recognition(Location(recognised=confidence)) for confidence in (1.0, 0.0)]
    return render(
        "tray.html",
        forms=FORMS,
        styles=STYLES,
        most=MAX_ITEMS,
        bytes=MAX_BYTES,
        removed=MAX_REMOVED,
        line=MAX_LINE_CHARACTERS,
        note=MAX_NOTE_CHARACTERS,
        full=" ".join(FULL),
        heavy=" ".join(HEAVY),
        recognised=recognised,
        low=LOW_CONFIDENCE,
    )


def quote_json(card: Card) -> str:
    """Return what the buttons of a card keep and copy, without the question, which the page knows."""
    return json.dumps({"quotes": [_quote(card)]}, ensure_ascii=False)


def answer_json(answer: Answer, statements: Sequence[Mapping[str, Any]], cited: Sequence[Card]) -> str:
    """Return what the buttons *Keep* and *Copy* of an answer take: its sentences, and their quotes, each once."""
    numbers = {card.number: at for at, card in enumerate(cited)}
    sentences = [
        {
            "text": one_line(said["text"]),
            "quotes": [numbers[card.number] for card in said["cards"] if card.number in numbers],
            "remark": "" if said["supported"] else _remark(said),
        }
        for said in statements
    ]
    caution = texts.BY_MODEL if answer.writer == "model" else ""
    if answer.status == "unsure":
        caution = f"{texts.MAY_BE}. {texts.UNCLEAR}."
    fields = {
        "question": answer.question[:MAX_LINE_CHARACTERS],
        "caution": caution,
        "sentences": sentences,
        "quotes": [_quote(card) for card in cited],
    }
    return json.dumps(fields, ensure_ascii=False)


def _remark(said: Mapping[str, Any]) -> str:
    """Return the verdict on a sentence that the documents do not support."""
    return one_line(plain(f"{said['name']}: {said['reason']}".strip(": ")))[:MAX_LINE_CHARACTERS]


def answer_id(kept: str) -> str:
    """Return the id of a kept answer: the same for the same sentences and quotes."""
    return f"a-{hashlib.sha256(kept.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _quote(card: Card) -> dict[str, Any]:
    """Return a card's quote with the characters around it, as far as the passage has them."""
    info, location, passage, (start, end) = card.hit.document, card.location, card.hit.passage, card.span
    around = (Span(max(passage.start, start - CONTEXT), start), Span(end, min(passage.end, end + CONTEXT)))
    before, after = card.hit.texts(around)
    kept = KeptQuote(
        document=info.id,
        source=info.source[:MAX_LINE_CHARACTERS],
        title=info.title[:MAX_LINE_CHARACTERS],
        author=info.author[:MAX_LINE_CHARACTERS],
        date=info.date[:MAX_LINE_CHARACTERS],
        page=location.page[:MAX_LINE_CHARACTERS],
        heading=location.heading[:MAX_LINE_CHARACTERS],
        paragraph=location.paragraph,
        start=start,
        end=end,
        quote=card.quote,
        before=before,
        after=after,
        place=location.place[:MAX_LINE_CHARACTERS],
        cell=location.cell[:MAX_LINE_CHARACTERS],
        headers=tuple(header[:MAX_LINE_CHARACTERS] for header in location.headers),
        recognised=location.recognised,
    )
    return asdict(kept)
