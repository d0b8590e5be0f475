"""Answers as markup: cards, statements, pages without an answer, and the escaping of every text from outside."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from index.errors import PinciteError
from index.page import answer_view, fragments
from index.page.answer_view import cards
from index.records import (
    CANDIDATES,
    Answer,
    Citation,
    Coverage,
    CoverageReport,
    DocumentInfo,
    Hit,
    Location,
    Passage,
    Span,
    Statement,
    texts,
)
from index.text.query import SYNTAX
from tests.cases import cases
from tests.citations.factories import answer as quoting_answer
from tests.factories import why
from tests.page.conftest import ATTACK, visible_text

TEXT = "One begins. Two goes on. Three carries it. Four follows. Five ends."
SENTENCES = (Span(0, 11), Span(12, 24), Span(25, 42), Span(43, 56), Span(57, 67))


def make_hit(**changes: Any) -> Hit:
    """Return a hit whose pin is the third of five sentences; `changes` replace its fields."""
    info = DocumentInfo("d" * 64, "/papers/three.txt", "On Three", "A. Author", "1999", "text/plain", 267, 0, 4)
    passage = Passage(7, info.id, 0, 100, 167, TEXT, tuple(Span(a + 100, b + 100) for a, b in SENTENCES))
    reasons = why(dense=0.61, dense_rank=1, lexical=0.0, matched_terms=("carries",))
    return replace(Hit(passage, info, 0.734, passage.sentences[2], Location(page="4", paragraph=2), reasons), **changes)


def make_other_hit(**changes: Any) -> Hit:
    """Return a hit in another passage of another document."""
    info = replace(make_hit().document, id="e" * 64, title="On Four")
    passage = replace(make_hit().passage, id=8, document_id=info.id)
    return make_hit(**{"document": info, "passage": passage, **changes})


def make_citation(marker: int, hit: Hit, span: Span | None = None) -> Citation:
    """Return a citation of a hit: of the given span, or of the hit's pin."""
    span = span or hit.pin
    return Citation(marker, hit.document, hit.location, *span, hit.words(span))


def make_answer(*citations: Citation, **changes: Any) -> Answer:
    """Return an answer with one quotation for each citation, or an abstention if there are no citations."""
    status = {"confidence": 0.93} if citations else {"status": "abstained", "confidence": 0.04}
    return quoting_answer(*citations, **{"question": "q", "bar": 0.6, "searched": (1234, 12), **status, **changes})


def answer_from(*hits: Hit, **changes: Any) -> Answer:
    """Return an answer that cites the first of these hits."""
    return make_answer(make_citation(1, hits[0]), hits=hits, **changes)


def render(answer: Answer, *, narrowed: bool = False) -> str:
    """Return the answer as markup."""
    return collapse_whitespace(answer_view.answer(answer, cards(answer), 12.4, "key", narrowed=narrowed))


def first_quote(html: str) -> str:
    """Return the first quotation, without the placeholders for sentences that are left out."""
    quote = html.split("<blockquote", 1)[1].split(">", 1)[1].split("</blockquote>")[0]
    return re.sub(r'<span class="p-gap"[^>]*>.*?</span>', "", quote)


# Cards


@cases(
    "span",
    [*(Span(a + 100, b + 100) for a, b in SENTENCES), Span(131, 141), Span(112, 156), Span(100, 167), Span(125, 131)],
)
def test_card_marks_any_cited_span(span: Span) -> None:
    """The span may be a sentence, a part of one, several sentences or the whole passage."""
    hit = make_hit()
    html = render(make_answer(make_citation(1, hit, span), hits=(hit,)))
    assert f"<mark>{TEXT[span.start - 100 : span.end - 100]}</mark>" in html
    assert re.sub(r"</?(?:mark|span)[^>]*>", "", first_quote(html)) == TEXT


def test_card_omits_a_heading_at_the_start_of_its_passage() -> None:
    """Headings are no sentences; the card shows them in the location line, unless it is the heading that is cited."""
    hit = make_hit(claims=(float("-inf"), 0.1, 0.9, 0.1, 0.1))
    quote = re.sub(r"</?(?:mark|span)[^>]*>", "", first_quote(render(answer_from(hit))))
    assert quote == TEXT.removeprefix("One begins. ")
    html = render(make_answer(make_citation(1, hit, hit.passage.sentences[0]), hits=(hit,)))
    assert "<mark>One begins.</mark>" in html


