"""Writing evidence packs."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from index.citations.evidence_pack import VERSION, pack
from tests.citations.factories import DOCUMENT, PAGE, TEXT, answer, citation
from tests.citations.packs import FACTS, machine_part, make_pack, unzipped

if TYPE_CHECKING:
    from index.citations.evidence_pack import Pack


def test_pack_is_two_files_and_deterministic() -> None:
    """One file is for people, and one for programs."""
    assert list(unzipped(make_pack())) == ["evidence.md", "evidence.json"]
    assert make_pack() == make_pack()


def test_machine_part_has_all_facts_for_a_check() -> None:
    """These are quote, offsets, context, place, document and hash, settings and date."""
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
    assert evidence["citation"]["location"] == {
        "page": "39",
        "heading": "Soho",
        "paragraph": 1,
        "place": "",
        "cell": "",
        "headers": [],
        "recognised": None,
    }


def test_human_part_shows_each_quote_in_its_context() -> None:
    """It also shows the place of the quote and how the answer was made."""
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


def test_password_of_an_address_is_not_packed() -> None:
    """The address of a web page may contain one."""
    page = replace(PAGE, source="https://me:secret@example.org/")
    assert "secret" not in "".join(unzipped(make_pack(answer(citation(page)))).values())


def test_date_without_a_time_zone_is_refused() -> None:
    """A pack is read elsewhere, perhaps in another time zone."""
    with pytest.raises(ValueError, match="time zone"):
        pack(answer(), {}, {}, datetime(2026, 11, 25))


def test_every_field_of_a_pack_is_in_its_machine_part(pack_read: Pack) -> None:
    """The only other fields there describe the format."""
    machine = machine_part(make_pack())
    assert set(machine) == {"format", "version", "readable_sha256", *asdict(pack_read)}
    human = unzipped(make_pack())["evidence.md"]
    assert machine["readable_sha256"] == hashlib.sha256(human.encode()).hexdigest()
