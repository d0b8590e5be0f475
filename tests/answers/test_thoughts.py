"""The thoughts of a model: none is shown, however they are delimited and wherever the pieces are cut."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.answers.writer.prompts import MixedThoughtsError, ThoughtFilter, without_thoughts
from tests.cases import cases

DELIMITERS = {
    "think": ("<think>", "</think>"),
    "think in capitals": ("<THINK>", "</Think>"),
    "thinking": ("<thinking>", "</thinking>"),
    "thought": ("<thought>", "</thought>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "reflection": ("<reflection>", "</reflection>"),
    "with an attribute": ('<thinking budget="7">', "</thinking>"),
    "another tag closes": ("<think>", "</thinking>"),
    "with a name": ("<seed:think>", "</seed:think>"),
    "in square brackets": ("[THINK]", "[/THINK]"),
    "in triangular brackets": ("◁think▷", "◁/think▷"),
    "as a token": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "as Cohere writes it": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "harmony in brief": ("<|channel|>analysis ", "<|channel|>final "),
    "harmony without a message": ("<|channel|>commentary to=search<|message|>", "<|channel|>final<|message|>"),
    "harmony without borders": ("analysis", "assistantfinal"),
}
THOUGHT = "Who was it? [2] The queen."
TEXT = "The king signed it [1]."


def filtered(text: str, size: int, *, known: bool) -> str:
    """Return the text that passes the filter when it arrives in pieces of this size."""
    return "".join(
        without_thoughts(
            (text[start : start + size] for start in range(0, len(text), size)), ThoughtFilter(marks_thoughts=known)
        )
    )


@cases("known", [True, False])
@cases("size", [1, 2, 3, 5, 8, 1000])
@cases(("opening", "closing"), DELIMITERS.values(), ids=DELIMITERS.keys())
def test_thought_before_the_answer_is_removed(opening: str, closing: str, size: int, known: bool) -> None:
    """A thought without an end is removed, too."""
    assert filtered(f"{opening}{THOUGHT}{closing}{TEXT}", size, known=known) == TEXT
    assert filtered(f"\n{opening}{THOUGHT}", size, known=known) == ""


@cases("size", [1, 2, 3, 5, 8, 1000])
@cases("name", [name for name in DELIMITERS if "harmony" not in name])
def test_thoughts_within_an_answer_are_removed(name: str, size: int) -> None:
    """There may be several; everything after an open one is a thought."""
    opening, closing = DELIMITERS[name]
    thought = f"{opening}{THOUGHT}{closing}"
    for known in (True, False):
        assert filtered(f"{thought}The king {thought}signed it{thought} [1].", size, known=known) == TEXT
        assert filtered(f"{TEXT}{opening}{THOUGHT}", size, known=known) == TEXT


@cases("size", [1, 3, 1000])
@cases("closing", ["</think>", "</thinking>", "[/THINK]", "<|channel|>final<|message|>"])
def test_thought_with_only_an_end_is_removed(closing: str, size: int) -> None:
    """All text before the end is the thought; if some was already passed on, the answer fails."""
    text = f"{THOUGHT}\n{closing}\n\n{TEXT}"
    assert filtered(text, size, known=False) == TEXT
    thoughts = ThoughtFilter(marks_thoughts=False)
    "".join(without_thoughts([text], thoughts))
    assert thoughts.unopened
    if size < len(text):
        with pytest.raises(MixedThoughtsError):
            filtered(text, size, known=True)


NO_THOUGHTS = [
    "The king signed it [1].", "2 < 3 and 5 > 4", "a <b>bold</b> word <", "Thinking about thoughts: [think] again.",
    "analysis shows that the king signed it", "Analysis: the king signed it.",
    "The analysis and the assistant's final word.", "a [1] b [", "<", "",
]  # fmt: skip


@cases("size", [1, 2, 1000])
@cases("text", NO_THOUGHTS)
def test_text_that_resembles_a_delimiter_is_kept(text: str, size: int) -> None:
    """A filter removes only complete delimiters."""
    assert filtered(text, size, known=True) == filtered(text, size, known=False) == text


def test_pieces_of_a_known_model_pass_at_once() -> None:
    """Only characters that could begin a delimiter are held back."""
    thoughts = ThoughtFilter(marks_thoughts=True)
    assert [thoughts.feed(piece) for piece in ("The king ", "signed <", "b>it</b> ", "[1]")] == [
        "The king ",
        "signed ",
        "<b>it</b> ",
        "[1]",
    ]


PIECES = st.lists(
    st.sampled_from(
        [delimiter for pair in DELIMITERS.values() for delimiter in pair] + ["<", "<|", "a", " ", "[1]", "\n", "think>"]
    ),
    max_size=9,
)


@settings(deadline=None)
@given(PIECES, st.integers(1, 30))
@example(["<think>", "a", "<think>", "b", "</think>", "c", "</think>"], 1)
def test_position_of_cuts_does_not_matter(pieces: list[str], size: int) -> None:
    """A text in pieces loses the same thoughts as a whole one, or is found to be mixed with thoughts."""
    text = "".join(pieces)
    with suppress(MixedThoughtsError):
        assert filtered(text, size, known=False) == filtered(text, max(1, len(text)), known=False)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(blacklist_characters="<[◁"), max_size=60), st.integers(1, 9))
def test_plain_text_passes_unchanged(text: str, size: int) -> None:
    """Only white space before the text is removed."""
    if not text.lstrip().startswith("analysis"):
        assert filtered(text, size, known=True) == text.lstrip() == filtered(text, size, known=False)


@pytest.mark.parametrize("unit", ["<", "<think", "<think>", "</think>", "<|channel|>", "<|", "[THINK", "a" * 9])
def test_long_repetitive_text_is_filtered_in_linear_time(unit: str) -> None:
    """With quadratic time, 40,000 characters would take minutes."""
    assert len(filtered(unit * (40_000 // len(unit)), 50, known=False)) <= 40_000
