"""Reading evidence packs, of which some are traps."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from index.citations import pack_verification
from index.citations.evidence_pack import pack, pack_markdown
from index.citations.pack_verification import read_pack, verify_pack
from index.errors import BadPack
from index.records import Statement
from index.text.sentences import one_line
from tests.citations.factories import DOCUMENT, abstention, answer, answers, citation
from tests.citations.packs import AT, CONTEXT, FACTS, changed, library_of, machine_part, made, unzipped, whole, zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Answer
    from tests.citations.conftest import Keep

MARKUP = {"html_block", "html_inline", "image", "code_inline", "fence", "code_block", "hr", "ordered_list_open"}
V1 = Path(__file__).parent / "pack-v1.md"
V1_WRITTEN = Path(__file__).parent / "pack-v1-written.md"


@pytest.mark.parametrize("make", [pack, pack_markdown], ids=["zip", "md"])
def test_a_pack_is_read_as_it_was_made(make: Callable[..., bytes | str], keep: Keep) -> None:
    """From either file."""
    whole = answer(citation(), notes=("A note.",))
    read = read_pack(keep(make(whole, CONTEXT, FACTS, AT)))
    assert [each.citation for each in read.evidence] == list(whole.citations)
    assert [each.context for each in read.evidence] == [CONTEXT[1]]
    for name in ("question", "status", "confidence", "bar", "writer", "searched", "statements", "notes"):
        assert getattr(read, name) == getattr(whole, name)
    assert read.settings == FACTS


def test_an_abstention_can_be_packed_too(keep: Keep) -> None:
    """That the documents hold no answer is a finding."""
    read = read_pack(keep(made(abstention())))
    assert (read.status, read.evidence) == ("abstained", ())
    assert verify_pack(read, library_of()) == []


def test_windows_line_ends_do_no_harm(keep: Keep) -> None:
    """Mail and version control put them in."""
    text = pack_markdown(answer(citation()), CONTEXT, FACTS, AT)
    assert read_pack(keep(text.replace("\n", "\r\n"))).question == "What was the cause?"


def test_a_pack_of_the_first_version_is_read_for_ever() -> None:
    """The one here was written when the format was new."""
    read = read_pack(V1)
    assert verify_pack(read, library_of(DOCUMENT)) == []
    assert read.statements == (Statement("The pump in Broad Street was the cause.", (1,), "verbatim"),)


def test_the_verdicts_of_the_first_version_are_those_of_today() -> None:
    """Of a model's answer, which had four more; the one here was written by version 1."""
    read = read_pack(V1_WRITTEN)
    assert [(each.verdict, each.markers, each.detail) for each in read.statements] == [
        ("supported", (1,), ""),
        ("contradicted", (), "1855 here, 1854 in the source"),
        ("contradicted", (), "Negation differs."),
        ("unverified", (), "The nearest sentence has 20 % of its words."),
    ]
    assert read.notes == ("1 of 4 *sentences* supported.",)


def test_a_changed_pack_of_the_first_version_is_refused(keep: Keep) -> None:
    """Its human part is made anew as version 1 made it."""
    text = V1_WRITTEN.read_text(encoding="utf-8")
    human, fence, machine = text.rpartition("\n```json")
    forged = human.replace("number differs", "number agrees")
    assert forged != human
    old, new = (hashlib.sha256(part.encode()).hexdigest() for part in (human, forged))
    with pytest.raises(BadPack, match="differs from"):
        read_pack(keep(forged + fence + machine.replace(old, new)))


