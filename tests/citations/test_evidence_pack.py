"""Evidence packs: written, read although some are malicious, and verified against another copy of the library."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from index.citations.entries import QuoteContext
from index.citations.evidence_pack import (
    MAX_PACK_BYTES,
    VERSION,
    Pack,
    PackFinding,
    pack,
    pack_markdown,
    read_pack,
    verify_pack,
)
from index.errors import BadPack
from index.records import Location, Statement
from index.text.sentences import one_line
from tests.citations.factories import DOCUMENT, FILE, PAGE, QUOTE, TEXT, abstention, answer, answers, citation
from tests.citations.packs import (
    AT,
    CONTEXT,
    FACTS,
    changed,
    forged,
    library_of,
    machine_part,
    make_pack,
    unzipped,
    without_surrogates,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.citations.evidence_pack import Pack
    from index.library.library import Library
    from index.records import Answer, Document
    from tests.citations.conftest import SavePack
    from tests.conftest import Write


def test_pack_is_two_files_and_deterministic() -> None:
    """One file is for people, and one for programs. A password of an address is in neither; a date has a time zone."""
    assert list(unzipped(make_pack())) == ["evidence.md", "evidence.json"]
    assert make_pack() == make_pack()
    page = replace(PAGE, source="https://me:secret@example.org/")
    assert "secret" not in "".join(unzipped(make_pack(answer(citation(page)))).values())
    with pytest.raises(ValueError, match="time zone"):
        pack(answer(), {}, {}, datetime(2026, 11, 25))


def test_both_parts_have_all_facts_for_a_check(pack_read: Pack) -> None:
    """The machine part has every field, and the human part each quote in its context and how the answer was made."""
    machine = machine_part(make_pack())
    assert machine["format"] == "pincite-evidence"
    assert machine["version"] == VERSION
    assert machine["made_at"] == "2026-11-25T15:30:00+00:00"
    assert machine["settings"] == FACTS
    assert machine["question"] == "What was the cause?"
    [evidence] = machine["evidence"]
    assert evidence["citation"]["quote"] == TEXT[evidence["citation"]["start"] : evidence["citation"]["end"]]
    assert evidence["context"] == {"before": "Before it. ", "after": " After it."}
    assert evidence["citation"]["document"]["id"] == DOCUMENT.id
    place = {
        "page": "39",
        "heading": "Soho",
        "paragraph": 1,
        "place": "",
        "cell": "",
        "headers": [],
        "recognised": None,
    }
    assert evidence["citation"]["location"] == place
    human = unzipped(make_pack())["evidence.md"]
    assert "> Before it. **The pump in Broad Street was the cause.** After it." in human
    for fact in (
        "- Title: On the Mode of Communication of Cholera",
        "- Place: p. 39, § Soho, ¶ 1",
        f"- SHA-256: {DOCUMENT.id}",
        f"- Characters: 11 to 50 of {len(TEXT)}",
        "- Date: 2026-11-25T15:30:00+00:00",
        "- encoder: all-MiniLM-L6-v2",
    ):
        assert f"{fact}\n" in human
    assert set(machine) == {"format", "version", "readable_sha256", *asdict(pack_read)}
    human = unzipped(make_pack())["evidence.md"]
    assert machine["readable_sha256"] == hashlib.sha256(human.encode()).hexdigest()


MARKUP = {"html_block", "html_inline", "image", "code_inline", "fence", "code_block", "hr", "ordered_list_open"}


@pytest.mark.parametrize("write_pack", [pack, pack_markdown], ids=["zip", "md"])
def test_pack_is_read_back_unchanged(write_pack: Callable[..., bytes | str], save_pack: SavePack) -> None:
    """A pack may be an archive or a Markdown file, also with the line ends of Windows; an abstention is one, too."""
    packed = answer(citation(), notes=("A note.",))
    data = write_pack(packed, CONTEXT, FACTS, AT)
    read = read_pack(save_pack(data.replace("\n", "\r\n") if isinstance(data, str) else data))
    assert [evidence.citation for evidence in read.evidence] == list(packed.citations)
    assert [evidence.context for evidence in read.evidence] == [CONTEXT[1]]
    for name in ("question", "status", "confidence", "bar", "writer", "searched", "statements", "notes"):
        assert getattr(read, name) == getattr(packed, name)
    assert read.settings == FACTS
    silent = read_pack(save_pack(write_pack(abstention(), CONTEXT, FACTS, AT)))
    assert (silent.status, silent.evidence) == ("abstained", ())
    assert verify_pack(silent, library_of()) == []


@given(answers())
def test_pack_of_malicious_documents_is_read_back(packed: Answer) -> None:
    """Texts could forge the machine part of a Markdown pack; it is read back unchanged and has no other markup."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pack.md"
        path.write_text(pack_markdown(packed, {}, FACTS, AT), encoding="utf-8", newline="")
        read = read_pack(path)
        human = path.read_text(encoding="utf-8").rpartition("\n```json")[0]
    assert read.question == without_surrogates(packed.question)
    assert [statement.text for statement in read.statements] == [
        without_surrogates(statement.text) for statement in packed.statements
    ]
    for evidence, cited in zip(read.evidence, packed.citations, strict=True):
        assert evidence.citation.quote == without_surrogates(cited.quote)
        assert evidence.citation.document.title == without_surrogates(cited.document.title)
    parsed = [inner for token in MarkdownIt("commonmark").parse(human) for inner in (token, *(token.children or ()))]
    assert not {token.type for token in parsed} & MARKUP
    assert sum(token.type == "strong_open" for token in parsed) == (
        sum(len(statement.markers) + (statement.nearest is not None) for statement in packed.statements)
        + sum(bool(one_line(cited.quote)) for cited in packed.citations)
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "not an evidence pack", id="empty"),
        pytest.param(b"\x00\xff", "not an evidence pack", id="bytes"),
        pytest.param(b"# Some Markdown\n", "not an evidence pack", id="other Markdown"),
        pytest.param(b"PK\x03\x04 and then nothing", "cannot be read", id="no archive"),
        pytest.param(zipped({"word/document.xml": "x"}), "not of one evidence.json", id="another archive"),
        pytest.param(make_pack()[:-30], "cannot be read", id="cut off"),
        pytest.param(zipped({"evidence.md": "x", "evidence.json": "{"}), "is invalid", id="no JSON"),
        pytest.param(zipped({"evidence.md": "x", "evidence.json": "[]"}), "is invalid", id="no object"),
        pytest.param(zipped({"evidence.md": "x", "evidence.json": "[" * 100_000}), "is invalid", id="deep"),
        pytest.param(changed(make_pack(), format="else"), "its format is 'else'", id="another format"),
        pytest.param(changed(make_pack(), version=VERSION + 1), "newer Pincite", id="a newer version"),
        pytest.param(changed(make_pack(), question=5), "question", id="a wrong type"),
        pytest.param(changed(make_pack(), status="perhaps"), "status", id="a wrong word"),
        pytest.param(changed(make_pack(), evidence=[]), "contradicts itself", id="a citation taken out"),
        pytest.param(changed(make_pack(), readable_sha256="0" * 64), "was changed after it was packed",
             id="another digest"),
        pytest.param(zipped({**unzipped(make_pack()), "evidence.md": "Nothing."}), "was changed",
             id="another human part"),
        pytest.param(zipped({**unzipped(make_pack()), "evidence.md": b"\xff"}), "not UTF-8", id="no text"),
        pytest.param(zipped({**unzipped(make_pack()), **{str(n): "" for n in range(99)}}), "not of one",
             id="many files"),
    ],
)  # fmt: skip
def test_bad_pack_is_refused_with_the_reason(data: bytes, message: str, save_pack: SavePack) -> None:
    """The error names the fault of the file."""
    with pytest.raises(BadPack, match=message):
        read_pack(save_pack(data))


