"""The schema: the JSON that leaves the library, with paths for its user and without them for strangers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from typing import TYPE_CHECKING, get_args

import pytest

from index import records
from index.citations import export
from index.library import batches
from index.page import answer_view
from index.records import remarks
from index.records.document import FileState
from index.schema import job_schema
from index.schema.answer_schema import Answer, Checked
from index.schema.hit_schema import Coverage, Document, Found, Location, Reference, Stats, Why
from index.schema.job_schema import File, Row
from index.schema.redaction import Schema, plain, redacted, source_name
from index.server.http.routes import ask

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from index.library.library import Library
    from tests.conftest import Write

TEXT = "# Trade\n\nThe king signed the treaty. It rained.\n"


def test_a_hit_tells_where_its_words_are(library: Library, write: Write) -> None:
    """Offsets are code points of the document's text: passage and pin can be cut out of it."""
    library.add(write("treaty.md", TEXT))
    found = Found.model_validate(library.search("treaty")).model_dump()
    text = library.document("treaty.md").text
    hit = found["hits"][0]
    assert text[hit["start"] : hit["end"]] == hit["text"]
    assert text[hit["pin"]["start"] : hit["pin"]["end"]] == hit["pin"]["text"] == "The king signed the treaty."
    assert hit["location"] == {"page": "", "heading": "Trade", "paragraph": 1, "label": "§ Trade, ¶ 1"}
    assert hit["why"]["matched_terms"] == ["treaty"]
    assert hit["document"].keys() == {"id", "title", "source", "author", "date", "claimed"}
    assert found.keys() == {"question", "hits", "notes", "timings_ms"}


def test_a_hit_tells_why_and_what_else_says_the_same(library: Library, write: Write) -> None:
    """Every reason has its field, copies are hits of their own, notes are told; all of it survives JSON."""
    library.add([write("treaty.md", TEXT), write("again.md", TEXT + "\n"), write("rain.txt", "Rain fell.")])
    result = library.search("treaty in:md", explain=True)
    hit = result[0]
    said = json.loads(json.dumps(Found.model_validate(result).model_dump()))
    assert said["notes"] == []
    assert said["hits"][0]["why"].keys() == {field.name for field in fields(records.Why)}
    assert said["hits"][0]["why"]["pin_terms"] == ["treaty"]
    assert said["hits"][0]["why"]["nearest_words"][0] == "treaty"
    assert said["hits"][0]["why"]["evidence"] == pytest.approx(hit.why.evidence, abs=1e-6)
    (copy,) = said["hits"][0]["also"]
    assert copy.keys() == said["hits"][0].keys()
    assert copy["also"] == []
    assert copy["document"]["source"] == hit.also[0].document.source != hit.document.source
    text = library.document(copy["document"]["id"]).text
    assert text[copy["pin"]["start"] : copy["pin"]["end"]] == copy["pin"]["text"]
    assert Found.model_validate(library.search("treaty in:nowhere")).notes


def test_every_record_is_json(library: Library, write: Write) -> None:
    """All that a face can send survives JSON, and says what its record says."""
    receipt = library.add([write("treaty.md", TEXT), write("broken.pdf", "%PDF-1.4 no")])
    (info,) = library.documents()
    values = {
        "receipt": job_schema.Receipt.model_validate(receipt).model_dump(),
        "stats": plain(library.stats()),
        "recall": plain(library.recall(), decimals=4),
        "verification": plain(library.verify()),
        "info": Document.model_validate(info).model_dump(),
        "document": plain(library.document(info.id)),
        "found": Found.model_validate(library.search("treaty")).model_dump(),
    }
    again = json.loads(json.dumps(values))
    assert again["receipt"]["added"] == [info.source]
    assert again["receipt"]["failed"][0].keys() == {"source", "reason", "hint"}
    assert again["stats"]["documents"] == again["verification"]["documents"] == 1
    assert again["recall"]["passages"] == again["info"]["passages"] == 1
    assert again["document"]["landmarks"][0] == {"kind": "heading", "start": 0, "label": "Trade", "level": 1}
    assert again["found"]["question"] == "treaty"