def test_card_shows_its_source_links_to_its_span_and_carries_what_is_kept() -> None:
    """It has author, date and location, and no score; the link names document and span in address and data.

    What its buttons keep is what a server accepts: the quote with its document and the characters on both sides.
    A sentence that is not verified says so.
    """
    html = render(answer_from(make_hit()))
    assert "<bdi>A. Author</bdi> · <bdi>1999</bdi> · <bdi>p. 4, ¶ 2</bdi>" in html
    assert "0.73" not in html
    [quote] = kept_in(html)["quotes"]
    kept = ("Three carries it.", "A. Author", "On Three", "4")
    assert (quote["quote"], quote["author"], quote["title"], quote["page"]) == kept
    link = html.split('<a class="p-cite"')[1].split("</a>")[0]
    identity = "d" * 64
    assert f'href="d/{identity}/125-142"' in link
    assert f'data-act="source" data-n="1" data-document="{identity}" data-start="125" data-end="142"' in link
    assert 'aria-label="Source 1: On Three, p. 4, ¶ 2"' in link
    assert f'id="passage-1" data-n="1" data-document="{identity}" data-start="125" data-end="142"' in html
    card = cards(answer_from(make_hit()))[0]
    fields = json.loads(card.kept)
    assert fields["quotes"][0]["quote"] == card.quote
    assert fields["quotes"][0]["document"] == card.hit.document.id
    text, start = card.hit.passage.text, card.span.start - card.hit.passage.start
    assert text[:start].endswith(fields["quotes"][0]["before"])
    assert text[start + len(card.quote) :].startswith(fields["quotes"][0]["after"])
    flew = (Statement("It flew.", (), "unverified"),)
    html = render(answer_from(make_hit(), writer="model", statements=flew))
    assert {"text": "It flew.", "quotes": [], "remark": "Not verified"} in kept_in(html)["sentences"]


@cases(
    ("heading", "label"),
    [
        ("On Three", "p. 4, ¶ 2"),
        ("On Three > The second", "p. 4, § The second, ¶ 2"),
        ("On Three and more", "p. 4, § On Three and more, ¶ 2"),
        ("Elsewhere", "p. 4, § Elsewhere, ¶ 2"),
    ],
)
def test_card_location_does_not_repeat_the_title(heading: str, label: str) -> None:
    """If the top heading equals the title, the location omits it, since the card shows the title already."""
    hit = make_hit(location=Location("4", heading, 2))
    assert cards(answer_from(hit))[0].place == label


def test_cards_are_numbered_like_the_citations() -> None:
    """Passages that the answer does not cite continue the numbering; one that is cited twice is shown in full once.

    Its other citations show the sentence with its neighbours and name the card that has the passage.
    """
    first, second = make_hit(), make_other_hit()
    third = make_other_hit(passage=replace(OTHER_PASSAGE, id=9))
    answer = make_answer(make_citation(1, second), make_citation(2, first), hits=(first, second, third))
    assert [(card.number, card.hit.document.name, card.cited) for card in cards(answer)] == [
        (1, "On Four", True),
        (2, "On Three", True),
        (3, "On Four", False),
    ]
    hit = make_hit()
    ends = (hit.passage.sentences[0], hit.passage.sentences[-1])
    answer = make_answer(*(make_citation(n, hit, span) for n, span in enumerate(ends, 1)), hits=(hit,))
    html = render(answer)
    assert [(card.number, card.same_as) for card in cards(answer)] == [(1, 0), (2, 1)]
    assert html.count('class="p-brief"') == 1
    assert "same passage as 1" in html
    assert html.count("Why this passage") == 2


OTHER_PASSAGE = replace(make_hit().passage, document_id="e" * 64)


