"""Answers as markup: cards, statements, states without an answer, and that every word from outside is escaped."""

from __future__ import annotations

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
)
from index.text.query import SYNTAX
from tests.cases import cases
from tests.factories import why

ATTACK = "<img src=x onerror=alert(1)> \"quoted\" 'too' & ${alert(1)}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt; &#34;quoted&#34; &#39;too&#39; &amp; ${alert(1)}"
TEXT = "One begins. Two goes on. Three carries it. Four follows. Five ends."
SENTENCES = (Span(0, 11), Span(12, 24), Span(25, 42), Span(43, 56), Span(57, 67))


def a_hit(**changes: Any) -> Hit:
    """A hit whose pin is the third of five sentences, or as the changes want it."""
    info = DocumentInfo("d" * 64, "/papers/three.txt", "On Three", "A. Author", "1999", "text/plain", 267, 0, 4)
    passage = Passage(7, info.id, 0, 100, 167, TEXT, tuple(Span(a + 100, b + 100) for a, b in SENTENCES))
    hit = {
        "passage": passage,
        "document": info,
        "score": 0.734,
        "pin": passage.sentences[2],
        "location": Location(page="4", paragraph=2),
        "why": why(dense=0.61, dense_rank=1, lexical=0.0, matched_terms=("carries",)),
    }
    return Hit(**{**hit, **changes})


def another_hit(**changes: Any) -> Hit:
    """A hit in another passage of another document."""
    info = replace(a_hit().document, id="e" * 64, title="On Four")
    passage = replace(a_hit().passage, id=8, document_id=info.id)
    return a_hit(**{"document": info, "passage": passage, **changes})


def citing(marker: int, hit: Hit, span: Span | None = None) -> Citation:
    """A citation of a hit, of its pin or of some other span."""
    span = span or hit.pin
    return Citation(marker, hit.document, hit.location, *span, hit.words(span))


def an_answer(*citations: Citation, hits: tuple[Hit, ...] = (), **changes: Any) -> Answer:
    """An answer of one quotation for each citation; without any, that there is none."""
    answer = Answer(
        question="q",
        status="answered" if citations else "abstained",
        confidence=0.93 if citations else 0.04,
        bar=0.6,
        statements=tuple(Statement(each.quote, (each.marker,), "verbatim") for each in citations),
        citations=citations,
        hits=hits,
        searched=(1234, 12),
        writer="quote",
        timings_ms={},
    )
    return replace(answer, **changes)


def answered(*hits: Hit, **changes: Any) -> Answer:
    """An answer that rests on the first of these hits."""
    return an_answer(citing(1, hits[0]), hits=hits, **changes)


def show(answer: Answer, *, narrowed: bool = False) -> str:
    """The answer as markup."""
    return shown(answer_view.answer(answer, cards(answer), 12.4, "key", narrowed=narrowed))


def shown(html: str) -> str:
    """Markup without the white space that a browser would not show."""
    return " ".join(html.split())


def bare(html: str) -> str:
    """What a reader sees of it."""
    return shown(unescape(re.sub(r"<[^>]+>", "", html)))


def quoted(html: str) -> str:
    """The first quotation, without what is shown in place of the passage's other sentences."""
    quote = html.split("<blockquote", 1)[1].split(">", 1)[1].split("</blockquote>")[0]
    return re.sub(r'<span class="p-gap"[^>]*>.*?</span>', "", quote)


# Cards


def test_a_card_marks_exactly_the_citation() -> None:
    """What stands before the mark, in it and after it is the passage, to the letter."""
    quote = quoted(show(answered(a_hit())))
    assert "<mark>Three carries it.</mark>" in quote
    assert re.sub(r"</?(?:mark|span)[^>]*>", "", quote) == TEXT


@pytest.mark.parametrize(
    "span",
    [*(Span(a + 100, b + 100) for a, b in SENTENCES), Span(131, 141), Span(112, 156), Span(100, 167), Span(125, 131)],
)
def test_a_citation_may_be_any_span(span: Span) -> None:
    """A sentence, a part of one, several, all."""
    hit = a_hit()
    html = show(an_answer(citing(1, hit, span), hits=(hit,)))
    assert f"<mark>{TEXT[span.start - 100 : span.end - 100]}</mark>" in html
    assert re.sub(r"</?(?:mark|span)[^>]*>", "", quoted(html)) == TEXT