PATH = "/srv/papers/treaty.md"
INFO = records.DocumentInfo("0" * 64, PATH, "", "", "", "text/markdown", 47, 0, 1)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (PATH, "treaty.md"),
        ("/srv/na\udcffme.txt", "na?me.txt"),
        ("https://reader:secret@example.org/a.html", "https://example.org/a.html"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("/", "/"),
    ],
)
def test_a_stranger_sees_the_name_of_a_file_or_its_address(source: str, shown: str) -> None:
    """No path and no password; redacting twice changes nothing."""
    assert source_name(source) == source_name(source_name(source)) == shown


def test_no_redacted_record_holds_a_path(library: Library, write: Write) -> None:
    """Whatever it nests: hits, their copies, citations, rows, receipts, files of a job."""
    receipt = library.add(
        [write("treaty.md", TEXT), write("again.md", TEXT + "\n"), write("broken.pdf", "%PDF-1.4 no")]
    )
    found = library.search("treaty")
    assert found[0].also
    failure = records.Failure(PATH, f"Cannot read {PATH}.", "")
    moved = records.Receipt(
        renamed=(records.Renamed(PATH, "/srv/old.md"),),
        replaced=(PATH,),
        unchanged=(PATH,),
        removed=(PATH,),
        failed=(failure,),
        notes=(records.Note(PATH, "x"),),
    )
    shown = (
        Found.model_validate(redacted(found)),
        Answer.model_validate(redacted(library.ask("Who signed the treaty?"))),
        Checked.model_validate(redacted(library.check("The king signed the treaty."))),
        Coverage.of("treaty", redacted(library.coverage("treaty"))),
        Document.model_validate(redacted(INFO)),
        job_schema.Receipt.model_validate(redacted(receipt)),
        job_schema.Receipt.model_validate(redacted(moved)),
        job_schema.Failure.model_validate(redacted(failure)),
        File.model_validate(redacted(FileState(name="treaty.md", source=PATH, reason=f"Cannot read {PATH}."))),
        Stats.model_validate(library.stats()),
    )
    for model in shown:
        said = model.model_dump_json()
        assert "/srv" not in said
        assert "/sources/" not in said
        assert str(library.folder) not in said
    assert shown[7].model_dump() == {"source": "treaty.md", "reason": "Cannot read treaty.md.", "hint": ""}


def test_the_user_of_the_command_line_sees_the_whole_path(library: Library, write: Write) -> None:
    """A model redacts nothing by itself."""
    path = write("treaty.md", TEXT)
    library.add(path)
    assert Found.model_validate(library.search("treaty")).hits[0].document.source == str(path)


@pytest.mark.parametrize(
    ("model", "record"),
    [
        (Reference, records.DocumentInfo),
        (Document, records.DocumentInfo),
        (Why, records.Why),
        (Location, records.Location),
        (job_schema.Receipt, records.Receipt),
        (Stats, records.Stats),
        (File, FileState),
        (Row, batches.Row),
    ],
)
def test_a_model_has_the_fields_of_its_record(model: type[Schema], record: type[DataclassInstance]) -> None:
    """By the same names, so that none is mapped by hand; `label` is a property, and a reference is a part."""
    names = {field.name for field in fields(record)}
    assert model.model_fields.keys() - {"label"} <= names
    if model not in (Reference, Stats):
        assert names <= model.model_fields.keys()


def test_every_choice_has_its_words() -> None:
    """Verdicts and forms of export are listed once, in `index.records`; whatever is said of them covers all."""
    verdicts = set(get_args(records.Verdict))
    assert remarks.NAMES.keys() == remarks.PROVEN.keys() == verdicts
    assert ask.KINDS.keys() == answer_view.FORMS.keys() == {*get_args(records.ExportForm), "pack"}
    assert get_args(records.ExportForm) == export.FORMS


def test_help_imports_no_model() -> None:
    """Models take time to build; `import index` and `pincite --help` need none."""
    program = (
        "import sys, index, index.cli.app; print([name for name in sys.modules if name.startswith('index.schema')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
