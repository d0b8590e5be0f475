"""`pincite search` and `pincite coverage`: what is printed of hits, their reasons, copies and notes."""

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
from tests.factories import why

if TYPE_CHECKING:
    from tests.command_line import Run
    from tests.conftest import Write

TEXT = "# Sea\n\nThe ship left the harbour. A whale swam by.\n\n# Land\n\nThe king signed the treaty.\n"
STORY = "The ship left the harbour in winter. A whale swam by the bridge. The clock of the school struck noon."
CSI, RLO = "\x1b[31m", "\u202e"
INFO = DocumentInfo("d" * 64, "/papers/sea.md", "Sea", "", "", "text/markdown", 43, 0, 1)
PASSAGE = Passage(1, INFO.id, 0, 0, 43, "The ship left the harbour. A whale swam by.", (Span(0, 26), Span(27, 43)))
REASON = why(
    dense=0.612,
    dense_rank=2,
    lexical=3.14,
    lexical_rank=1,
    fused=0.978,
    evidence=0.834,
    matched_terms=("whale", "ship"),
    pin_terms=("whale",),
    nearest_words=("whale", "swam"),
)
HIT = Hit(PASSAGE, INFO, 0.91, Span(27, 43), Location(heading="Sea", paragraph=1), REASON)


@pytest.fixture
def filled(run: Run, write: Write) -> Run:
    """The program, with a document in its library."""
    assert run("add", write("sea.md", TEXT)).code == 0
    return run


def printed(capsys: pytest.CaptureFixture[str], *found: Hit, limit: int = 5, **options: bool) -> str:
    """What is printed of these hits."""
    search_commands.print_hits(Found("q", found, {}), limit=limit, **{"explain": False, "verbose": False, **options})
    return capsys.readouterr().out


# Search


def test_searching(filled: Run) -> None:
    """Each hit has number, name, place, score, passage, reason; the pin is marked where it cannot be bold."""
    outcome = filled("search", "whale", "-k", "1")
    assert outcome.code == 0
    headline, *passage = outcome.out.splitlines()
    (best,) = filled("search", "whale", "-k", "1", "--json").json["hits"]
    assert headline == f"[1] Sea  § Sea, ¶ 1  {best['score']:.2f}"
    assert "The ship left the harbour. **A whale swam by.**" in "\n".join(passage)
    assert re.search(
        r"why: meaning 0\.\d\d \(rank 1\); words \d\.\d \(rank 1\); word for word; matched whale", outcome.out
    )


def test_searching_tells_the_time_where_asked(filled: Run) -> None:
    """`--verbose` adds the milliseconds of each stage."""
    assert re.search(r"encoding \d+\.\d ms", filled("-v", "search", "whale").out)


def test_searching_in_vain(filled: Run) -> None:
    """Nothing found is said, and is no error."""
    outcome = filled("search", " ")
    assert (outcome.code, outcome.out) == (0, "Nothing found.\n")


def test_a_search_can_be_restricted(filled: Run, write: Write) -> None:
    """`--in` names documents as the library knows them, and can be repeated."""
    filled("add", write("other.md", "# Other\n\nAnother whale."))
    found = filled("search", "whale", "--in", "other.md", "--json").json["hits"]
    assert {hit["document"]["title"] for hit in found} == {"Other"}
    found = filled("search", "whale", "--in", "other.md", "--in", "sea.md", "--json").json["hits"]
    assert {hit["document"]["title"] for hit in found} == {"Other", "Sea"}


def test_a_question_may_begin_with_a_dash(filled: Run) -> None:
    """Behind two dashes, as elsewhere on a command line."""
    found = filled("search", "--json", "--", "-whale treaty").json["hits"]
    assert [hit["pin"]["text"] for hit in found] == ["The king signed the treaty."]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        pytest.param(REASON, "meaning 0.61 (rank 2); words 3.1 (rank 1); matched whale, ship", id="both sides"),
        pytest.param(
            why(dense=0.2, lexical=0.0),
            f"meaning 0.20 (beyond the first {CANDIDATES}); no word in common",
            id="far from both",
        ),
        pytest.param(why(lexical=1.0), f"words 1.0 (beyond the first {CANDIDATES})", id="words alone, far"),
        pytest.param(why(dense=0.5, dense_rank=3), "meaning 0.50 (rank 3)", id="meaning alone"),
        pytest.param(replace(why(), verbatim=True, matched_terms=("by",)), "word for word; matched by", id="verbatim"),
    ],
)
def test_a_reason_in_one_line(capsys: pytest.CaptureFixture[str], reason: Why, said: str) -> None:
    """What a side was not asked is not told; what it was asked in vain is."""
    assert f"\nwhy: {said}\n" in printed(capsys, replace(HIT, why=reason))