def test_headings_that_begin_a_passage_are_left_to_its_place() -> None:
    """They are no sentences of it; the reader is told the heading above."""
    hit = a_hit(claims=(float("-inf"), 0.1, 0.9, 0.1, 0.1))
    assert re.sub(r"</?(?:mark|span)[^>]*>", "", quoted(show(answered(hit)))) == TEXT.removeprefix("One begins. ")


def test_a_cited_heading_is_shown() -> None:
    """Whatever is cited can be seen."""
    hit = a_hit(claims=(float("-inf"), 0.1, 0.9, 0.1, 0.1))
    html = show(an_answer(citing(1, hit, hit.passage.sentences[0]), hits=(hit,)))
    assert "<mark>One begins.</mark>" in html


def test_a_card_says_where_it_is_from_and_why() -> None:
    """Author, date, place and score; and what copying gives."""
    html = show(answered(a_hit()))
    assert "<bdi>A. Author</bdi> · <bdi>1999</bdi> · <bdi>p. 4, ¶ 2</bdi>" in html
    assert "Score </span>0.73" in html
    assert 'data-quote="Three carries it." data-reference="A. Author, On Three (1999), p. 4, ¶ 2"' in html


@pytest.mark.parametrize(
    ("heading", "label"),
    [
        ("On Three", "p. 4, ¶ 2"),
        ("On Three > The second", "p. 4, § The second, ¶ 2"),
        ("On Three and more", "p. 4, § On Three and more, ¶ 2"),
        ("Elsewhere", "p. 4, § Elsewhere, ¶ 2"),
    ],
)
def test_a_place_does_not_repeat_the_title(heading: str, label: str) -> None:
    """Where the title is the highest heading, the card has it already."""
    hit = a_hit(location=Location("4", heading, 2))
    assert cards(answered(hit))[0].place == label


def test_cards_carry_the_numbers_of_the_citations() -> None:
    """Those of the passages that the answer does not use go on from there."""
    one, two = a_hit(), another_hit()
    answer = an_answer(citing(1, two), citing(2, one), hits=(one, two, another_hit(passage=replace(TALE, id=9))))
    made = cards(answer)
    assert [(card.number, card.hit.document.name, card.cited) for card in made] == [
        (1, "On Four", True),
        (2, "On Three", True),
        (3, "On Four", False),
    ]


TALE = replace(a_hit().passage, document_id="e" * 64)


def test_a_passage_that_is_cited_twice_is_shown_once_in_full() -> None:
    """Its other citations show the sentence and its neighbours, and say whose passage it is."""
    hit = a_hit()
    first, last = hit.passage.sentences[0], hit.passage.sentences[-1]
    answer = an_answer(citing(1, hit, first), citing(2, hit, last), hits=(hit,))
    html = show(answer)
    assert [(card.number, card.same_as) for card in cards(answer)] == [(1, 0), (2, 1)]
    assert html.count('class="p-brief"') == 1
    assert "same passage as 1" in html
    assert html.count("Why this passage") == 2


def test_a_number_leads_to_the_words() -> None:
    """By document and span, in the address and for the viewer alike."""
    html = show(answered(a_hit()))
    link = html.split('<a class="p-cite"')[1].split("</a>")[0]
    identity = "d" * 64
    assert f'href="d/{identity}#125-142"' in link
    assert f'data-act="source" data-n="1" data-document="{identity}" data-start="125" data-end="142"' in link
    assert 'aria-label="Source 1: On Three, p. 4, ¶ 2"' in link
    assert f'id="passage-1" data-n="1" data-document="{identity}" data-start="125" data-end="142"' in html