def test_missing_or_too_large_file_is_refused(save_pack: SavePack, tmp_path: Path) -> None:
    """The unpacked size counts, not the size in the header of an archive. A folder is missing, too."""
    for path in (tmp_path / "none.zip", tmp_path):
        with pytest.raises(BadPack, match="cannot be read"):
            read_pack(path)
    bomb = zipped({"evidence.md": b"\0" * (MAX_PACK_BYTES + 1), "evidence.json": "{}"})
    assert len(bomb) < 100_000
    with pytest.raises(BadPack, match="looks like a zip bomb"):
        read_pack(save_pack(bomb))
    with pytest.raises(BadPack, match="more than 16 megabytes"):
        read_pack(save_pack(b"x" * (MAX_PACK_BYTES + 1)))


def test_reading_a_pack_writes_no_file(save_pack: SavePack, tmp_path: Path) -> None:
    """Names that lead out of the folder have no effect."""
    parts: dict[str, str | bytes] = {**unzipped(make_pack()), "../../escaped": "x", "/tmp/escaped": "x"}
    read_pack(save_pack(zipped(parts)))
    assert [path.name for path in tmp_path.rglob("*")] == ["some.pack"]


def test_pack_that_pincite_cannot_have_written_is_refused(save_pack: SavePack) -> None:
    """Readers would disagree on which of two machine parts counts, and a quote is as long as its span."""
    buffer = io.BytesIO(make_pack())
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("evidence.json", "{}")
    with pytest.raises(BadPack, match="not of one"):
        read_pack(save_pack(buffer.getvalue()))
    evidence = machine_part(make_pack())["evidence"]
    evidence[0]["citation"]["end"] += 1
    with pytest.raises(BadPack, match="quote 1 is not as long as its span"):
        read_pack(save_pack(changed(make_pack(), evidence=evidence)))
    with pytest.raises(BadPack, match="not unique"):
        read_pack(save_pack(changed(make_pack(), evidence=evidence + evidence)))