def displayed_reasons(html: str) -> dict[str, str]:
    """Return what is listed under "Why this passage" as names and values, without tags."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html.split("Why this passage")[1], re.DOTALL)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in pairs}


def reasons_of_hit(**stated: Any) -> dict[str, str]:
    """Return the listed reasons of a hit that has the given ones."""
    return displayed_reasons(render(answer_from(make_hit(why=why(**stated)))))


def test_card_lists_every_reason() -> None:
    """Each reason is one line of words: a figure without a unit tells a reader nothing.

    It states ranks beyond the candidates and missing words, and omits a side that was not searched.
    """
    scores = {"dense": 0.612, "dense_rank": 2, "lexical": 3.14, "lexical_rank": 1, "fused": 0.978, "evidence": 0.834}
    words = {"matched_terms": ("three", "carries"), "pin_terms": ("carries",), "nearest_words": ("carries", "it")}
    reasons = reasons_of_hit(**scores, **words, verbatim=True, reranked=0.456)
    assert reasons == {
        "Match": "has the question word for word",
        "Meaning": "the 2nd closest",
        "Words": "the best of all",
        "Read together": "weak",
        "In common": "three, carries",
        "Best sentence": "carries",
        "Nearest words": "carries, it",
    }
    assert reasons_of_hit(dense=0.1, lexical=0.0, fused=0.1, evidence=0.1) == {
        "Match": "fair beside the other passages found",
        "Meaning": f"not among the {CANDIDATES} closest",
        "Words": "has none of the question’s words",
    }
    assert reasons_of_hit(lexical=1.2) == {
        "Match": "fair beside the other passages found",
        "Words": f"not among the {CANDIDATES} best",
        "In common": "none in the passage, some beside it",
    }


def make_copies(number: int) -> tuple[Hit, ...]:
    """Return copies of a hit, each in its own document."""
    info = make_hit().document
    infos = [replace(info, id=f"{n:064}", title=f"Copy {n}", characters=334) for n in range(1, number + 1)]
    return tuple(make_hit(document=info) for info in infos)


def test_card_lists_copies_of_its_passage() -> None:
    """It lists at most three copies, each with its location, and counts the rest."""
    html = render(answer_from(make_hit(also=make_copies(5))))
    copy_list = html.split('<details class="p-also">')[1].split("</details>")[0]
    assert "<summary>Also in 5 other places</summary>" in copy_list
    assert re.findall(r"<bdi>(Copy \d)</bdi>", copy_list) == ["Copy 1", "Copy 2", "Copy 3"]
    assert copy_list.count("<bdi>p. 4, ¶ 2</bdi>") == 3
    assert "and 2 more" in copy_list
    assert f'href="d/{1:064}/125-142" data-act="source" data-document="{1:064}"' in copy_list
    html = render(answer_from(make_hit(also=(make_hit(location=Location()),))))
    assert "Also in 1 other place On Three Why this passage" in visible_text(html)
    assert "p-also" not in render(answer_from(make_hit()))


def kept_in(html: str) -> dict[str, Any]:
    """Return what the buttons of an answer keep and copy."""
    fields: dict[str, Any] = json.loads(unescape(html.split('data-kept="')[1].split('"')[0]))
    return fields


def collapse_whitespace(html: str) -> str:
    """Collapse the white space that a browser would not show."""
    return " ".join(html.split())


# Answers


def test_answer_and_notes_are_announced_to_screen_readers() -> None:
    """The announcement counts sentences and sources, and has the notes, which are shown above the answer.

    Below are links to every export form of its key.
    """
    html = render(answer_from(make_hit(), make_other_hit()))
    assert 'data-say="Answer ready. 1 sentence, 1 source."' in html
    assert "<span>1 of 12 documents quoted</span>" in html
    assert len(re.findall(r"\d+ (?:of \d+ )?documents?\b", visible_text(html))) == 1
    html = render(answer_from(make_hit(), notes=("Read so.", "And so.")))
    assert 'data-say="Answer ready. 1 sentence, 1 source. Read so. And so."' in html
    assert html.index("<bdi>And so.</bdi>") < html.index('class="p-answer"')
    assert re.findall(r'href="page/export\?answer=key&amp;form=(\w+)"', html) == list(answer_view.FORMS)


@cases(("confidence", "label"), [(0.95, "Strong match"), (0.8, "Good match"), (0.61, "Weak match")])
def test_confidence_is_shown_in_words(confidence: float, label: str) -> None:
    """No figure is shown; on demand the page says what the words mean and what was searched."""
    html = visible_text(render(answer_from(make_hit(), confidence=confidence)))
    assert label in html
    assert f"{confidence:.2f}" not in html
    assert "This says how well the passages match the question." in html
    assert "1,234 passages were searched in 12 ms." in html


@cases(
    ("text", "displayed"),
    [
        ("- For China it is minor.", "For China it is minor."), ("• A point.", "A point."),
        ("3. Third, it is so.", "Third, it is so."), ("… which was so.", "… which was so."),
        ("-40 degrees were measured.", "-40 degrees were measured."), ("1999 was cold.", "1999 was cold."),
    ],
)  # fmt: skip
def test_list_item_in_an_answer_loses_its_bullet(text: str, displayed: str) -> None:
    """The answer reads as sentences; the card shows the passage unchanged."""
    html = render(answer_from(make_hit(), statements=(Statement(text, (1,), "verbatim"),)))
    assert f">{displayed}</span>" in html


def test_unsupported_model_sentences_are_marked() -> None:
    """Each mark says in plain words what differs or is missing; supported sentences have no mark."""
    statements = (
        Statement("It is so.", (1,), "supported"),
        Statement("It was 12.", (1,), "contradicted", "12 here, 15 in the source"),
        Statement("It was B.", (1,), "contradicted", "B here, A in the source"),
        Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=1),
        Statement("Why?", (), "unverified", "Not checked: a question states nothing.", is_claim=False),
    )
    html = render(
        answer_from(make_hit(), writer="model", statements=statements, notes=("1 of 5 sentences supported.",))
    )
    verdicts = re.findall(r'<span class="p-verdict p-is-(\w+)" title="(.*?)">.*?</span>(.*?)</span>', html)
    assert [(mark, visible_text(remark)) for mark, _, remark in verdicts] == [
        ("contradicted", "Contradicted: 12 here, 15 in the source"),
        ("contradicted", "Contradicted: B here, A in the source"),
        ("unverified", "Not verified: not in the source: flew"),
        ("unchecked", "Not checked: a question states nothing."),
    ]
    assert "<em><bdi>flew</bdi></em>" in html
    assert verdicts[2][1] == "The documents do not seem to say this. It may still be true."
    assert "each sentence was checked against the passages. 1 of 5 sentences supported." in visible_text(html)
    assert "1 of 5 sentences supported." in html.split('data-say="')[1].split('"')[0]
    assert "Written by a language model" not in render(answer_from(make_hit()))


def test_unsure_answer_has_its_own_heading() -> None:
    """The page calls it neither an answer nor an abstention; each sentence is listed with its source."""
    html = render(
        answer_from(make_hit(), status="unsure", confidence=0.4, notes=("No passage mentions *Brazil & <b>*.",))
    )
    assert '<h2 id="h-answer" class="p-eyebrow p-maybe">This may be it</h2>' in html
    assert (
        'data-say="Not sure: this may be it. 1 sentence, 1 source. No passage mentions “Brazil &amp; &lt;b&gt;”."'
        in html
    )
    assert '<p class="p-note"><bdi>No passage mentions <em><bdi>Brazil &amp; &lt;b&gt;</bdi></em>.</bdi></p>' in html
    assert "Weak match" in visible_text(html)
    assert html.count('<ul class="p-maybes">') == 1
    assert 'class="p-answer"' not in html
    assert texts.NO_ANSWER not in html
    assert kept_in(html)["caution"].startswith(f"{texts.MAY_BE}. The documents do not clearly answer")


def test_card_says_when_its_passage_does_not_support_the_answer() -> None:
    """A passage that contradicts, or is only the nearest, is labelled; one that supports another sentence is not."""
    hit, other = make_hit(), make_other_hit()
    citations = (make_citation(1, hit), make_citation(2, other))
    statements = (
        Statement("It was 12.", (1,), "contradicted", "12 here, 15 in the source"),
        Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=2),
    )
    answer = make_answer(*citations, hits=(hit, other), writer="model", statements=statements)
    roles = ["says the opposite", "nearest words, not confirmed to say the same"]
    assert [card.role for card in cards(answer)] == roles
    supported = Statement("It is so.", (1,), "supported")
    assert not cards(replace(answer, statements=(*statements, supported)))[0].role


def test_more_than_four_uncited_passages_are_collapsed() -> None:
    """The first four are shown, and none of them is marked as a source."""
    rest = [make_other_hit(passage=replace(OTHER_PASSAGE, id=n)) for n in range(20, 27)]
    html = render(answer_from(make_hit(), *rest))
    assert "<summary>3 more passages</summary>" in html
    assert html.count('class="p-card p-related"') == 7
    assert html.count('class="p-card"') == 1


# No answer


def test_abstention_shows_the_nearest_passages() -> None:
    """The page says what was searched, how near it came, and what to try next, unless a note explains it better."""
    html = render(make_answer(hits=(make_hit(), make_other_hit())))
    text = visible_text(html)
    assert "Nothing in 1,234 passages of 12 documents supports an answer to that." in text
    assert "The nearest passage matches the question far too little for an answer." in text
    assert "Nearest passages" in text
    assert "Search all documents" not in text
    assert "Search all documents" in render(make_answer(hits=(make_hit(),)), narrowed=True)
    assert "p-answer" not in html
    assert html.count("p-related") == 2
    html = render(make_answer(notes=("No document is so.",)))
    assert 'data-say="Nothing found. No document is so."' in html
    assert '<p class="p-lead"><bdi>No document is so.</bdi></p>' in html
    assert "Name a person" not in html
    assert "Name a person" in render(make_answer())


@pytest.mark.parametrize(
    ("question", "has_hint"), [("whale in:sea", True), ('"a whale"', True), ("Why is it so?", False)]
)
def test_page_shows_only_the_note_if_nothing_was_searched(question: str, has_hint: bool) -> None:
    """The search syntax is linked only if the question may have contained an operator."""
    html = render(
        make_answer(question=question, searched=(0, 0), notes=("Ask it with its subject: *Why did Rome fall?*",))
    )
    assert texts.NOTHING_SEARCHED in html
    assert "<em><bdi>Why did Rome fall?</bdi></em>" in html
    assert ("Search syntax" in html) == has_hint


# Position within the documents


def test_copies_have_their_own_ticks() -> None:
    """They carry the passage's number to light up with it; a document with only a copy is not greyed."""
    best = make_hit(also=(*make_copies(1), make_hit(pin=SENTENCES[0])))
    html = answer_view.strips([best.document, best.also[0].document], cards(answer_from(best)))
    assert html.count('<i class="p-copy" data-n="1"') == 2
    assert html.count('<i class="p-used" data-n="1" style="left:46.8%"') == 1
    assert html.count(">Passage 1; <") == 2
    assert "p-off" not in html


