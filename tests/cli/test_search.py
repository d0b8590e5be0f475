"""`pincite search` and `pincite coverage`: how hits, reasons, copies and notes are printed."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from index.cli import app, search_commands
from index.records import CANDIDATES, Coverage, DocumentInfo, Found, Hit, Location, Passage, Span, Why
from index.text.query import SYNTAX
from tests.cases import cases
from tests.cli.conftest import SEA
from tests.factories import why

if TYPE_CHECKING:
    from tests.command_line import Run
    from tests.conftest import Write

TEXTS = {"sea.md": SEA, "b.txt": "The doctor baked bread.", "a.txt": "The garden has a clock."}
"""Three documents, one of which mentions whales."""
PRINT_COVERAGE = """
import sys
from index.cli import search_commands
from index.library.library import Library
from index.records import Coverage
search_commands.print_coverage_csv([Coverage(info, None) for info in Library.open(sys.argv[1]).documents()])
"""
STORY = "The ship left the harbour in winter. A whale swam by the bridge. The clock of the school struck noon."
CSI, RLO = "\x1b[31m", "\u202e"
INFO = DocumentInfo("d" * 64, "/papers/sea.md", "Sea", "", "", "text/markdown", 43, 0, 1)
PASSAGE = Passage(1, INFO.id, 0, 0, 43, "The ship left the harbour. A whale swam by.", (Span(0, 26), Span(27, 43)))
SCORES = {"dense": 0.612, "dense_rank": 2, "lexical": 3.14, "lexical_rank": 1, "fused": 0.978, "evidence": 0.834}
REASON = why(**SCORES, matched_terms=("whale", "ship"), pin_terms=("whale",), nearest_words=("whale", "swam"))
HIT = Hit(PASSAGE, INFO, 0.91, Span(27, 43), Location(heading="Sea", paragraph=1), REASON)


def printed(capsys: pytest.CaptureFixture[str], *hits: Hit, limit: int = 5, **options: bool) -> str:
    """Return what is printed for these hits."""
    search_commands.print_hits(Found("q", hits, {}), limit=limit, **{"explain": False, "verbose": False, **options})
    return capsys.readouterr().out


# Search


def test_search_prints_place_score_passage_and_reason(reader: Run) -> None:
    """Each hit has number, title, location, score, passage and reason; the quote is marked where it cannot be bold.

    An empty result is no error, and after `--` a question that begins with a dash is not an option.
    """
    outcome = reader("search", "whale", "-k", "1")
    assert outcome.code == 0
    headline, *passage = outcome.out.splitlines()
    (best,) = reader("search", "whale", "-k", "1", "--json").json["hits"]
    assert headline == f"[1] Sea  § Sea, ¶ 1  score {best['score']:.2f} of 1"
    assert "The ship left the harbour. **A whale swam by.**" in "\n".join(passage)
    assert re.search(
        r"why: meaning cosine 0\.\d\d \(rank 1\); words BM25 \d\.\d \(rank 1\); word for word; matched whale",
        outcome.out,
    )
    assert re.search(r"encoding \d+\.\d ms", reader("-v", "search", "whale").out)
    outcome = reader("search", " ")
    assert (outcome.code, outcome.out) == (0, "Nothing found.\n")
    hits = reader("search", "--json", "--", "-whale treaty").json["hits"]
    assert [hit["pin"]["text"] for hit in hits] == ["The king signed the treaty."]


def test_in_option_restricts_the_search(run: Run, write: Write) -> None:
    """`--in` names a document of the library and can be repeated."""
    run("add", write("sea.md", SEA), write("other.md", "# Other\n\nAnother whale."))
    hits = run("search", "whale", "--in", "other.md", "--json").json["hits"]
    assert {hit["document"]["title"] for hit in hits} == {"Other"}
    hits = run("search", "whale", "--in", "other.md", "--in", "sea.md", "--json").json["hits"]
    assert {hit["document"]["title"] for hit in hits} == {"Other", "Sea"}


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        pytest.param(
            REASON, "meaning cosine 0.61 (rank 2); words BM25 3.1 (rank 1); matched whale, ship", id="both sides"
        ),
        pytest.param(
            why(dense=0.2, lexical=0.0),
            f"meaning cosine 0.20 (beyond the first {CANDIDATES}); no word in common",
            id="far from both",
        ),
        pytest.param(why(lexical=1.0), f"words BM25 1.0 (beyond the first {CANDIDATES})", id="words alone, far"),
        pytest.param(why(dense=0.5, dense_rank=3), "meaning cosine 0.50 (rank 3)", id="meaning alone"),
        pytest.param(replace(why(), verbatim=True, matched_terms=("by",)), "word for word; matched by", id="verbatim"),
    ],
)
def test_reason_is_printed_on_one_line(capsys: pytest.CaptureFixture[str], reason: Why, text: str) -> None:
    """An index that was not searched is left out; one that was searched without a match is mentioned."""
    assert f"\nwhy: {text}\n" in printed(capsys, replace(HIT, why=reason))


def explanation(out: str) -> dict[str, str]:
    """Return the lines of an explanation by their names."""
    block = out.split("**\n", 1)[1]
    return {line[:14].strip(): line[14:].strip() for line in block.splitlines() if line.strip()}


def test_explanation_has_a_line_for_each_score(capsys: pytest.CaptureFixture[str]) -> None:
    """The verbatim match is printed with the evidence, the reranker's score on a line of its own.

    Ranks are named beyond 100 candidates, or those requested; a matched word may be only in a neighbouring passage.
    """
    reason = replace(REASON, verbatim=True, reranked=0.456)
    assert explanation(printed(capsys, replace(HIT, why=reason), explain=True)) == {
        "meaning": "cosine 0.61, rank 2",
        "words": "BM25 3.1, rank 1",
        "fused": "0.98",
        "evidence": "0.83, word for word",
        "reranked": "0.46",
        "in common": "whale, ship",
        "in the pin": "whale",
        "nearest": "whale, swam",
    }
    far = replace(HIT, why=why(dense=0.1, lexical=0.0, fused=0.1, evidence=0.1))
    lines = explanation(printed(capsys, far, explain=True))
    assert lines["meaning"] == f"cosine 0.10, beyond the first {CANDIDATES}"
    assert lines["words"] == "no word in common"
    assert lines.keys() == {"meaning", "words", "fused", "evidence"}
    beside = replace(HIT, why=why(dense=0.1, lexical=1.2))
    lines = explanation(printed(capsys, beside, explain=True, limit=300))
    assert lines["words"] == "BM25 1.2, beyond the first 300"
    assert lines["in common"] == "none in the passage, some beside it"


def test_explain_option_requests_the_nearest_words(reader: Run) -> None:
    """`--explain` names the words of the quote that are nearest in meaning; without it they are not computed."""
    outcome = reader("search", "Did a whale swim there?", "-k", "1", "--explain")
    assert re.search(r"\n  nearest +whale, ", outcome.out)
    (hit,) = reader("search", "Did a whale swim there?", "-k", "1", "--explain", "--json").json["hits"]
    assert hit["why"]["nearest_words"][0] == "whale"
    (hit,) = reader("search", "Did a whale swim there?", "-k", "1", "--json").json["hits"]
    assert hit["why"]["nearest_words"] == []


def test_words_of_documents_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """In an explanation, a copy's title or a note: markup is printed unchanged, and control characters are removed."""
    evil = f"[red]{CSI}{RLO}"
    words = dict.fromkeys(("matched_terms", "pin_terms", "nearest_words"), (evil,))
    out = printed(capsys, replace(HIT, why=why(**words)), explain=True)
    assert out.count("[red][31m") == 3
    assert "\x1b" not in out
    assert RLO not in out
    copy = replace(copies(1)[0], document=replace(INFO, title=f"{evil}evil"))
    assert "\nalso in: [red][31mevil, § Sea, ¶ 1\n" in printed(capsys, replace(HIT, also=(copy,)))
    search_commands.print_notes(Found("q", (), {}, (evil,)))
    assert capsys.readouterr().err == "note: [red][31m\n"