@given(answers())
def test_whatever_documents_hold_a_pack_can_be_read(each: Answer) -> None:
    """As Markdown, in which texts could forge the machine part: what comes back is what went in, and no markup."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pack.md"
        path.write_text(pack_markdown(each, {}, FACTS, AT), encoding="utf-8", newline="")
        read = read_pack(path)
        human = path.read_text(encoding="utf-8").rpartition("\n```json")[0]
    assert read.question == whole(each.question)
    assert [statement.text for statement in read.statements] == [whole(each.text) for each in each.statements]
    for evidence, cited in zip(read.evidence, each.citations, strict=True):
        assert evidence.citation.quote == whole(cited.quote)
        assert evidence.citation.document.title == whole(cited.document.title)
    found = [inner for token in MarkdownIt("commonmark").parse(human) for inner in (token, *(token.children or ()))]
    assert not {token.type for token in found} & MARKUP
    assert sum(token.type == "strong_open" for token in found) == (
        sum(len(statement.markers) + (statement.nearest is not None) for statement in each.statements)
        + sum(bool(one_line(cited.quote)) for cited in each.citations)
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "not an evidence pack", id="empty"),
        pytest.param(b"\x00\xff", "not an evidence pack", id="bytes"),
        pytest.param(b"# Some Markdown\n", "not an evidence pack", id="other Markdown"),
        pytest.param(b"PK\x03\x04 and then nothing", "cannot be read", id="no archive"),
        pytest.param(zipped({"word/document.xml": "x"}), "not of one evidence.json", id="another archive"),
        pytest.param(made()[:-30], "cannot be read", id="cut off"),
        pytest.param(zipped({"evidence.md": "x", "evidence.json": "{"}), "is invalid", id="no JSON"),
        pytest.param(zipped({"evidence.md": "x", "evidence.json": "[]"}), "is invalid", id="no object"),
        pytest.param(zipped({"evidence.md": "x", "evidence.json": "[" * 100_000}), "is invalid", id="deep"),
        pytest.param(changed(made(), format="else"), "its format is 'else'", id="another format"),
        pytest.param(changed(made(), version=3), "newer Pincite", id="a newer version"),
        pytest.param(changed(made(), question=5), "question", id="a wrong type"),
        pytest.param(changed(made(), status="perhaps"), "status", id="a wrong word"),
        pytest.param(changed(made(), evidence=[]), "contradicts itself", id="a citation taken out"),
        pytest.param(changed(made(), readable_sha256="0" * 64), "was changed after it was packed", id="another digest"),
        pytest.param(zipped({**unzipped(made()), "evidence.md": "Nothing."}), "was changed", id="another human part"),
        pytest.param(zipped({**unzipped(made()), "evidence.md": b"\xff"}), "not UTF-8", id="no text"),
        pytest.param(zipped({**unzipped(made()), **{str(n): "" for n in range(99)}}), "not of one", id="many files"),
    ],
)
def test_a_bad_pack_is_a_clear_error(data: bytes, says: str, keep: Keep) -> None:
    """Which says what is wrong, whatever the file is."""
    with pytest.raises(BadPack, match=says):
        read_pack(keep(data))


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    """And so is a folder."""
    for path in (tmp_path / "none.zip", tmp_path):
        with pytest.raises(BadPack, match="cannot be read"):
            read_pack(path)


def test_an_archive_that_unpacks_without_end_is_refused(keep: Keep) -> None:
    """By what comes out, not by what it says of itself."""
    bomb = zipped({"evidence.md": b"\0" * (pack_verification.LARGEST + 1), "evidence.json": "{}"})
    assert len(bomb) < 100_000
    with pytest.raises(BadPack, match="looks like a zip bomb"):
        read_pack(keep(bomb))


def test_a_file_that_is_too_large_is_not_read(keep: Keep) -> None:
    """No pack is."""
    with pytest.raises(BadPack, match="more than 16 megabytes"):
        read_pack(keep(b"x" * (pack_verification.LARGEST + 1)))


def test_nothing_is_written_to_the_disk(keep: Keep, tmp_path: Path) -> None:
    """Names that climb out of a folder go nowhere."""
    parts: dict[str, str | bytes] = {**unzipped(made()), "../../escaped": "x", "/tmp/escaped": "x"}
    read_pack(keep(zipped(parts)))
    assert [path.name for path in tmp_path.rglob("*")] == ["some.pack"]


def test_two_machine_parts_are_refused(keep: Keep) -> None:
    """Readers would disagree on which of them counts."""
    buffer = io.BytesIO(made())
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("evidence.json", "{}")
    with pytest.raises(BadPack, match="not of one"):
        read_pack(keep(buffer.getvalue()))


def test_quotes_that_are_not_as_long_as_their_spans_are_refused(keep: Keep) -> None:
    """Such a pack could not have been made."""
    evidence = machine_part(made())["evidence"]
    evidence[0]["citation"]["end"] += 1
    with pytest.raises(BadPack, match="quote 1 is not as long as its span"):
        read_pack(keep(changed(made(), evidence=evidence)))
    with pytest.raises(BadPack, match="not unique"):
        read_pack(keep(changed(made(), evidence=evidence + evidence)))


@pytest.mark.parametrize("part", ["Question: What was the cause?", "> "])
def test_a_readable_part_that_says_something_else_is_refused(part: str, keep: Keep) -> None:
    """Though its hash was made right again: it is made anew from the machine part, and compared."""
    parts = unzipped(pack(answer(citation()), CONTEXT, FACTS, AT))
    assert part in parts["evidence.md"]
    parts["evidence.md"] = parts["evidence.md"].replace(part, f"{part}Forged: ", 1)
    machine = json.loads(parts["evidence.json"]) | {
        "readable_sha256": hashlib.sha256(parts["evidence.md"].encode()).hexdigest()
    }
    with pytest.raises(BadPack, match="differs from"):
        read_pack(keep(zipped({**parts, "evidence.json": json.dumps(machine)})))