def test_only_documents_that_speak_stand_out_in_the_rail() -> None:
    """The quoted one, and those that coverage would list; one that was only found near the question is grey.

    A tick of a passage that is not cited is fainter. If nothing was found, no document is grey.
    """
    infos = [replace(make_hit().document, id=f"{n:064}", source=f"/{n}.txt", title=f"Document {n}") for n in range(4)]
    quoted, speaking, near = (
        make_hit(document=info, passage=replace(OTHER_PASSAGE, id=n), why=why(relevant=n == 9))
        for n, info in enumerate(infos[:3], 8)
    )
    evidence = cards(replace(answer_from(quoted), hits=(quoted, speaking, near)))
    html = answer_view.strips(infos, evidence)
    assert re.findall(r'<li class="(.*?)">\s*<span class="p-doc"><bdi>Document (\d)', html) == [
        ("", "0"), ("", "1"), ("p-off", "2"), ("p-off", "3")
    ]  # fmt: skip
    assert html.count('<i class="p-faint"') == 2
    assert "p-off" not in answer_view.strips([make_hit().document])


def test_documents_with_passages_come_first_in_the_rail() -> None:
    """They are in the order of their passages; the other documents follow by name, and are not counted again.

    Before a question, documents are listed by name, and the rest is counted.
    """
    infos = [DocumentInfo(f"{n:064}", f"/{n:02}.txt", "", "", "", "text/plain", 9, 0, 1) for n in range(20)]
    answer = answer_from(
        make_hit(document=infos[19]), make_hit(document=infos[4], passage=replace(OTHER_PASSAGE, id=9))
    )
    html = answer_view.strips(infos, cards(answer))
    assert re.findall(r"(\d\d)\.txt", html) == ["19", "04", *(f"{n:02}" for n in (0, 1, 2, 3, 5, 6))]
    assert "more document" not in html
    html = answer_view.strips(infos)
    assert re.findall(r"(\d\d)\.txt", html) == [f"{n:02}" for n in range(answer_view.RAIL_LENGTH)]
    assert f"and {20 - answer_view.RAIL_LENGTH} more documents" in collapse_whitespace(html)


