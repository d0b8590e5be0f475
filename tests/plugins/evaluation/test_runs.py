"""Evaluation: figures that can be computed by hand, agreement with a second library, and errors that name the line."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import EvaluationError
from index.library.library import Library
from index.plugins.evaluation.measures import (
    MEANINGS,
    Agreement,
    Gold,
    Rationale,
    agreement,
    any_of,
    compare,
    estimate,
    evidence,
    holm,
    measured,
    merge_spans,
    p_value,
    ranked,
    rationale_pins,
)
from index.plugins.evaluation.runs import evaluate_folder, evaluate_questions
from index.plugins.evaluation.sets import canonical, entry, read_set
from index.records import DocumentInfo, Found, Hit, Location, Passage, Span
from index.settings import Settings
from tests.factories import why
from tests.fakes import FakeEncoder
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.records import Mode

    MakeSet = Callable[..., Path]

SHARED = Path(__file__).parents[4] / "shared" / "eval"
SMALL_SETS = ("adi", "chunking", "covidqa", "cran")
LARGE_SETS = ("cisi", "clapnq", "scifact", "squad_v2")
CORPUS = [
    {"id": "sea", "title": "The sea", "text": "The ship left the harbour. A whale swam by."},
    {"id": "land", "title": "The land", "text": "The king signed the treaty. Bread was dear."},
    {"id": "sky", "title": "The sky", "text": "A comet was seen in winter. The queen was told of it."},
]
QUERIES = [{"id": "q1", "text": "Which vessel sailed?"}, {"id": "q2", "text": "Who signed the treaty?"}]
JUDGEMENTS = "q1\tsea\t1\nq2\tland\t1\n"
SMALL = Settings(passage_tokens=32)

texts = st.text(st.characters(codec="utf-8"), max_size=40) | st.text("ab \n\r\t\u2028", max_size=20)
spans = st.lists(st.builds(lambda start, size: Span(start, start + size), st.integers(0, 40), st.integers(0, 12)))


def shared(name: str) -> Path:
    """Return the folder of a public set; the test is skipped where it is missing."""
    if not (SHARED / name).exists():
        pytest.skip("shared data is absent: the public sets are not part of the project")
    return SHARED / name


def hit(source: str, text: str = "", *, start: int = 0, pin: str = "", score: float = 0.5) -> Hit:
    """Return a passage of a document, whose pin is these words of it."""
    end = start + len(text)
    pin_start = start + text.index(pin)
    return Hit(
        passage=Passage(1, source, 0, start, end, text, (Span(start, end),)),
        document=DocumentInfo(source, source, "", "", "", "text/plain", end, 0, 1),
        score=score,
        pin=Span(pin_start, pin_start + len(pin)),
        location=Location(),
        why=why(),
        claims=(0.0,),
    )


@pytest.fixture
def make_set(tmp_path: Path) -> MakeSet:
    """Return a function that writes a set: lists become JSON lines, and text is written unchanged."""

    def make(name: str = "tiny", **files: Any) -> Path:
        given_files = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels.tsv": JUDGEMENTS}
        given_files |= {key.replace("__", "/").replace("_", "."): value for key, value in files.items()}
        for file, content in given_files.items():
            if content is not None:
                path = tmp_path / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                lines = content if isinstance(content, str) else "\n".join(map(json.dumps, content))
                path.write_text(lines, encoding="utf-8")
        return tmp_path / name

    return make


# Rankings


def test_ranking_measures_agree_with_a_calculation_by_hand() -> None:
    """A document of relevance 1 is at rank 2, one of relevance 2 at rank 3, and one is missing.

    A query without hits is part of the mean.
    """
    ranking = ranked([hit("other", score=0.9), hit("a", score=0.8), hit("b", score=0.7)])
    values = measured({"q": {"a": 1, "b": 2, "lost": 1, "other": 0}}, {"q": ranking})
    gain = 1 / math.log2(3) + 2 / math.log2(4)
    ideal_gain = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert values["nDCG@10"]["q"] == pytest.approx(gain / ideal_gain)
    assert values["Recall@10"]["q"] == values["Recall@100"]["q"] == pytest.approx(2 / 3)
    assert values["MRR@10"]["q"] == pytest.approx(1 / 2)
    values = measured({"q": {"a": 1}}, {"q": {}})
    assert {name: by_query["q"] for name, by_query in values.items()} == dict.fromkeys(values, 0.0)


def test_document_ranks_by_its_best_passage() -> None:
    """The number of its passages and the scores of later hits do not matter."""
    hits = [hit("a", score=0.75), hit("b", score=0.5), hit("a", score=0.25), hit("c", score=0.5), hit("d", score=0.625)]
    ranking = ranked(hits)
    assert list(ranking) == ["a", "b", "c", "d"]
    assert (ranking["a"], ranking["b"]) == (0.75, 0.5)
    assert 0.5 > ranking["c"] > ranking["d"] > 0.4999


@given(st.lists(st.floats(0, 1), max_size=30))
def test_scores_of_a_run_fall_strictly(scores: list[float]) -> None:
    """Every tool sees the order of the hits, even with 32-bit floats; scores change only by rounding."""
    original = sorted(scores, reverse=True)
    ranking = ranked([hit(str(rank), score=score) for rank, score in enumerate(original)])
    assert list(ranking) == [str(rank) for rank in range(len(scores))]
    as_float32 = np.array(list(ranking.values()), dtype=np.float32)
    assert (np.diff(as_float32) < 0).all()
    assert as_float32 == pytest.approx(original, abs=1e-5)


@pytest.mark.nightly
def test_torchmetrics_computes_the_same_figures(tmp_path: Path) -> None:
    """It gets the run and the judgements as files, and agrees to three decimals."""
    from torch import tensor
    from torchmetrics.functional import retrieval

    run, folder = tmp_path / "adi.trec", shared("adi")
    result = evaluate_folder(folder, Settings(), run=run, encoder=FakeEncoder(max_tokens=256))
    scores: dict[str, dict[str, float]] = {}
    for line in run.read_text().splitlines():
        query, _, document, rank, _, _ = line.split()
        scores.setdefault(query, {})[document] = 1 / int(rank)  # torchmetrics takes a score of 0 for "not found"
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, document, _ = line.split("\t")
        relevant.setdefault(query, set()).add(document)
    documents = [json.loads(line)["id"] for line in (folder / "corpus.jsonl").read_text().splitlines()]
    measures: dict[str, tuple[Callable[..., Any], int]] = {
        "nDCG@10": (retrieval.retrieval_normalized_dcg, 10),
        "Recall@10": (retrieval.retrieval_recall, 10),
        "Recall@100": (retrieval.retrieval_recall, 100),
        "MRR@10": (retrieval.retrieval_reciprocal_rank, 10),
    }
    assert all(scores[query].keys() == set(documents) for query in relevant)
    for name, (measure, k) in measures.items():
        figures = [
            measure(
                tensor([scores[query][identity] for identity in documents]),
                tensor([identity in relevant_ids for identity in documents]),
                k,
            )
            for query, relevant_ids in relevant.items()
        ]
        assert result.outcomes[0].estimates[name].mean == pytest.approx(float(np.mean(figures)), abs=5e-4), name


# Answers, pins and characters


@pytest.mark.parametrize(
    ("wording", "text", "found"),
    [
        ("18", "a share of 18 per cent", True),
        ("18", "in 1808", False),
        ("$12", "nearly US$12.", True),
        ("New York", "in new\n york", True),
        ("C++", "written in C++, mostly", True),
        ("a.c", "abc", False),
        (" ", "anything", False),
    ],
    ids=["number", "inside a number", "sign", "space and case", "punctuation", "no pattern", "blank"],
)
def test_answer_is_found_only_as_whole_words(wording: str, text: str, found: bool) -> None:
    """Case and white space do not matter, but the inside of another word does not count."""
    assert bool(any_of([wording]).search(text)) == found


def test_agreement_agrees_with_a_calculation_by_hand() -> None:
    """Of ten found and ten gold characters, five are common; then thirty more are found elsewhere."""
    assert agreement([Span(0, 10)], [Span(5, 15)]) == Agreement(5 / 15, 1 / 2, 1 / 2)
    assert agreement([Span(0, 10)], [Span(5, 15)], elsewhere=30) == Agreement(5 / 45, 1 / 2, 5 / 40)
    assert agreement([], [Span(5, 15)]) == Agreement(0, 0, 0)


@given(spans, spans)
def test_agreement_counts_each_character_once(found: list[Span], gold: list[Span]) -> None:
    """It is that of the sets of characters, however the spans overlap."""
    found_characters, gold_characters = (
        {position for span in spans for position in range(*span)} for spans in (found, gold)
    )
    iou, recall, precision = agreement(merge_spans(found), merge_spans(gold))
    assert iou == pytest.approx(
        len(found_characters & gold_characters) / max(1, len(found_characters | gold_characters))
    )
    assert recall == pytest.approx(len(found_characters & gold_characters) / max(1, len(gold_characters)))
    assert precision == pytest.approx(len(found_characters & gold_characters) / max(1, len(found_characters)))


def test_answer_in_the_wrong_document_is_scored_separately() -> None:
    """`Answer@k` counts words anywhere; `right document` and gold characters need the right document."""
    gold = Gold("q", "right", ("1973",), ((Span(3, 7),),))
    hits = [hit("wrong", "By 1973. So.", pin="By 1973."), hit("right", "In 1973 it began. No.", pin="No.")]
    scores = dict(evidence(gold, hits, hits))
    assert (scores["Answer@1"], scores["Answer@1, right document"], scores["Answer@5, right document"]) == (1, 0, 1)
    assert (scores["Pin"], scores["Pin, right document"], scores["Pin precision"]) == (1, 0, 0)
    assert scores["Top 5 recall"] == 1
    assert scores["Top 5 precision"] == pytest.approx(4 / (len(hits[0].passage.text) + len(hits[1].passage.text)))
    assert set(scores) <= set(MEANINGS)


def test_nearest_of_several_right_answers_is_scored() -> None:
    """An answer may begin or end inside a word, and any of the alternatives counts.

    A guessed position is not scored, but the words are.
    """
    pin = hit("right", "viruses. More.", start=10, pin="viruses.")
    gold = Gold("q", "right", ("virus",), ((Span(40, 50),), (Span(10, 15),)))
    scores = dict(evidence(gold, [pin], [pin]))
    assert scores["Pin"] == scores["Pin recall"] == 1
    assert scores["Pin precision"] == pytest.approx(5 / 8)
    top = [hit("right", "In 1973.", pin="In 1973.")]
    scores = dict(evidence(Gold("q", "right", ("1973",), ()), top, top))
    assert scores["Pin"] == scores["Answer@1, right document"] == 1
    assert not any("precision" in name or "recall" in name or "IoU" in name for name in scores)


def test_second_pin_may_hold_the_answer() -> None:
    """`Two pins` takes the pin of the document's best hit and the best other sentence of all its hits."""
    best = replace(hit("right", "1973", pin="1973"), claims=(0.4,))
    hits = [hit("wrong", "1972", pin="1972"), best]
    hits += [replace(hit("right", year, pin=year), claims=(claim,)) for year, claim in (("1975", 0.1), ("1974", 0.3))]
    years = ("1972", "1973", "1974", "1975")
    by_year = {year: dict(evidence(Gold("q", "right", (year,), ()), hits[:1], hits)) for year in years}
    assert [by_year[year]["Pin"] for year in years] == [1, 0, 0, 0]
    assert [by_year[year]["Pin, right document"] for year in years] == [0, 1, 0, 0]
    assert [by_year[year]["Two pins, right document"] for year in years] == [0, 1, 1, 0]