def reasons(html: str) -> dict[str, str]:
    """What stands under "Why this passage", by its name, without tags."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html.split("Why this passage")[1], re.DOTALL)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in pairs}


def reasons_of(**stated: Any) -> dict[str, str]:
    """The same, of a hit with these reasons."""
    return reasons(show(answered(a_hit(why=why(**stated)))))


def test_a_card_tells_every_reason() -> None:
    """One line each, in the order in which they come about."""
    told = reasons_of(
        dense=0.612,
        dense_rank=2,
        lexical=3.14,
        lexical_rank=1,
        fused=0.978,
        evidence=0.834,
        verbatim=True,
        reranked=0.456,
        matched_terms=("three", "carries"),
        pin_terms=("carries",),
        nearest_words=("carries", "it"),
    )
    assert told == {
        "Meaning": "cosine 0.61, rank 2",
        "Words": "BM25 3.1, rank 1",
        "Both, fused": "0.98",
        "Evidence": "0.83; the question, word for word",
        "Reranked": "0.46",
        "In common": "three, carries",
        "Best sentence": "carries",
        "Nearest": "carries, it",
    }


def test_a_card_tells_what_it_was_not_found_for() -> None:
    """Far from the question in meaning and without a word of it; what a side was not asked is not told."""
    assert reasons_of(dense=0.1, lexical=0.0, fused=0.1, evidence=0.1) == {
        "Meaning": f"cosine 0.10, beyond the first {CANDIDATES}",
        "Words": "none of the question’s",
        "Both, fused": "0.10",
        "Evidence": "0.10",
    }
    assert reasons_of(lexical=1.2) == {
        "Words": f"BM25 1.2, beyond the first {CANDIDATES}",
        "Both, fused": "0.00",
        "Evidence": "0.00",
        "In common": "none in the passage, some beside it",
    }


def copies(number: int) -> tuple[Hit, ...]:
    """Copies of a hit, in documents of their own."""
    info = a_hit().document
    infos = [replace(info, id=f"{n:064}", title=f"Copy {n}", characters=334) for n in range(1, number + 1)]
    return tuple(a_hit(document=each) for each in infos)


def test_a_card_names_its_copies() -> None:
    """Three of them at most, each with its place; the rest is a number."""
    html = show(answered(a_hit(also=copies(5))))
    also = html.split('<details class="p-also">')[1].split("</details>")[0]
    assert "<summary>Also in 5 other places</summary>" in also
    assert re.findall(r"<bdi>(Copy \d)</bdi>", also) == ["Copy 1", "Copy 2", "Copy 3"]
    assert also.count("<bdi>p. 4, ¶ 2</bdi>") == 3
    assert "and 2 more" in also
    assert f'href="d/{1:064}#125-142" data-act="source" data-document="{1:064}"' in also
    html = show(answered(a_hit(also=(a_hit(location=Location()),))))
    assert "Also in 1 other place On Three Why this passage" in bare(html)
    assert "p-also" not in show(answered(a_hit()))


def test_a_document_without_title_goes_by_its_file() -> None:
    """And a reference leaves out what is not known."""
    info = DocumentInfo("d" * 64, "/papers/three.txt", "", "", "", "text/plain", 267, 0, 4)
    assert cards(answered(a_hit(document=info, location=Location())))[0].reference == "three.txt"


# Answers


def test_an_answer_is_announced_with_its_numbers() -> None:
    """So that those who do not see it know what there is to be read."""
    html = show(answered(a_hit(), another_hit()))
    assert 'data-say="Answer ready. 1 sentence, 1 source."' in html
    assert "<span>2 documents</span> <span>2 passages</span> <span>12 ms</span>" in html


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (0.95, "Strong match"),
        (0.8, "Fair match"),
        (0.61, "Weak match"),
    ],
)
def test_confidence_is_said_in_words(confidence: float, words: str) -> None:
    """The figure, and the bar, are there on demand."""
    html = bare(show(answered(a_hit(), confidence=confidence)))
    assert words in html
    assert f"Confidence {confidence:.2f}, from 0 to 1: how well the passages match the question." in html
    assert "An answer needs at least 0.60. 1,234 passages of 12 documents were searched." in html


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("- For China it is minor.", "For China it is minor."),
        ("• A point.", "A point."),
        ("3. Third, it is so.", "Third, it is so."),
        ("… which was so.", "… which was so."),
        ("-40 degrees were measured.", "-40 degrees were measured."),
        ("1999 was cold.", "1999 was cold."),
    ],
)
def test_an_item_of_a_list_stands_alone_without_its_bullet(text: str, read: str) -> None:
    """The answer is read as sentences; the card has the passage as it is."""
    html = show(answered(a_hit(), statements=(Statement(text, (1,), "verbatim"),)))
    assert f"<bdi>{read}</bdi>" in html


def test_what_a_model_wrote_is_marked_where_it_is_not_supported() -> None:
    """In plain words, with what differs or is missing; what is supported has no remark."""
    statements = (
        Statement("It is so.", (1,), "supported"),
        Statement("It was 12.", (1,), "contradicted", "12 here, 15 in the source"),
        Statement("It was B.", (1,), "contradicted", "B here, A in the source"),
        Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=1),
        Statement("Why?", (), "unverified", "Not checked: a question states nothing.", is_claim=False),
    )
    html = show(answered(a_hit(), writer="model", statements=statements, notes=("1 of 5 sentences supported.",)))
    told = re.findall(r'<span class="p-verdict p-is-(\w+)" title="(.*?)">.*?</span>(.*?)</span>', html)
    assert [(mark, bare(words)) for mark, _, words in told] == [
        ("contradicted", "Contradicted: 12 here, 15 in the source"),
        ("contradicted", "Contradicted: B here, A in the source"),
        ("unverified", "Not verified: not in the source: flew"),
        ("unchecked", "Not checked: a question states nothing."),
    ]
    assert "<em><bdi>flew</bdi></em>" in html
    assert told[2][1] == "The documents do not seem to say this. It may still be true."
    assert "each sentence was checked against the passages. 1 of 5 sentences supported." in bare(html)
    assert "1 of 5 sentences supported." in html.split('data-say="')[1].split('"')[0]
    assert "Written by a language model" not in show(answered(a_hit()))


def test_what_may_be_an_answer_has_a_heading_of_its_own() -> None:
    """It is not called an answer, nor told that there is none; each sentence stands apart, with its source."""
    html = show(answered(a_hit(), status="unsure", confidence=0.4, notes=("No passage mentions *Brazil & <b>*.",)))
    assert '<h2 id="h-answer" class="p-eyebrow p-maybe">This may be it</h2>' in html
    assert (
        'data-say="Not sure: this may be it. 1 sentence, 1 source. No passage mentions “Brazil &amp; &lt;b&gt;”."'
        in html
    )
    assert '<p class="p-note"><bdi>No passage mentions <em><bdi>Brazil &amp; &lt;b&gt;</bdi></em>.</bdi></p>' in html
    assert "Weak match" in bare(html)
    assert html.count('<ul class="p-maybes">') == 1
    assert 'class="p-answer"' not in html
    assert "No answer in this library" not in html
    assert "This may be it. The documents do not clearly answer" in html.split('data-text="')[1].split('"')[0]


def test_words_that_do_not_bear_a_sentence_out_say_so_on_their_card() -> None:
    """A card that contradicts, or only comes nearest, is no support; one that supports another sentence is."""
    hit, other = a_hit(), another_hit()
    cited = (citing(1, hit), citing(2, other))
    statements = (
        Statement("It was 12.", (1,), "contradicted", "12 here, 15 in the source"),
        Statement("It flew.", (), "unverified", "not in the source: *flew*", nearest=2),
    )
    doubtful = an_answer(*cited, hits=(hit, other), writer="model", statements=statements)
    assert [card.role for card in cards(doubtful)] == [
        "says the opposite",
        "nearest words, not confirmed to say the same",
    ]
    sound = Statement("It is so.", (1,), "supported")
    assert not cards(replace(doubtful, statements=(*statements, sound)))[0].role


def test_a_copy_of_an_answer_holds_its_remarks() -> None:
    """What is not supported is told wherever the answer goes."""
    statements = (Statement("It flew.", (), "unverified"),)
    html = show(answered(a_hit(), writer="model", statements=statements))
    assert "[-] It flew. (Not verified)" in html.split('data-text="')[1].split('"')[0]


def test_an_answer_can_be_exported_in_every_form() -> None:
    """By its key."""
    html = show(answered(a_hit()))
    forms = re.findall(r'href="page/export\?answer=key&amp;form=(\w+)"', html)
    assert forms == list(answer_view.FORMS)


def test_notes_stand_above_the_answer() -> None:
    """And are told to those who do not see them."""
    html = show(answered(a_hit(), notes=("Read so.", "And so.")))
    assert 'data-say="Answer ready. 1 sentence, 1 source. Read so. And so."' in html
    assert html.index("<bdi>And so.</bdi>") < html.index('class="p-answer"')


def test_passages_that_are_not_used_are_folded_away_where_they_are_many() -> None:
    """Four are shown; none of them is marked as a source."""
    rest = [another_hit(passage=replace(TALE, id=n)) for n in range(20, 27)]
    html = show(answered(a_hit(), *rest))
    assert "<summary>3 more passages</summary>" in html
    assert html.count('class="p-card p-related"') == 7
    assert html.count('class="p-card"') == 1


# No answer


def test_that_there_is_no_answer_is_said_with_the_nearest_passage() -> None:
    """What was searched, the figure that decided, and what to try."""
    html = show(an_answer(hits=(a_hit(), another_hit())))
    told = bare(html)
    assert "Nothing in 1,234 passages of 12 documents supports an answer to that." in told
    assert "The confidence is 0.04; an answer needs at least 0.60." in told
    assert "Nearest passages" in told
    assert "Search all documents" not in told
    assert "Search all documents" in show(an_answer(hits=(a_hit(),)), narrowed=True)
    assert "p-answer" not in html
    assert html.count("p-related") == 2


def test_notes_say_why_nothing_was_found() -> None:
    """In place of general advice."""
    html = show(an_answer(notes=("No document is so.",)))
    assert 'data-say="Nothing found. No document is so."' in html
    assert '<p class="p-lead"><bdi>No document is so.</bdi></p>' in html
    assert "Name a person" not in html
    assert "Name a person" in show(an_answer())


@pytest.mark.parametrize(
    ("question", "has_hint"), [("whale in:sea", True), ('"a whale"', True), ("Why is it so?", False)]
)
def test_where_nothing_was_searched_the_note_alone_says_why(question: str, has_hint: bool) -> None:
    """As of a question that is none; the operators are named where there may have been one."""
    html = show(an_answer(question=question, searched=(0, 0), notes=("Ask it with its subject: *Why did Rome fall?*",)))
    assert "Nothing was searched" in html
    assert "<em><bdi>Why did Rome fall?</bdi></em>" in html
    assert ("Search syntax" in html) == has_hint


# Where it stands


def test_copies_have_ticks_of_their_own() -> None:
    """With the number of the passage, so that they light up with it; a document that has only a copy is not greyed."""
    best = a_hit(also=(*copies(1), a_hit(pin=SENTENCES[0])))
    html = answer_view.strips([best.document, best.also[0].document], cards(answered(best)))
    assert html.count('<i class="p-copy" data-n="1"') == 2
    assert html.count('<i class="p-used" data-n="1" style="left:46.8%"') == 1
    assert html.count(">Passage 1; <") == 2
    assert "p-off" not in html


def test_a_passage_that_is_not_used_has_a_fainter_tick() -> None:
    """As its number is hollow."""
    html = answer_view.strips([a_hit().document], cards(an_answer(hits=(a_hit(),))))
    assert '<i class="p-faint" data-n="1"' in html


def test_without_ticks_no_document_is_greyed() -> None:
    """Where nothing was found, nothing comes from anywhere."""
    assert "p-off" not in answer_view.strips([a_hit().document])


def test_a_long_library_is_cut_beside_the_answer_but_not_where_passages_were_found() -> None:
    """Documents with a hit come before the others, and the rest is a number."""
    infos = [DocumentInfo(f"{n:064}", f"/{n:02}.txt", "", "", "", "text/plain", 9, 0, 1) for n in range(20)]
    html = answer_view.strips(infos, cards(answered(a_hit(document=infos[19]))))
    assert html.count("<li") == answer_view.RAIL_LENGTH
    assert "19.txt" in html
    assert f"and {20 - answer_view.RAIL_LENGTH} more documents" in shown(html)


def test_coverage_has_a_row_for_each_document() -> None:
    """Its best passage, or that there is no mention; very many rows become a number."""
    silent = [Coverage(replace(a_hit().document, id=f"{n:064}", title=f"Silent {n}"), None) for n in range(300)]
    html = shown(answer_view.coverage(CoverageReport((Coverage(a_hit().document, a_hit()), *silent), ("No words.",))))
    assert "1 of 301 documents mentions the subject of this question" in html
    assert "<mark>Three carries it.</mark>" in html
    assert html.count("no mention") == answer_view.COVERED - 1
    assert "and 101 more documents" in html
    assert "No words." in html
    assert "No document was searched." in answer_view.coverage(CoverageReport(()))


# Before a question


def test_the_page_lists_the_operators() -> None:
    """All of them, as `index.text.query` states them."""
    html = fragments.helpers()
    pairs = re.findall(r"<dt><code>(.*?)</code></dt><dd>(.*?)</dd>", html)
    assert [(unescape(example), unescape(meaning)) for example, meaning in pairs] == list(SYNTAX)


def test_the_hero_counts() -> None:
    """One document, many, none."""
    assert "only from this one document" in fragments.hero(1)
    assert "only from these 1,284 documents" in fragments.hero(1284)
    assert "Ask questions of your own documents" in fragments.hero(0)


# Words from outside


def hostile_info() -> DocumentInfo:
    """A document that is called what nobody should call it."""
    return DocumentInfo("d" * 64, f"/papers/{ATTACK}", ATTACK, ATTACK, ATTACK, f"x/{ATTACK}", 67, 0, 1, (ATTACK,))


def hostile_hit() -> Hit:
    """A hit in it."""
    passage = Passage(1, "d" * 64, 0, 0, len(ATTACK), ATTACK, (Span(0, len(ATTACK)),))
    words = dict.fromkeys(("matched_terms", "pin_terms", "nearest_words"), (ATTACK,))
    reason = why(dense=0.5, dense_rank=1, lexical=1.0, lexical_rank=1, **words)
    hit = Hit(passage, hostile_info(), 0.5, Span(0, len(ATTACK)), Location(heading=ATTACK), reason)
    return replace(hit, also=(hit,) * 5)


@cases(
    "html",
    [
        pytest.param(lambda: show(answered(hostile_hit(), question=ATTACK)), id="answer"),
        pytest.param(lambda: show(answered(a_hit(), notes=(ATTACK,))), id="notes"),
        pytest.param(lambda: show(an_answer(notes=(ATTACK,))), id="notes alone"),
        pytest.param(lambda: show(an_answer(hits=(hostile_hit(),), question=ATTACK)), id="no answer"),
        pytest.param(
            lambda: show(answered(a_hit(), statements=(Statement(ATTACK, (1,), "unverified", ATTACK),))), id="verdict"
        ),
        pytest.param(lambda: show(answered(a_hit(also=(hostile_hit(),)))), id="copies"),
        pytest.param(lambda: answer_view.writing(ATTACK), id="being written"),
        pytest.param(lambda: answer_view.strips([hostile_info()], cards(answered(hostile_hit()))), id="strips"),
        pytest.param(
            lambda: answer_view.coverage(
                CoverageReport((Coverage(hostile_info(), hostile_hit()), Coverage(hostile_info(), None)), (ATTACK,))
            ),
            id="coverage",
        ),
        pytest.param(lambda: fragments.helpers([(ATTACK, "what it does")]), id="operators"),
        pytest.param(lambda: fragments.helpers([("-word", ATTACK)]), id="meanings"),
        pytest.param(lambda: fragments.problem(PinciteError(ATTACK, ATTACK)), id="problem"),
        pytest.param(lambda: fragments.beginning([ATTACK], empty=False), id="examples"),
        pytest.param(lambda: fragments.complaint(ATTACK), id="complaint"),
    ],
)
def test_every_word_from_outside_is_escaped(html: Any) -> None:
    """In text and in attributes alike, wherever it stands."""
    markup = html()
    assert "<img" not in markup
    assert ESCAPED.split("/")[0] in markup
