"""The JSON that leaves the library, with paths for its own user and without them for others."""

from __future__ import annotations

import ast
import json
from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import pytest

from index import records, wire
from index.citations import export
from index.page import answer_view
from index.records import remarks
from index.records.document import FileState
from index.server.http import ask_routes
from index.wire import (
    Answer,
    Checked,
    Coverage,
    Document,
    File,
    Found,
    Location,
    Reference,
    Row,
    Schema,
    Stats,
    Why,
    plain,
    redacted,
    source_name,
)
from tests.cases import cases
from tests.reference import ROOT, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import DataclassInstance

    from index.library.library import Library
    from tests.conftest import Write

LEAST_SAME = 3
"""Two records may both have a `start` and an `end`."""
TEXT = "# Trade\n\nThe king signed the treaty. It rained.\n"


def test_offsets_of_a_hit_select_its_text(library: Library, write: Write) -> None:
    """Passage and pin have code point offsets into the document's text."""
    library.add(write("treaty.md", TEXT))
    found = Found.model_validate(library.search("treaty")).model_dump(mode="json")
    text = library.document("treaty.md").text
    hit = found["hits"][0]
    assert text[hit["start"] : hit["end"]] == hit["text"]
    assert text[hit["pin"]["start"] : hit["pin"]["end"]] == hit["pin"]["text"] == "The king signed the treaty."
    empty: dict[str, Any] = {"page": "", "place": "", "cell": "", "headers": [], "recognised": None}
    assert hit["location"] == {**empty, "heading": "Trade", "paragraph": 1, "label": "§ Trade, ¶ 1"}
    path = str(library.folder.parent / "sources" / "treaty.md")
    assert hit["document"]["source"] == path  # only `redacted` removes paths, so the command line shows them
    assert hit["why"]["matched_terms"] == ["treaty"]
    assert hit["document"].keys() == {"id", "title", "source", "author", "date", "claimed", "private"}
    assert found.keys() == {"question", "hits", "notes", "timings_ms"}


def test_hit_has_its_reasons_and_copies(library: Library, write: Write) -> None:
    """Every reason is a field, copies are complete hits, and all of it survives JSON."""
    library.add([write("treaty.md", TEXT), write("again.md", TEXT + "\n"), write("rain.txt", "Rain fell.")])
    result = library.search("treaty in:md", explain=True)
    hit = result[0]
    content = json.loads(json.dumps(Found.model_validate(result).model_dump()))
    assert content["notes"] == []
    assert content["hits"][0]["why"].keys() == {field.name for field in fields(records.Why)}
    assert content["hits"][0]["why"]["pin_terms"] == ["treaty"]
    assert content["hits"][0]["why"]["nearest_words"][0] == "treaty"
    assert content["hits"][0]["why"]["evidence"] == pytest.approx(hit.why.evidence, abs=1e-6)
    (copy,) = content["hits"][0]["also"]
    assert copy.keys() == content["hits"][0].keys()
    assert copy["also"] == []
    assert copy["document"]["source"] == hit.also[0].document.source != hit.document.source
    text = library.document(copy["document"]["id"]).text
    assert text[copy["pin"]["start"] : copy["pin"]["end"]] == copy["pin"]["text"]
    assert Found.model_validate(library.search("treaty in:nowhere")).model_dump()["notes"]


def test_every_record_survives_json(library: Library, write: Write) -> None:
    """Values are the same after a round trip."""
    receipt = library.add([write("treaty.md", TEXT), write("broken.pdf", "%PDF-1.4 no")])
    (info,) = library.documents()
    values = {
        "receipt": wire.Receipt.model_validate(receipt).model_dump(),
        "stats": plain(library.stats()),
        "recall": plain(library.recall(), decimals=4),
        "verification": plain(library.verify()),
        "info": Document.model_validate(info).model_dump(),
        "document": plain(library.document(info.id)),
        "found": Found.model_validate(library.search("treaty")).model_dump(),
    }
    decoded = json.loads(json.dumps(values))
    assert decoded["receipt"]["added"] == [info.source]
    assert decoded["receipt"]["failed"][0].keys() == {"source", "reason", "hint"}
    assert decoded["stats"]["documents"] == decoded["verification"]["documents"] == 1
    assert decoded["recall"]["passages"] == decoded["info"]["passages"] == 1
    assert decoded["document"]["landmarks"][0] == {"kind": "heading", "start": 0, "label": "Trade", "level": 1}
    assert decoded["found"]["question"] == "treaty"


PATH = "/srv/papers/treaty.md"
INFO = records.DocumentInfo("0" * 64, PATH, "", "", "", "text/markdown", 47, 0, 1)


