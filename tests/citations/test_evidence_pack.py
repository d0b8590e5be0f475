"""Making evidence packs."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from index.citations.evidence_pack import pack
from tests.citations.factories import DOCUMENT, PAGE, TEXT, answer, citation
from tests.citations.packs import FACTS, machine_part, made, unzipped

if TYPE_CHECKING:
    from index.citations.evidence_pack import Pack


def test_a_pack_is_two_files_and_the_same_every_time() -> None:
    """One for people, one for programs."""
    assert list(unzipped(made())) == ["evidence.md", "evidence.json"]
    assert made() == made()


def test_the_machine_part_has_all_that_a_check_needs() -> None:
    """Quote, offsets, what stands around, place, document and its hash, settings, date."""
    machine = machine_part(made())
    assert machine["format"] == "pincite-evidence"
    assert machine["version"] == 2
    assert machine["made_at"] == "2026-11-25T15:30:00+00:00"
    assert machine["settings"] == FACTS
    assert machine["question"] == "What was the cause?"
    [evidence] = machine["evidence"]
    assert evidence["citation"]["quote"] == TEXT[evidence["citation"]["start"] : evidence["citation"]["end"]]
    assert evidence["context"] == {"before": "Before it. ", "after": " After it."}
    assert evidence["citation"]["document"]["id"] == DOCUMENT.id
    assert evidence["citation"]["location"] == {"page": "39", "heading": "Soho", "paragraph": 1}


def test_the_human_part_shows_each_quote_among_its_words() -> None:
    """And where it stands, and how the answer came about."""
    human = unzipped(made())["evidence.md"]
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


def test_a_password_stays_at_home() -> None:
    """Also where it is in the address of a page."""
    page = replace(PAGE, source="https://me:secret@example.org/")
    assert "secret" not in "".join(unzipped(made(answer(citation(page)))).values())


def test_a_date_needs_a_time_zone() -> None:
    """A pack goes to another place."""
    with pytest.raises(ValueError, match="time zone"):
        pack(answer(), {}, {}, datetime(2026, 11, 25))


def test_every_field_of_a_pack_is_in_its_machine_part(read: Pack) -> None:
    """And beside them only what names the format."""
    machine = machine_part(made())
    assert set(machine) == {"format", "version", "readable_sha256", *asdict(read)}
    human = unzipped(made())["evidence.md"]
    assert machine["readable_sha256"] == hashlib.sha256(human.encode()).hexdigest()