@pytest.mark.parametrize("line", ["Question: What was the cause?", "> "])
def test_human_part_that_differs_from_the_machine_part_is_refused(line: str, save_pack: SavePack) -> None:
    """It is rendered again from the machine part, so a corrected hash does not help."""
    parts = unzipped(pack(answer(citation()), CONTEXT, FACTS, AT))
    assert line in parts["evidence.md"]
    parts["evidence.md"] = parts["evidence.md"].replace(line, f"{line}Forged: ", 1)
    machine = json.loads(parts["evidence.json"]) | {
        "readable_sha256": hashlib.sha256(parts["evidence.md"].encode()).hexdigest()
    }
    with pytest.raises(BadPack, match="differs from"):
        read_pack(save_pack(zipped({**parts, "evidence.json": json.dumps(machine)})))


def test_pack_of_a_hit_is_verified_from_end_to_end(library: Library, write: Write, save_pack: SavePack) -> None:
    """The citation of a hit is packed, read, and checked against the stored document."""
    library.add(write("treaty.md", "# Peace\n\nThe treaty was signed in winter. Nobody had foreseen it.\n"))
    top = library.search("Who signed the treaty?")[0]
    cited = citation(top.document, location=top.location, start=top.pin.start, end=top.pin.end, quote=top.quote)
    path = save_pack(pack(answer(cited, hits=(top,)), {}, {}, AT))
    assert verify_pack(read_pack(path), library.document) == []


def test_missing_document_or_quote_is_named(pack_read: Pack) -> None:
    """The hash says which file is needed; one changed number is enough."""
    [finding] = verify_pack(pack_read, library_of())
    assert finding.fault == "document missing"
    assert finding.document == DOCUMENT.title
    assert finding.quote == QUOTE.of(TEXT)
    assert DOCUMENT.id in finding.what
    [finding] = verify_pack(pack_read, library_of(replace(DOCUMENT, text=TEXT.replace("Broad", "Board"))))
    what = "Characters 11 to 50 of the document differ from the quote. The document does not contain the quote."
    assert finding == PackFinding("quote not there", 1, DOCUMENT.title, QUOTE.of(TEXT), what)


@pytest.mark.parametrize(
    ("text", "quote_status"),
    [
        (TEXT, "It contains the quote anyway."),
        (f"New. {TEXT}", "The quote stands at 16 to 55."),
        ("Other words.", "The document does not contain the quote."),
    ],
)
def test_changed_document_is_not_reported_as_missing(pack_read: Pack, text: str, quote_status: str) -> None:
    """The finding says whether the new document still has the quote."""
    [finding] = verify_pack(pack_read, lambda _: replace(DOCUMENT, id="0" * 64, text=text))
    assert finding.fault == "another document"
    assert finding.what == f"Its SHA-256 is {'0' * 64}, not {DOCUMENT.id}. {quote_status}"


@pytest.mark.parametrize(
    ("forgery", "fault", "what"),
    [
        *(({"citation": citation(replace(FILE, **{name: "Else"}))}, "described otherwise", f"Its {name} is ")  # type: ignore[arg-type]
          for name in ("title", "author", "date")),
        ({"citation": citation(location=Location("40", "Soho", 1))}, "described otherwise", ""),
        ({"context": QuoteContext("It is false that ", "")}, "context differs", ""),
    ],
    ids=["title", "author", "date", "page", "context"],
)  # fmt: skip
def test_forged_description_is_found(forgery: dict[str, Any], fault: str, what: str) -> None:
    """A true quote under another author is no evidence of what that author wrote; a context can reverse its meaning."""
    [finding] = verify_pack(forged(**forgery), library_of(DOCUMENT))
    assert finding.fault == fault
    assert finding.what.startswith(what)


def test_statement_without_its_words_in_the_quotes_is_found(pack_read: Pack) -> None:
    """True quotes below a false statement are the most misleading pack.

    An ellipsis marks words that were left out; a model's statement has a verdict of its own, which the reader sees.
    """
    false = Statement("The pump was not the cause.", (1,), "verbatim")
    [finding] = verify_pack(replace(pack_read, statements=(false,)), library_of(DOCUMENT))
    assert (finding.fault, finding.marker, finding.quote) == ("statement not quoted", 1, false.text)
    unpinned = replace(false, markers=())
    assert verify_pack(replace(pack_read, statements=(unpinned,)), library_of(DOCUMENT))[0].marker == 0
    shortened = Statement("… in Broad Street was …", (1,), "verbatim")
    assert verify_pack(replace(pack_read, statements=(shortened,)), library_of(DOCUMENT)) == []
    written = replace(pack_read, writer="model", statements=(Statement("A pump did it.", (1,), "supported"),))
    assert verify_pack(written, library_of(DOCUMENT)) == []


def test_each_document_is_loaded_once(pack_read: Pack) -> None:
    """A document may be long. In a copy of the library, there are no findings."""
    loaded: list[str] = []

    def documents(identity: str) -> Document | None:
        loaded.append(identity)
        return DOCUMENT

    assert verify_pack(replace(pack_read, evidence=pack_read.evidence * 3), documents) == []
    assert loaded == [DOCUMENT.id]