@cases(
    ("source", "expected"),
    [
        (PATH, "treaty.md"),
        ("/srv/na\udcffme.txt", "na?me.txt"),
        ("https://reader:secret@example.org/a.html", "https://example.org/a.html"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("/", "/"),
    ],
)
def test_redacted_source_is_a_file_name_or_a_public_address(source: str, expected: str) -> None:
    """It has no path and no password, and redacting it again changes nothing."""
    assert source_name(source) == source_name(source_name(source)) == expected


def test_redacted_records_contain_no_path(library: Library, write: Write) -> None:
    """Nested records are redacted, too: hits, copies, citations, rows, receipts and files of a job."""
    receipt = library.add(
        [write("treaty.md", TEXT), write("again.md", TEXT + "\n"), write("broken.pdf", "%PDF-1.4 no")]
    )
    found = library.search("treaty")
    assert found[0].also
    failure = records.Failure(PATH, f"Cannot read {PATH}.", "")
    lists: dict[str, Any] = dict.fromkeys(("replaced", "unchanged", "removed"), (PATH,))
    renamed, notes = (records.Renamed(PATH, "/srv/old.md"),), (records.Note(PATH, "x"),)
    moved = records.Receipt(renamed=renamed, failed=(failure,), notes=notes, **lists)
    models = (
        Found.model_validate(redacted(found)),
        Answer.model_validate(redacted(library.ask("Who signed the treaty?"))),
        Checked.model_validate(redacted(library.check("The king signed the treaty."))),
        Coverage.of("treaty", redacted(library.coverage("treaty"))),
        Document.model_validate(redacted(INFO)),
        wire.Receipt.model_validate(redacted(receipt)),
        wire.Receipt.model_validate(redacted(moved)),
        wire.Failure.model_validate(redacted(failure)),
        File.model_validate(redacted(FileState(name="treaty.md", source=PATH, reason=f"Cannot read {PATH}."))),
        Stats.model_validate(library.stats()),
    )
    for model in models:
        content = model.model_dump_json()
        assert "/srv" not in content
        assert "/sources/" not in content
        assert str(library.folder) not in content
    assert models[7].model_dump() == {"source": "treaty.md", "reason": "Cannot read treaty.md.", "hint": ""}


@cases(
    ("model", "record"),
    [
        (Reference, records.DocumentInfo), (Document, records.DocumentInfo), (Why, records.Why),
        (Location, records.Location), (wire.Receipt, records.Receipt), (Stats, records.Stats), (File, FileState),
        (Row, records.Row),
    ],
)  # fmt: skip
def test_model_has_the_fields_of_its_record(model: type[Schema], record: type[DataclassInstance]) -> None:
    """No field is mapped by hand; some are properties, and a reference has only some of the fields."""
    names = {field.name for field in fields(record)}
    derived = {name for name in ("label", "kind", "how") if isinstance(vars(record).get(name), property)}
    assert model.model_fields.keys() - derived <= names
    if model not in (Reference, Stats):
        assert names <= model.model_fields.keys()


def classes(path: Path) -> Iterator[ast.ClassDef]:
    """Yield the classes of a module."""
    yield from (node for node in parsed(path).body if isinstance(node, ast.ClassDef))


def declared(cls: ast.ClassDef) -> dict[str, tuple[str, str]]:
    """Return the type and the docstring of each field in the body of a class."""
    found = {}
    for node, after in pairwise([*cls.body, ast.Pass()]):
        if isinstance(node, ast.AnnAssign):
            words = ast.unparse(after) if isinstance(after, ast.Expr) else ""
            found[ast.unparse(node.target)] = (ast.unparse(node.annotation), words)
    return found


RECORDS = {cls.name: declared(cls) for path in (ROOT / "index" / "records").glob("*.py") for cls in classes(path)}
"""The fields of each record."""


def repeated(cls: ast.ClassDef) -> Iterator[str]:
    """Yield the fields that a class repeats: those of its own record that do not differ, or two thirds of another."""
    own = declared(cls)
    sources = [call.args[0] for call in cls.decorator_list if isinstance(call, ast.Call)]
    if sources:
        record = RECORDS[ast.unparse(sources[0]).rpartition(".")[2]]
        for name in own.keys() & record.keys():
            if own[name][0] == record[name][0] and own[name][1] in ("", record[name][1]):
                yield f"{cls.name}.{name}"
        return
    for name, record in RECORDS.items():
        same = own.keys() & record.keys()
        if len(same) >= LEAST_SAME and 3 * len(same) >= 2 * len(record):
            yield f"{cls.name} and {name}: {sorted(same)}"


def test_no_result_is_defined_twice() -> None:
    """A model of a record declares only what differs, and no other model has two thirds of the fields of a record."""
    assert [found for cls in classes(ROOT / "index" / "wire.py") for found in repeated(cls)] == []


def test_redaction_refuses_what_it_does_not_know() -> None:
    """A record that is not listed may have a path, even within another one."""
    with pytest.raises(KeyError):
        redacted(records.Stats("/srv/library", 0, 0, 0, 0, 0, "", 0))  # type: ignore[type-var]
    with pytest.raises(KeyError):
        redacted(records.Found("x", (records.Unconfirmed(PATH, 1, "", 0.5),), {}))  # type: ignore[arg-type]


def test_every_verdict_and_export_form_has_a_description() -> None:
    """`index.records` lists them once, and every table covers all of them."""
    verdicts = set(get_args(records.Verdict))
    assert remarks.NAMES.keys() == remarks.PROVEN.keys() == verdicts
    assert ask_routes.KINDS.keys() == answer_view.FORMS.keys() == {*get_args(records.ExportForm), "pack"}
    assert get_args(records.ExportForm) == export.FORMS
