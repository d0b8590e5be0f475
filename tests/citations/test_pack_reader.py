"""Reading evidence packs, some of which are malicious."""

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

from index.citations.evidence_pack import MAX_PACK_BYTES, VERSION, pack, pack_markdown, read_pack, verify_pack
from index.errors import BadPack
from index.text.sentences import one_line
from tests.citations.factories import abstention, answer, answers, citation
from tests.citations.packs import (
    AT,
    CONTEXT,
    FACTS,
    changed,
    library_of,
    machine_part,
    make_pack,
    unzipped,
    without_surrogates,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Answer
    from tests.citations.conftest import SavePack

MARKUP = {"html_block", "html_inline", "image", "code_inline", "fence", "code_block", "hr", "ordered_list_open"}


@pytest.mark.parametrize("write_pack", [pack, pack_markdown], ids=["zip", "md"])
def test_pack_is_read_back_unchanged(write_pack: Callable[..., bytes | str], save_pack: SavePack) -> None:
    """A pack may be an archive or a Markdown file."""
    packed = answer(citation(), notes=("A note.",))
    read = read_pack(save_pack(write_pack(packed, CONTEXT, FACTS, AT)))
    assert [evidence.citation for evidence in read.evidence] == list(packed.citations)
    assert [evidence.context for evidence in read.evidence] == [CONTEXT[1]]
    for name in ("question", "status", "confidence", "bar", "writer", "searched", "statements", "notes"):
        assert getattr(read, name) == getattr(packed, name)
    assert read.settings == FACTS


def test_abstention_can_be_packed(save_pack: SavePack) -> None:
    """An abstention is a finding, too."""
    read = read_pack(save_pack(make_pack(abstention())))
    assert (read.status, read.evidence) == ("abstained", ())
    assert verify_pack(read, library_of()) == []


def test_windows_line_ends_are_accepted(save_pack: SavePack) -> None:
    """Mail and version control introduce them."""
    text = pack_markdown(answer(citation()), CONTEXT, FACTS, AT)
    assert read_pack(save_pack(text.replace("\n", "\r\n"))).question == "What was the cause?"


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
        pytest.param(changed(make_pack(), version=VERSION - 1), "older Pincite", id="an older version"),
        pytest.param(changed(make_pack(), question=5), "question", id="a wrong type"),
        pytest.param(changed(make_pack(), status="perhaps"), "status", id="a wrong word"),
        pytest.param(changed(make_pack(), evidence=[]), "contradicts itself", id="a citation taken out"),
        pytest.param(
            changed(make_pack(), readable_sha256="0" * 64), "was changed after it was packed", id="another digest"
        ),
        pytest.param(
            zipped({**unzipped(make_pack()), "evidence.md": "Nothing."}), "was changed", id="another human part"
        ),
        pytest.param(zipped({**unzipped(make_pack()), "evidence.md": b"\xff"}), "not UTF-8", id="no text"),
        pytest.param(
            zipped({**unzipped(make_pack()), **{str(n): "" for n in range(99)}}), "not of one", id="many files"
        ),
    ],
)
def test_bad_pack_is_refused_with_the_reason(data: bytes, message: str, save_pack: SavePack) -> None:
    """The error names the fault of the file."""
    with pytest.raises(BadPack, match=message):
        read_pack(save_pack(data))


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """A folder is one, too."""
    for path in (tmp_path / "none.zip", tmp_path):
        with pytest.raises(BadPack, match="cannot be read"):
            read_pack(path)


def test_zip_bomb_is_refused(save_pack: SavePack) -> None:
    """The unpacked size counts, not the size in the header."""
    bomb = zipped({"evidence.md": b"\0" * (MAX_PACK_BYTES + 1), "evidence.json": "{}"})
    assert len(bomb) < 100_000
    with pytest.raises(BadPack, match="looks like a zip bomb"):
        read_pack(save_pack(bomb))


def test_file_that_is_too_large_is_not_read(save_pack: SavePack) -> None:
    """No pack is that large."""
    with pytest.raises(BadPack, match="more than 16 megabytes"):
        read_pack(save_pack(b"x" * (MAX_PACK_BYTES + 1)))


def test_reading_a_pack_writes_no_file(save_pack: SavePack, tmp_path: Path) -> None:
    """Names that lead out of the folder have no effect."""
    parts: dict[str, str | bytes] = {**unzipped(make_pack()), "../../escaped": "x", "/tmp/escaped": "x"}
    read_pack(save_pack(zipped(parts)))
    assert [path.name for path in tmp_path.rglob("*")] == ["some.pack"]


def test_two_machine_parts_are_refused(save_pack: SavePack) -> None:
    """Readers would disagree on which of the two counts."""
    buffer = io.BytesIO(make_pack())
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("evidence.json", "{}")
    with pytest.raises(BadPack, match="not of one"):
        read_pack(save_pack(buffer.getvalue()))


def test_quotes_of_another_length_than_their_spans_are_refused(save_pack: SavePack) -> None:
    """Pincite cannot have written such a pack."""
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