# Copies


def test_copies_are_listed_below_their_hit(run: Run, write: Write) -> None:
    """One text in three files is one hit that names the other two; in JSON each copy is complete."""
    run("add", write("a.txt", STORY), write("b.md", f"# Tale\n\n{STORY}"), write("c.txt", f"{STORY} So it was."))
    (best,) = run("search", "Where did the whale swim?", "--json").json["hits"]
    assert [copy["pin"]["text"] for copy in best["also"]] == [best["pin"]["text"]] * 2
    assert len({hit["document"]["id"] for hit in (best, *best["also"])}) == 3
    assert [copy["also"] for copy in best["also"]] == [[], []]
    line = re.search(r"\nalso in: (.+); (.+)\n", run("search", "Where did the whale swim?").out)
    assert line
    for printed_name, copy in zip(line.groups(), best["also"], strict=True):
        name = copy["document"]["title"] or Path(copy["document"]["source"]).name
        assert printed_name == f"{name}, {copy['location']['label']}"


def copies(number: int) -> tuple[Hit, ...]:
    """Return copies of HIT in other documents."""
    return tuple(replace(HIT, document=replace(INFO, id=f"{n}", title=f"Copy {n}")) for n in range(1, number + 1))


def test_three_copies_are_named_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    """Three copies are named and the rest is counted; `--verbose` names all. A location may be missing."""
    hit = replace(HIT, also=copies(5))
    three = "Copy 1, § Sea, ¶ 1; Copy 2, § Sea, ¶ 1; Copy 3, § Sea, ¶ 1"
    assert f"\nalso in: {three}; and 2 more\n" in printed(capsys, hit)
    assert "Copy 5" in printed(capsys, hit, verbose=True)
    bare = replace(copies(1)[0], location=Location())
    assert "\nalso in: Copy 1\n" in printed(capsys, replace(HIT, also=(bare,)))
    assert "also in" not in printed(capsys, HIT)