def told(out: str) -> dict[str, str]:
    """The block of reasons."""
    block = out.split("**\n", 1)[1]
    return {line[:14].strip(): line[14:].strip() for line in block.splitlines() if line.strip()}


def test_an_explanation_tells_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each; the word-for-word part stands with the evidence, a reranker's with its own name."""
    reason = replace(REASON, verbatim=True, reranked=0.456)
    assert told(printed(capsys, replace(HIT, why=reason), explain=True)) == {
        "meaning": "cosine 0.61, rank 2",
        "words": "BM25 3.1, rank 1",
        "fused": "0.98",
        "evidence": "0.83, word for word",
        "reranked": "0.46",
        "in common": "whale, ship",
        "in the pin": "whale",
        "nearest": "whale, swam",
    }


def test_an_explanation_of_what_is_far_from_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Candidates are 100, or as many as were asked for; a word may be only in the passages beside this one."""
    far = replace(HIT, why=why(dense=0.1, lexical=0.0, fused=0.1, evidence=0.1))
    lines = told(printed(capsys, far, explain=True))
    assert lines["meaning"] == f"cosine 0.10, beyond the first {CANDIDATES}"
    assert lines["words"] == "no word in common"
    assert lines.keys() == {"meaning", "words", "fused", "evidence"}
    beside = replace(HIT, why=why(dense=0.1, lexical=1.2))
    lines = told(printed(capsys, beside, explain=True, limit=300))
    assert lines["words"] == "BM25 1.2, beyond the first 300"
    assert lines["in common"] == "none in the passage, some beside it"


def test_explaining_asks_the_library_for_it(filled: Run) -> None:
    """`--explain` names the words of the pin that are nearest in meaning; without it they are not looked for."""
    outcome = filled("search", "Where did the whale swim?", "-k", "1", "--explain")
    assert re.search(r"\n  nearest +whale, ", outcome.out)
    (hit,) = filled("search", "Where did the whale swim?", "-k", "1", "--explain", "--json").json["hits"]
    assert hit["why"]["nearest_words"][0] == "whale"
    (hit,) = filled("search", "Where did the whale swim?", "-k", "1", "--json").json["hits"]
    assert hit["why"]["nearest_words"] == []


def test_a_piped_explanation_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """No colours, and no markup of ours in words of theirs."""
    evil = f"[red]{CSI}{RLO}"
    words = dict.fromkeys(("matched_terms", "pin_terms", "nearest_words"), (evil,))
    out = printed(capsys, replace(HIT, why=why(**words)), explain=True)
    assert out.count("[red][31m") == 3
    assert "\x1b" not in out
    assert RLO not in out


# Copies


def test_copies_stand_below_the_best(run: Run, write: Write) -> None:
    """One text in three files is one hit, which names the other two; each is whole in JSON."""
    run("add", write("a.txt", STORY), write("b.md", f"# Tale\n\n{STORY}"), write("c.txt", f"{STORY} So it was."))
    (best,) = run("search", "Where did the whale swim?", "--json").json["hits"]
    assert [copy["pin"]["text"] for copy in best["also"]] == [best["pin"]["text"]] * 2
    assert len({hit["document"]["id"] for hit in (best, *best["also"])}) == 3
    assert [copy["also"] for copy in best["also"]] == [[], []]
    line = re.search(r"\nalso in: (.+); (.+)\n", run("search", "Where did the whale swim?").out)
    assert line
    for named, copy in zip(line.groups(), best["also"], strict=True):
        name = copy["document"]["title"] or Path(copy["document"]["source"]).name
        assert named == f"{name}, {copy['location']['label']}"


def copies(number: int) -> tuple[Hit, ...]:
    """Copies of HIT, in documents of their own."""
    return tuple(replace(HIT, document=replace(INFO, id=f"{n}", title=f"Copy {n}")) for n in range(1, number + 1))


def test_many_copies_are_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    """Three are named, the rest is a number; `--verbose` names all. A copy without a place has only its name."""
    hit = replace(HIT, also=copies(5))
    three = "Copy 1, § Sea, ¶ 1; Copy 2, § Sea, ¶ 1; Copy 3, § Sea, ¶ 1"
    assert f"\nalso in: {three}; and 2 more\n" in printed(capsys, hit)
    assert "Copy 5" in printed(capsys, hit, verbose=True)
    bare = replace(copies(1)[0], location=Location())
    assert "\nalso in: Copy 1\n" in printed(capsys, replace(HIT, also=(bare,)))
    assert "also in" not in printed(capsys, HIT)


def test_copies_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Their names are words from outside, as all names are."""
    evil = replace(copies(1)[0], document=replace(INFO, title=f"[red]{CSI}{RLO}evil"))
    assert "\nalso in: [red][31mevil, § Sea, ¶ 1\n" in printed(capsys, replace(HIT, also=(evil,)))