def test_coverage_has_a_row_for_each_document() -> None:
    """A row shows the best passage or "no mention"; rows beyond the limit are counted."""
    without_mention = [
        Coverage(replace(make_hit().document, id=f"{n:064}", title=f"Silent {n}"), None) for n in range(300)
    ]
    html = collapse_whitespace(
        answer_view.coverage(
            CoverageReport((Coverage(make_hit().document, make_hit()), *without_mention), ("No words.",))
        )
    )
    assert "1 of 301 documents mentions the subject of this question" in html
    assert "<mark>Three carries it.</mark>" in html
    assert html.count(texts.NO_MENTION) == answer_view.COVERED - 1
    assert "and 101 more documents" in html
    assert "No words." in html
    assert f"{texts.NO_DOCUMENT_SEARCHED}." in answer_view.coverage(CoverageReport(()))


# Before a question


def test_page_before_a_question_counts_documents_and_lists_operators() -> None:
    """The headline differs for one document, many and none; the operators are those of `index.text.query`."""
    assert "only from this one document" in fragments.hero(1)
    assert "only from these 1,284 documents" in fragments.hero(1284)
    assert "Ask questions of your own documents" in fragments.hero(0)
    pairs = re.findall(r"<dt><code>(.*?)</code></dt><dd>(.*?)</dd>", fragments.helpers())
    assert [(unescape(example), unescape(meaning)) for example, meaning in pairs] == list(SYNTAX)