# Notes


@cases("question", ["in:nowhere whale", "in:sea"])
def test_notes_are_printed_on_standard_error(reader: Run, question: str) -> None:
    """Standard output has hits only; JSON includes the notes, and `--quiet` leaves them out."""
    outcome = reader("search", question)
    (note,) = reader("search", question, "--json").json["notes"]
    assert (outcome.out, outcome.err) == ("Nothing found.\n", f"note: {note}\n")
    assert reader("search", question, "--json").err == ""
    assert reader("-q", "search", question).err == ""


# Query operators


@pytest.mark.parametrize("command", ["search", "coverage"])
def test_help_lists_the_query_operators(command: str) -> None:
    """The help has every operator of `index.text.query` and fits 80 columns."""
    text = CliRunner().invoke(app.app, [command, "--help"], env={"COLUMNS": "80"}).output
    flat = " ".join(text.split())
    for example, meaning in SYNTAX:
        assert f"{example} {meaning}" in flat
    assert max(map(len, text.splitlines())) <= 80


# Coverage


def test_coverage_prints_one_row_per_document(texts: Run) -> None:
    """Documents with a mention come first, with their best place and quote; the others follow by name.

    In JSON a row's hit has the same fields as a hit of a search, or is null. An excluded document has no row.
    """
    out = texts("coverage", "Where did the whale swim?").out
    assert re.search(r"Sea +[01]\.\d\d +§ Sea, ¶ 1 *\n +A whale swam by\. *\n +a\.txt +no mention *\n +b\.txt", out)
    assert out.count("no mention") == 2
    assert out.endswith("1 of 3 documents mention the subject of the question.\n")
    rows = texts("coverage", "whale", "--json").json["documents"]
    (hit, *_) = texts("search", "whale", "--json").json["hits"]
    assert rows[0]["hit"].keys() == hit.keys()
    assert rows[0]["hit"]["pin"] == hit["pin"]
    assert rows[0]["document"] == hit["document"]
    assert [row["hit"] for row in rows[1:]] == [None, None]
    rows = texts("coverage", "whale", "--in", "a.txt", "--json").json["documents"]
    assert [(Path(row["document"]["source"]).name, row["hit"]) for row in rows] == [("a.txt", None)]
    rows = texts("coverage", "whale type:md", "--json").json["documents"]
    assert [row["document"]["title"] for row in rows] == ["Sea"]


NOWHERE = "No document matches the in:, type:, after: or before: filter."


@cases(("question", "notes"), [(" ", []), ("in:nowhere whale", [NOWHERE])])
def test_coverage_of_no_document_says_so(texts: Run, question: str, notes: list[str]) -> None:
    """The text says that nothing was searched; the CSV has a header and no rows."""
    assert texts("coverage", question).out.startswith("No document was searched.")
    assert texts("coverage", question, "--csv").out == ",".join(search_commands.COVERAGE_COLUMNS) + "\r\n"
    result = texts("coverage", question, "--json").json
    assert result == {"question": question.strip(), "documents": [], "notes": notes}