# Notes


@pytest.mark.parametrize("question", ["in:nowhere whale", "in:sea"])
def test_notes_go_to_standard_error(filled: Run, question: str) -> None:
    """What is piped on are hits; JSON has the notes itself, and `--quiet` leaves them out."""
    outcome = filled("search", question)
    (note,) = filled("search", question, "--json").json["notes"]
    assert (outcome.out, outcome.err) == ("Nothing found.\n", f"note: {note}\n")
    assert filled("search", question, "--json").err == ""
    assert filled("-q", "search", question).err == ""


def test_notes_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """They may repeat what was asked."""
    search_commands.print_notes(Found("q", (), {}, (f"evil{CSI}{RLO}",)))
    assert capsys.readouterr().err == "note: evil[31m\n"


# Operators


@pytest.mark.parametrize("command", ["search", "coverage"])
def test_the_help_lists_the_operators(command: str) -> None:
    """All of them, as `index.text.query` states them, within 80 columns."""
    text = CliRunner().invoke(app.app, [command, "--help"], env={"COLUMNS": "80"}).output
    flat = " ".join(text.split())
    for example, meaning in SYNTAX:
        assert f"{example} {meaning}" in flat
    assert max(map(len, text.splitlines())) <= 80


# Coverage


@pytest.fixture
def covered(filled: Run, write: Write) -> Run:
    """The program, with a document that speaks of whales and two that do not."""
    assert filled("add", write("b.txt", "The doctor baked bread."), write("a.txt", "The garden has a clock.")).code == 0
    return filled


def test_coverage(covered: Run) -> None:
    """One row a document: the best place and words of those that speak to it, then the silent ones, by name."""
    out = covered("coverage", "Where did the whale swim?").out
    assert re.search(r"Sea +[01]\.\d\d +§ Sea, ¶ 1 *\n +A whale swam by\. *\n +a\.txt +no mention *\n +b\.txt", out)
    assert out.count("no mention") == 2
    assert out.endswith("1 of 3 documents mention the subject of the question.\n")


def test_coverage_can_be_restricted(covered: Run) -> None:
    """By option and by operator: what is left out has no row."""
    rows = covered("coverage", "whale", "--in", "a.txt", "--json").json["documents"]
    assert [(Path(row["document"]["source"]).name, row["hit"]) for row in rows] == [("a.txt", None)]
    rows = covered("coverage", "whale type:md", "--json").json["documents"]
    assert [row["document"]["title"] for row in rows] == ["Sea"]


NOWHERE = "No document is what in:, type:, after: or before: ask for."


@pytest.mark.parametrize(("question", "notes"), [(" ", []), ("in:nowhere whale", [NOWHERE])])
def test_coverage_of_nothing(covered: Run, question: str, notes: list[str]) -> None:
    """That nothing was searched is said, in CSV by columns without rows."""
    assert covered("coverage", question).out.startswith("No document was searched.")
    assert covered("coverage", question, "--csv").out == ",".join(search_commands.COLUMNS) + "\r\n"
    told = covered("coverage", question, "--json").json
    assert told == {"question": question.strip(), "documents": [], "notes": notes}


def test_coverage_as_json_has_the_hits_of_a_search(covered: Run) -> None:
    """A row's hit is shaped like any other, and null where there is none."""
    rows = covered("coverage", "whale", "--json").json["documents"]
    (hit, *_) = covered("search", "whale", "--json").json["hits"]
    assert rows[0]["hit"].keys() == hit.keys()
    assert rows[0]["hit"]["pin"] == hit["pin"]
    assert rows[0]["document"] == hit["document"]
    assert [row["hit"] for row in rows[1:]] == [None, None]


