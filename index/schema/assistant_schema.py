"""The results of MCP's tools: subsets of the other models, with links, and with advice on how to cite.

A tool returns the JSON of REST without the fields that an assistant does not need, because an assistant pays for every
word that it reads. No field is declared again: `_subset` takes it from its model. A link leads to the exact words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, create_model

from index import records
from index.citations.entries import deep_link
from index.schema import answer_schema, hit_schema
from index.schema.redaction import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]
Model = type[BaseModel]
NEAREST = 3
"""The number of passages in the result if there is no answer."""


def _subset(
    model: type[Schema],
    *,
    without: Sequence[str] = (),
    types: Mapping[str, Any] | None = None,
    advice: Mapping[str, str] | None = None,
    also: Mapping[str, Any] | None = None,
) -> Model:
    """Return a model with the fields of another.

    `types` replaces the types of fields that hold other models; `advice` is appended to their descriptions; `also` adds
    fields.
    """
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name not in without:
            description = f"{field.description} {(advice or {}).get(name, '')}".rstrip()
            kind = (types or {}).get(name, field.rebuild_annotation())
            fields[name] = (Annotated[kind, Field(description=description)], ...)
    return create_model(model.__name__, __base__=Schema, __doc__=model.__doc__, **fields, **(also or {}))


def _link(description: str) -> Json:
    return {"link": (Annotated[str, Field(description=description)], ...)}


_REFERENCE = _subset(hit_schema.Reference, advice={"claimed": "If true, say so when you cite the document."})
_PASSAGE = _subset(
    hit_schema.Hit,
    without=("runner_up", "why", "also"),
    types={"document": _REFERENCE},
    advice={"pin": "Quote this one."},
    also=_link("A link to the pin."),
)
_STATEMENT = _subset(answer_schema.Statement, advice={"nearest": "Never cite it as if it supported the sentence."})
_CITATION = _subset(answer_schema.Citation, types={"document": _REFERENCE}, also=_link("A link to these words."))
FOUND = _subset(
    hit_schema.Found,
    without=("timings_ms",),
    types={"hits": list[_PASSAGE]},  # type: ignore[valid-type]  # made when this module is imported
    advice={"hits": "A hit is only the nearest passage: its words decide whether it answers the question."},
)
ANSWER = _subset(
    answer_schema.Answer,
    without=("writer", "searched", "timings_ms"),
    types={
        "statements": list[_STATEMENT],  # type: ignore[valid-type]
        "citations": list[_CITATION],  # type: ignore[valid-type]
        "hits": list[_PASSAGE],  # type: ignore[valid-type]
    },
    advice={
        "status": "If it is `unsure`, say that you are not sure, and quote the statements. If it is `abstained`, say "
        "so, and do not make an answer from the hits.",
        "hits": "Only present if there is no answer.",
        "notes": "Pass them on to the reader.",
    },
)
CHECKED = _subset(
    answer_schema.Checked,
    types={
        "statements": list[_STATEMENT],  # type: ignore[valid-type]
        "citations": list[_CITATION],  # type: ignore[valid-type]
    },
)
EXCERPT = _subset(hit_schema.Excerpt, types={"document": _REFERENCE})


def found(record: records.Found) -> Json:
    """Return the passages of a search, each with a link to its pin."""
    whole = hit_schema.Found.model_validate(record).model_dump()
    return _dumped(FOUND, {**whole, "hits": _linked_hits(whole["hits"], record.hits)})


def answer(record: records.Answer) -> Json:
    """Return an answer. Passages are included only if there is no answer: then nothing else can be shown."""
    nearest = record.hits[:NEAREST] if record.status == "abstained" else ()
    whole = answer_schema.Answer.model_validate(replace(record, hits=nearest)).model_dump()
    linked = {
        "citations": _linked_citations(whole["citations"], record.citations),
        "hits": _linked_hits(whole["hits"], nearest),
    }
    return _dumped(ANSWER, {**whole, **linked})


def checked(record: records.Check) -> Json:
    """Return a text that was checked, sentence by sentence."""
    whole = answer_schema.Checked.model_validate(record).model_dump()
    return _dumped(CHECKED, {**whole, "citations": _linked_citations(whole["citations"], record.citations)})


def excerpt(info: records.DocumentInfo, location: records.Location, span: records.Span, text: str) -> Json:
    """Return a part of a document's text, and the offset where the next part begins."""
    part = {
        "document": info,
        "location": location,
        "start": span.start,
        "end": span.end,
        "text": text,
        "characters": info.characters,
        "next": span.end if span.end < info.characters else None,
    }
    return _dumped(EXCERPT, part)


def pin_citation(hit: records.Hit, marker: int = 0) -> records.Citation:
    """Return a citation of the hit's pin."""
    return records.Citation(marker, hit.document, hit.location, hit.pin.start, hit.pin.end, hit.quote)


def _linked_hits(shown: Sequence[Json], found: Sequence[records.Hit]) -> list[Json]:
    return [{**hit, "link": deep_link(pin_citation(record))} for hit, record in zip(shown, found, strict=True)]


def _linked_citations(shown: Sequence[Json], citations: Sequence[records.Citation]) -> list[Json]:
    return [{**citation, "link": deep_link(record)} for citation, record in zip(shown, citations, strict=True)]


def _dumped(model: Model, content: Json) -> Json:
    return model.model_validate(content).model_dump(mode="json")