def test_rationale_is_scored_only_if_its_document_is_found() -> None:
    """A pin counts if half of it is gold; a document that is not in the list is left out, not wrong."""
    rationales = [Rationale("c", name, (Span(0, 6),)) for name in ("half", "less", "lost")]
    top = [hit("half", "It rains, so.", pin="It rains, so"), hit("less", "It rains, so.", pin="It rains, so.")]
    assert list(rationale_pins(rationales, top)) == [1, 0]


# Reading sets


@pytest.mark.parametrize(
    ("file", "judgements"),
    [
        ("qrels.tsv", "q1\tsea\t1\nq2\tland\t1\n"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\tsea\t1\nq2\tland\t1\n"),
        ("qrels.tsv", "q1 0 sea 1\nq2 0 land 1\n"),
        ("qrels.tsv", "query-id\t0\tcorpus-id\tscore\r\nq1\t0\tsea\t1\r\n\r\nq2\t0\tland\t1"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\tsea\t1\nq2\tland\t1\n"),
    ],
    ids=["three columns", "header", "TREC", "four columns and header", "as BEIR ships"],
)
def test_judgements_are_read_in_each_format(make_set: MakeSet, file: str, judgements: str) -> None:
    """The file may have a header or none, and three columns or four."""
    folder = make_set(qrels_tsv=None)
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(judgements)
    assert read_set(folder).judgements == {"q1": {"sea": 1}, "q2": {"land": 1}}


@settings(max_examples=length(10, 50))
@given(st.text(max_size=12), texts)
def test_gold_offset_selects_the_same_words_in_the_document(title: str, text: str) -> None:
    """Whatever the title adds before the text, a span of the corpus holds the same words."""
    converted = entry("set", "id", title, text)
    assert converted.document.text == converted.document.text.strip()
    assert "\r" not in converted.document.text
    for start in range(len(text)):
        if canonical(text[start : start + 5]).strip() and text[start] != "\n":
            span = converted.span(start, text[start : start + 5])
            assert span is not None
            assert span.of(converted.document.text) == canonical(text)[start : start + 5].strip()


def test_title_becomes_a_heading_once() -> None:
    """It is added unless the text begins with it, and only a separate line is a heading."""
    documents = {
        text: entry("set", "id", "Oil", text).document for text in ("It is black.", "Oil\n\nIt is.", "Oil is black.")
    }
    assert [document.text for document in documents.values()] == [
        "Oil\n\nIt is black.",
        "Oil\n\nIt is.",
        "Oil is black.",
    ]
    assert [[mark.label for mark in document.landmarks] for document in documents.values()] == [["Oil"], ["Oil"], []]


@pytest.mark.parametrize("name", [*SMALL_SETS, *(pytest.param(name, marks=pytest.mark.nightly) for name in LARGE_SETS)])
def test_gold_spans_of_the_public_sets_are_found(name: str) -> None:
    """Only documents without words and queries without judgements are left out."""
    notes = [note for note in read_set(shared(name)).notes if "empty documents" not in note]
    assert notes == []


def test_gold_answers_are_read_with_their_positions(make_set: MakeSet) -> None:
    """Pieces of an answer belong together, answers with votes are alternatives, and a guessed position is ignored."""
    text = CORPUS[0]["text"]
    pieces = [{"text": piece, "start": text.index(piece)} for piece in ("ship", "whale")]
    votes = [
        {**piece, "votes": 1, "n_occurrences": occurrences} for piece, occurrences in zip(pieces, (1, 2), strict=True)
    ]
    row = {"id": "a", "question": "What?", "doc_id": "sea", "answerable": True}
    rows = [{**row, "answers": pieces}, {**row, "id": "b", "answers": votes}, {"id": "c", "answerable": False}]
    guess = {**row, "id": "d", "answers": [{**pieces[0], "n_occurrences": 3}]}
    evaluation_set = read_set(make_set(queries_jsonl=None, qrels_tsv=None, qa_jsonl=[*rows, guess]))
    document = next(document for document in evaluation_set.documents if document.source == "sea")
    golds = [
        [[span.of(document.text) for span in alternative] for alternative in gold.alternatives]
        for gold in evaluation_set.tasks[0].golds
    ]
    assert golds == [[["ship", "whale"]], [["ship"]], []]
    assert evaluation_set.unanswerable == 1


def test_answerable_questions_without_a_place_or_an_answer_get_a_note(make_set: MakeSet) -> None:
    """An answer without a place is scored by its words; a question without an answer is left out."""
    row = {"id": "a", "question": "What?", "doc_id": "sea", "answers": [{"text": "ship"}]}
    empty = [{**row, "id": "b", "answers": []}, {**row, "id": "c", "answers": [{"text": " ", "start": 0}]}]
    unstated = {"id": "d", "question": "Who?", "doc_id": "sea"}
    evaluation_set = read_set(make_set(queries_jsonl=None, qrels_tsv=None, qa_jsonl=[row, *empty, unstated]))
    assert [(gold.wordings, gold.alternatives) for gold in evaluation_set.tasks[0].golds] == [(("ship",), ())]
    assert len(evaluation_set.tasks) == 1
    assert evaluation_set.notes == (
        "3 answerable questions have no answer and were left out.",
        "1 gold texts have no start, and are not scored by position.",
    )


def test_left_out_rows_are_counted_in_notes(make_set: MakeSet) -> None:
    """A judgement of an unknown document stays and costs recall; a query without text or judgement is left out."""
    queries = [*QUERIES, {"id": "q3", "text": "Never judged?"}]
    evaluation_set = read_set(make_set(queries_jsonl=queries, qrels_tsv=JUDGEMENTS + "q1\tmoon\t1\nq9\tsea\t1\n"))
    assert [note.split(maxsplit=1)[0] for note in evaluation_set.notes] == ["1", "1", "1"]
    assert evaluation_set.judgements["q1"] == {"sea": 1, "moon": 1}
    assert [task.text for task in evaluation_set.tasks] == ["Which vessel sailed?", "Who signed the treaty?"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"corpus_jsonl": None}, "corpus.jsonl cannot be read"),
        ({"corpus_jsonl": ""}, "is empty"),
        ({"corpus_jsonl": '{"id": "a", "text": "b"}\n\n{"id": '}, r"corpus.jsonl, line 3: this is not JSON"),
        ({"corpus_jsonl": "[1]"}, "corpus.jsonl, line 1: this is not a JSON object"),
        ({"corpus_jsonl": [{"id": "a"}]}, "corpus.jsonl, line 1: 'text' is missing"),
        ({"corpus_jsonl": [{"id": "a", "text": ["b"]}]}, "line 1: 'text' is not a text"),
        ({"corpus_jsonl": [*CORPUS, CORPUS[0]]}, "corpus.jsonl, line 4: the id 'sea' occurs twice"),
        ({"queries_jsonl": None}, "queries.jsonl cannot be read"),
        ({"qrels_tsv": None}, "no question with a known answer"),
        ({"qrels_tsv": JUDGEMENTS + "q1\tsea\n"}, "qrels.tsv, line 3: it has 2 columns"),
        ({"qrels_tsv": JUDGEMENTS + "q1\tsea\tmuch\n"}, "qrels.tsv, line 3: the relevance 'much'"),
        ({"qa_jsonl": [{"id": "a", "doc_id": "sea", "answers": "no"}]}, "qa.jsonl, line 1: 'answers' is not a list"),
        ({"qa_jsonl": [{"id": "a", "answerable": "yes"}]}, "line 1: 'answerable' is neither true nor false"),
        (
            {"qa_jsonl": [{"id": "a", "doc_id": "sea", "answers": [{"text": "ship", "start": -1}]}]},
            "line 1: 'start' is not a whole number",
        ),
    ],
)
def test_error_in_a_set_names_its_file_and_line(make_set: MakeSet, files: dict[str, Any], message: str) -> None:
    """The message also says what is wrong. The encoding is not guessed."""
    folder = make_set(**files)
    with pytest.raises(EvaluationError, match=message):
        read_set(folder)
    (make_set() / "queries.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(EvaluationError, match="is not UTF-8"):
        read_set(folder)


# Whole evaluations


def test_better_mode_has_the_better_figures(make_set: MakeSet) -> None:
    """Only the dense index knows that `vessel` is a ship; the words about the treaty are in the document for both."""
    modes: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
    result = evaluate_folder(make_set(), SMALL, modes=modes, encoder=FakeEncoder())
    reached = {outcome.mode: outcome.values["MRR@10"] for outcome in result.outcomes}
    assert reached["dense"] == reached["hybrid"] == {"q1": 1.0, "q2": 1.0}
    assert reached["lexical"] == {"q1": 0.0, "q2": 1.0}
    assert (result.documents, result.questions) == (3, 2)
    assert result.passages_per_second
    assert result.passages_per_second > 0


def test_kept_library_is_reused(make_set: MakeSet, tmp_path: Path) -> None:
    """The second run encodes nothing and has the same figures; a library of another set is refused."""
    encoder, keep = FakeEncoder(), tmp_path / "kept"
    first = evaluate_folder(make_set(), SMALL, keep=keep, encoder=encoder)
    encoded = len(encoder.encoded)
    second = evaluate_folder(make_set(), SMALL, keep=keep, encoder=encoder)
    assert len(encoder.encoded) == encoded
    assert second.passages_per_second is None
    assert second.outcomes[0].values == first.outcomes[0].values
    other = make_set("other", corpus_jsonl=[{"id": "sea", "text": "It is wide."}])
    with pytest.raises(EvaluationError, match="2 documents that are not in the set other"):
        evaluate_folder(other, SMALL, keep=keep, encoder=encoder)


def test_first_ten_passages_are_those_of_a_normal_search(
    make_set: MakeSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A deeper search in another order only adds passages."""
    search = Library.search

    def search_in_reverse(self: Library, question: str, *, limit: int = 10, **options: Any) -> Found:
        result = search(self, question, limit=limit, **options)
        return result if limit == 10 else Found(question, result.hits[::-1], {})

    monkeypatch.setattr(Library, "search", search_in_reverse)
    result = evaluate_folder(make_set(), SMALL, encoder=FakeEncoder(), run=tmp_path / "run")
    assert result.outcomes[0].values["MRR@10"] == {"q1": 1.0, "q2": 1.0}
    assert (tmp_path / "run").read_text().splitlines()[0].split()[2:4] == ["sea", "1"]


def test_questions_of_a_set_are_searched_as_plain_words(make_set: MakeSet) -> None:
    """Their authors did not use our query syntax, so operators have no effect."""
    queries = [{"id": "q1", "text": 'Which vessel "sailed away" -harbour in:nothing?'}, QUERIES[1]]
    result = evaluate_folder(make_set(queries_jsonl=queries), SMALL, encoder=FakeEncoder())
    assert result.outcomes[0].values["MRR@10"] == {"q1": 1.0, "q2": 1.0}


def test_duplicate_of_a_relevant_document_counts_as_found(make_set: MakeSet) -> None:
    """Two documents with one text make one hit, and the set may judge either of them."""
    twin = {**CORPUS[0], "id": "twin"}
    for judged in ("sea", "twin"):
        folder = make_set(judged, corpus_jsonl=[*CORPUS, twin], qrels_tsv=f"q1\t{judged}\t1\n")
        result = evaluate_folder(folder, SMALL, encoder=FakeEncoder())
        assert result.outcomes[0].values["Recall@10"] == {"q1": 1.0}


def test_limit_takes_the_first_questions(make_set: MakeSet) -> None:
    """Each is searched twice, after one search to warm up; the settings' limit for long questions does not apply."""
    encoder, progress = FakeEncoder(), []
    long = [{"id": "q1", "text": "ship " * 100}, QUERIES[1]]
    short = Settings(passage_tokens=32, max_question_characters=50)
    result = evaluate_folder(
        make_set(queries_jsonl=long), short, limit=1, encoder=encoder, asked=lambda *call: progress.append(call)
    )
    assert encoder.questions == [("ship " * 100).strip()] * 3
    assert progress == [("hybrid", 1, 1)]
    assert result.outcomes[0].values["MRR@10"] == {"q1": 1.0}


def test_answers_and_rationales_are_scored(make_set: MakeSet) -> None:
    """A set may have judgements, answers and rationales."""
    text = CORPUS[1]["text"]
    span = {"text": "The king signed the treaty.", "start": 0}
    question = {
        "id": "q2",
        "question": QUERIES[1]["text"],
        "doc_id": "land",
        "answers": [{"text": "The king", "start": 0}],
    }
    claims = [{"claim_id": "c", "claim": "A king signed a treaty.", "doc_id": "land", "spans": [span]}]
    result = evaluate_folder(make_set(qa_jsonl=[question], rationales_jsonl=claims), SMALL, encoder=FakeEncoder())
    values = result.outcomes[0].values
    assert text.startswith(span["text"])  # type: ignore[arg-type]
    assert values["Pin"] == values["Pin recall"] == {"q2": 1.0}
    assert values["Pin precision"]["q2"] == pytest.approx(len("The king") / len("The king signed the treaty."))
    assert values["Rationale pin"] == {"c": 1.0}
    assert list(values) == [name for name in MEANINGS if name in values]


def test_unwritable_run_is_an_error_before_the_work(make_set: MakeSet, tmp_path: Path) -> None:
    """Ids with spaces do not fit the format, and the folder must exist."""
    encoder, corpus = FakeEncoder(), [{**CORPUS[0], "id": "the sea"}]
    with pytest.raises(EvaluationError, match="'the sea'"):
        evaluate_folder(make_set(corpus_jsonl=corpus), SMALL, run=tmp_path / "run", encoder=encoder)
    with pytest.raises(EvaluationError, match="No such file"):
        evaluate_folder(make_set(), SMALL, run=tmp_path / "nowhere" / "run", encoder=encoder)
    assert encoder.encoded == []


# Questions of a user


OWN = {"question": "Who signed the treaty?", "document": "land.txt", "quote": "The king signed  the treaty"}


@pytest.fixture(scope="module")
def two_documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library with two documents, which the tests only search."""
    folder = tmp_path_factory.mktemp("two-documents")
    (folder / "land.txt").write_text("The king signed the treaty.", encoding="utf-8")
    (folder / "sea.txt").write_text("The ship left the harbour.", encoding="utf-8")
    with Library.open(folder / "library", SMALL, encoder=FakeEncoder()) as library:
        library.add([folder / "land.txt", folder / "sea.txt"])
        yield library


def _questions(tmp_path: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_questions_of_a_user_are_searched_and_scored(two_documents: Library, tmp_path: Path) -> None:
    """One is answered, and one names the wrong document and a missing quote, which a note reports."""
    wrong = {"question": "Who signed the treaty?", "document": "sea.txt", "quote": "a whale"}
    unanswerable = {"question": "Who invented radar?", "answerable": False}
    result = evaluate_questions(_questions(tmp_path, [OWN, "", wrong, unanswerable]), two_documents)
    values = result.outcomes[0].values
    assert values["Document@1"] == {"1": 1.0, "3": 0.0}
    assert values["Document@3"] == {"1": 1.0, "3": 1.0}
    assert values["Quote@1"] == values["Quote@3"] == {"1": 1.0, "3": 0.0}
    assert (result.questions, result.unanswerable) == (2, 1)
    assert result.notes == ("Line 3: the document does not hold the quote.",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([OWN, "{"], "questions.jsonl, line 2: this is not JSON"),
        ([OWN, {"question": "Who?", "document": "land.txt"}], "line 2: 'quote' is missing"),
        ([OWN, {**OWN, "question": " "}], "line 2: 'question' is empty"),
        ([OWN, {**OWN, "document": "moon.txt"}], "line 2: No document of this library is called 'moon.txt'"),
        ([{"answerable": False}], "no answerable question"),
    ],
    ids=["broken", "field", "empty", "document", "no mean"],
)
def test_error_in_a_question_names_its_line(
    two_documents: Library, tmp_path: Path, rows: list[dict[str, Any] | str], message: str
) -> None:
    """The message says what is wrong, and no question is searched."""
    with pytest.raises(EvaluationError, match=message):
        evaluate_questions(_questions(tmp_path, rows), two_documents)


# Statistics


def test_confidence_interval_holds_the_mean_and_is_reproducible() -> None:
    """It narrows with more questions; a single question has none.

    It is 1.96 standard errors on either side, by the central limit theorem.
    """
    few, many = estimate([0.0, 1.0] * 10), estimate([0.0, 1.0] * 2000)
    for estimated in (few, many):
        assert estimated.low is not None
        assert estimated.high is not None
        assert estimated.low < estimated.mean < estimated.high
    assert few.high - few.low > 5 * (many.high - many.low)  # type: ignore[operator]
    assert few == estimate([0.0, 1.0] * 10)
    assert estimate([0.5]).low is None
    assert many.high == pytest.approx(0.5 + 1.96 * 0.5 / math.sqrt(4000), abs=2e-3)


def test_p_value_is_exact_for_few_questions() -> None:
    """With four wins of four, two of sixteen sign patterns are as extreme; without a difference, p is 1."""
    assert p_value([1.0, 1.0, 1.0, 1.0]) == pytest.approx(2 / 16)
    assert p_value([0.0, 0.0, 0.0]) == 1.0
    assert p_value([0.1] * 200) < 0.001


def test_holm_correction_agrees_with_a_calculation_by_hand() -> None:
    """The smallest p is multiplied by three, the next by two, and the values never fall."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


# Comparing


def _results(folder: Path, tmp_path: Path, **changes: dict[str, Any]) -> list[Path]:
    """Write a result for each name, as `--json` does, and return the paths. The set is indexed once."""
    paths = []
    for name, options in changes.items():
        keep = tmp_path / f"library-{folder.name}"
        result = evaluate_folder(folder, SMALL, keep=keep, encoder=FakeEncoder(), **options)
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps(asdict(result)))
    return paths


def test_results_are_compared_question_by_question(make_set: MakeSet, tmp_path: Path) -> None:
    """Of two questions the dense mode wins one: a difference of a half, which two questions cannot prove."""
    first, second = _results(make_set(), tmp_path, a={"modes": ("lexical",)}, b={"modes": ("dense",)})
    result = compare(first, second)
    row = next(difference for difference in result.differences if difference.measure == "MRR@10")
    assert (row.first_mode, row.second_mode) == ("lexical", "dense")
    assert (row.first, row.second, row.difference.mean) == (0.5, 1.0, 0.5)
    assert row.p == row.p_holm == 1.0


def test_only_common_questions_and_modes_are_compared(make_set: MakeSet, tmp_path: Path) -> None:
    """Others are left out and counted."""
    corpus = [{"id": "q3", "text": "Who saw a comet?"}, *QUERIES]
    folder = make_set(queries_jsonl=corpus, qrels_tsv=JUDGEMENTS + "q3\tsky\t1\n")
    both = ("dense", "hybrid")
    first, second = _results(folder, tmp_path, a={"modes": both}, b={"modes": ("dense", "lexical"), "limit": 2})
    result = compare(first, second)
    assert {
        (difference.first_mode, difference.second_mode, difference.difference.n) for difference in result.differences
    } == {("dense", "dense", 2)}
    assert result.notes == ("1 questions are in only one of the two results and were left out.",)


def test_results_that_cannot_be_compared_are_errors(make_set: MakeSet, tmp_path: Path) -> None:
    """These have other documents, no common mode, or are no results."""
    (own,) = _results(make_set(), tmp_path, own={})
    (other,) = _results(make_set("other", corpus_jsonl=CORPUS[:2]), tmp_path, other={})
    (single,) = _results(make_set(), tmp_path, single={"limit": 1})
    for second, message in (
        (other, "different questions or documents"),
        (single, "no mode and measure with at least 2"),
        (make_set() / "corpus.jsonl", "is not a result"),
        (tmp_path / "nothing.json", "cannot be read"),
    ):
        with pytest.raises(EvaluationError, match=message):
            compare(own, second)