def test_long_words_are_cut_in_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """At a space where there is one, and only on a terminal: what is piped, and CSV, have all of them."""

    def quoting(text: str) -> Coverage:
        passage = Passage(1, INFO.id, 0, 0, len(text), text, (Span(0, len(text)),))
        return Coverage(INFO, replace(HIT, passage=passage, pin=Span(0, len(text))))

    search_commands.print_coverage([quoting("鯨" * 300)])
    assert "鯨" * 300 in capsys.readouterr().out
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    search_commands.print_coverage([quoting("A whale\nswam. " * 30), quoting("鯨" * 300)])
    out = re.sub(r"[\s─]+", "", capsys.readouterr().out)
    assert re.search(r"(Awhaleswam\.){10,12}(A|Awhale)?…", out)
    assert re.search(r"[^鯨]鯨{159}…", out)
    search_commands.print_coverage_csv([quoting("鯨" * 300)])
    assert "鯨" * 300 in capsys.readouterr().out


def cells(out: str) -> list[dict[str, str]]:
    """The rows of a CSV, which must be RFC 4180's."""
    assert out.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(out, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def test_coverage_as_csv(covered: Run) -> None:
    """Offsets cut the quote out of the text; a document without a mention has its names and nothing else."""
    out = covered("coverage", "Where did the whale swim?", "--csv").out
    sea, silent, _ = cells(out)
    text = covered("show", "sea.md", "--json").json["text"]
    (info,) = [each for each in covered("list", "--json").json if each["title"] == "Sea"]
    assert out.splitlines()[0] == "document,source,id,date,score,location,start,end,quote,mention"
    assert text[int(sea["start"]) : int(sea["end"])] == sea["quote"] == "A whale swam by."
    assert (sea["document"], sea["source"], sea["id"], sea["mention"]) == ("Sea", info["source"], info["id"], "yes")
    assert sea["location"] == "§ Sea, ¶ 1"
    assert 0 < float(sea["score"]) <= 1
    assert (silent["document"], silent["mention"]) == ("a.txt", "no")
    assert {silent[name] for name in ("score", "location", "start", "end", "quote")} == {""}


def row(title: str, text: str, **changes: Any) -> Coverage:
    """A document of this title, and a passage of it that is all pin."""
    info = replace(INFO, title=title, **changes)
    passage = Passage(1, info.id, 0, 0, len(text), text, (Span(0, len(text)),))
    return Coverage(info, replace(HIT, document=info, passage=passage, pin=Span(0, len(text))))


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        ("=HYPERLINK(0)", "'=HYPERLINK(0)"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'=1"),
        ("\n=1", "'\n=1"),
        (f"{RLO}=1", "'=1"),
        ("＝1", "'＝1"),
        ("1=1", "1=1"),
        ("'=1", "'=1"),
        ('He said "no", twice.\nThen left.', 'He said "no", twice.\nThen left.'),
        (f"a{CSI}b\udcff", "a[31mb\ufffd"),
        ("", ""),
    ],
    ids=ascii,
)
def test_no_cell_is_a_formula(capsys: pytest.CaptureFixture[str], words: str, cell: str) -> None:
    """A document's words stay words in a spreadsheet and on a terminal; quotes, commas and line breaks survive."""
    search_commands.print_coverage_csv([row(words or "x", words, source=words or "x", date=words)])
    (written,) = cells(capsys.readouterr().out)
    assert (written["document"], written["source"]) == (cell or "x", cell or "x")
    assert (written["date"], written["quote"]) == (cell, cell)


def test_negative_numbers_of_ours_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Only words are guarded; a score is a number."""
    search_commands.print_coverage_csv([row("x", "y")])
    assert cells(capsys.readouterr().out)[0]["score"] == "0.91"


def test_csv_is_utf_8_whatever_the_terminal_speaks(covered: Run, write: Write, tmp_path: Path) -> None:
    """Its bytes do not depend on where it was made: lines end in CR LF, letters are UTF-8."""
    covered("add", write("Wäl.txt", "A whale."))
    program = "import sys; from index.cli import search_commands; from index.library.library import Library\n"
    program += "from index.records import Coverage\n"
    program += (
        "search_commands.print_coverage_csv([Coverage(info, None) for info in Library.open(sys.argv[1]).documents()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "library")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=True,
    )
    assert "Wäl.txt".encode() in done.stdout
    assert done.stdout.count(b"\r\n") == done.stdout.count(b"\n") == 1 + len(covered("list", "--json").json)


def test_csv_and_json_at_once_are_wrong_usage(covered: Run) -> None:
    """Nothing is printed that is neither."""
    outcome = covered("coverage", "whale", "--csv", "--json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "choose one" in outcome.err