def test_long_quotes_are_cut_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quote is cut at a space if it has one; piped output and CSV have all of it."""

    def coverage_of(text: str) -> Coverage:
        passage = Passage(1, INFO.id, 0, 0, len(text), text, (Span(0, len(text)),))
        return Coverage(INFO, replace(HIT, passage=passage, pin=Span(0, len(text))))

    search_commands.print_coverage([coverage_of("鯨" * 300)])
    assert "鯨" * 300 in capsys.readouterr().out
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    search_commands.print_coverage([coverage_of("A whale\nswam. " * 30), coverage_of("鯨" * 300)])
    out = re.sub(r"[\s─]+", "", capsys.readouterr().out)
    assert re.search(r"(Awhaleswam\.){10,12}(A|Awhale)?…", out)
    assert re.search(r"[^鯨]鯨{159}…", out)
    search_commands.print_coverage_csv([coverage_of("鯨" * 300)])
    assert "鯨" * 300 in capsys.readouterr().out


def csv_rows(out: str) -> list[dict[str, str]]:
    """Return the rows of a CSV, which must be valid RFC 4180."""
    assert out.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(out, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def test_coverage_csv_has_quotes_and_offsets(texts: Run) -> None:
    """The offsets cut the quote out of the text; a document without a mention has its names only."""
    out = texts("coverage", "Where did the whale swim?", "--csv").out
    sea, silent, _ = csv_rows(out)
    text = texts("show", "sea.md", "--json").json["text"]
    (info,) = [document for document in texts("list", "--json").json if document["title"] == "Sea"]
    assert out.splitlines()[0] == "document,source,id,date,score,location,start,end,quote,mention"
    assert text[int(sea["start"]) : int(sea["end"])] == sea["quote"] == "A whale swam by."
    assert (sea["document"], sea["source"], sea["id"], sea["mention"]) == ("Sea", info["source"], info["id"], "yes")
    assert sea["location"] == "§ Sea, ¶ 1"
    assert 0 < float(sea["score"]) <= 1
    assert (silent["document"], silent["mention"]) == ("a.txt", "no")
    assert {silent[name] for name in ("score", "location", "start", "end", "quote")} == {""}


def coverage_row(title: str, text: str, **changes: Any) -> Coverage:
    """Return the coverage of a document with this title, whose only passage is the quote."""
    info = replace(INFO, title=title, **changes)
    passage = Passage(1, info.id, 0, 0, len(text), text, (Span(0, len(text)),))
    return Coverage(info, replace(HIT, document=info, passage=passage, pin=Span(0, len(text))))


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        ("=HYPERLINK(0)", "'=HYPERLINK(0)"), ("+1", "'+1"), ("-2+3", "'-2+3"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("\r=1", "'=1"), ("\n=1", "'\n=1"), (f"{RLO}=1", "'=1"), ("＝1", "'＝1"), ("1=1", "1=1"),
        ("'=1", "'=1"), ('He said "no", twice.\nThen left.', 'He said "no", twice.\nThen left.'),
        (f"a{CSI}b\udcff", "a[31mb\ufffd"), ("", ""),
    ],
    ids=ascii,
)  # fmt: skip
def test_csv_cells_are_never_formulas(capsys: pytest.CaptureFixture[str], words: str, cell: str) -> None:
    """A document's words stay text in a spreadsheet and on a terminal; quotes, commas and line breaks are kept.

    A score is a number.
    """
    search_commands.print_coverage_csv([coverage_row(words or "x", words, source=words or "x", date=words)])
    (row,) = csv_rows(capsys.readouterr().out)
    assert (row["document"], row["source"]) == (cell or "x", cell or "x")
    assert (row["date"], row["quote"], row["score"]) == (cell, cell, "0.91")


def test_csv_is_utf8_on_any_terminal(run: Run, write: Write, tmp_path: Path) -> None:
    """Lines end in CR LF and letters are UTF-8, whatever the terminal's encoding is."""
    run("add", write("Wäl.txt", "A whale."), write("sea.md", SEA))
    done = subprocess.run(
        [sys.executable, "-c", PRINT_COVERAGE, str(tmp_path / "library")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=True,
    )
    assert "Wäl.txt".encode() in done.stdout
    assert done.stdout.count(b"\r\n") == done.stdout.count(b"\n") == 3