# Words from outside


def hostile_info() -> DocumentInfo:
    """Return a document whose fields all hold an attack."""
    return DocumentInfo("d" * 64, f"/papers/{ATTACK}", ATTACK, ATTACK, ATTACK, f"x/{ATTACK}", 67, 0, 1, (ATTACK,))


def hostile_hit() -> Hit:
    """Return a hit in the hostile document."""
    passage = Passage(1, "d" * 64, 0, 0, len(ATTACK), ATTACK, (Span(0, len(ATTACK)),))
    terms = dict.fromkeys(("matched_terms", "pin_terms", "nearest_words"), (ATTACK,))
    reason = why(dense=0.5, dense_rank=1, lexical=1.0, lexical_rank=1, **terms)
    hit = Hit(passage, hostile_info(), 0.5, Span(0, len(ATTACK)), Location(heading=ATTACK), reason)
    return replace(hit, also=(hit,) * 5)


@cases(
    "html",
    [
        pytest.param(lambda: render(answer_from(hostile_hit(), question=ATTACK)), id="answer"),
        pytest.param(lambda: render(answer_from(make_hit(), notes=(ATTACK,))), id="notes"),
        pytest.param(lambda: render(make_answer(notes=(ATTACK,))), id="notes alone"),
        pytest.param(lambda: render(make_answer(hits=(hostile_hit(),), question=ATTACK)), id="no answer"),
        pytest.param(lambda: render(answer_from(make_hit(),
             statements=(Statement(ATTACK, (1,), "unverified", ATTACK),))), id="verdict"),
        pytest.param(lambda: render(answer_from(make_hit(also=(hostile_hit(),)))), id="copies"),
        pytest.param(lambda: answer_view.writing(ATTACK), id="being written"),
        pytest.param(lambda: answer_view.strips([hostile_info()], cards(answer_from(hostile_hit()))), id="strips"),
        pytest.param(lambda: answer_view.coverage(
             CoverageReport((Coverage(hostile_info(), hostile_hit()), Coverage(hostile_info(), None)), (ATTACK,))),
             id="coverage"),
        pytest.param(lambda: fragments.helpers([(ATTACK, "what it does")]), id="operators"),
        pytest.param(lambda: fragments.helpers([("-word", ATTACK)]), id="meanings"),
        pytest.param(lambda: fragments.problem(PinciteError(ATTACK, ATTACK)), id="problem"),
        pytest.param(lambda: fragments.beginning([ATTACK], empty=False), id="examples"),
        pytest.param(lambda: fragments.complaint(ATTACK), id="complaint"),
    ],
)  # fmt: skip
def test_every_text_from_outside_is_escaped(html: Any) -> None:
    """Escaping covers text and attributes, wherever a text is inserted."""
    markup = html()
    assert "<img" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;" in markup
