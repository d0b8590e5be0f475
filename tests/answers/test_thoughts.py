"""What a model thinks aloud: none of it shows, however it is bordered and wherever its pieces are cut."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.answers.prompts import MixedThoughtsError, ThoughtFilter, without_thoughts
from tests.cases import cases

BORDERS = {
    "think": ("<think>", "</think>"),
    "think in capitals": ("<THINK>", "</Think>"),
    "thinking": ("<thinking>", "</thinking>"),
    "thought": ("<thought>", "</thought>"),
    "reasoning": ("<reasoning>", "</reasoning>"),
    "reflection": ("<reflection>", "</reflection>"),
    "with an attribute": ('<thinking budget="7">', "</thinking>"),
    "another one closes": ("<think>", "</thinking>"),
    "with a name": ("<seed:think>", "</seed:think>"),
    "in square brackets": ("[THINK]", "[/THINK]"),
    "in triangles": ("◁think▷", "◁/think▷"),
    "as a token": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "as Cohere has it": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "harmony": ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    "harmony in brief": ("<|channel|>analysis ", "<|channel|>final "),
    "harmony without a message": ("<|channel|>commentary to=search<|message|>", "<|channel|>final<|message|>"),
    "harmony without borders": ("analysis", "assistantfinal"),
}
THOUGHT = "Who was it? [2] The queen."
TEXT = "The king signed it [1]."


def shown(text: str, size: int, *, known: bool) -> str:
    """What is given out of a text that comes in pieces of a size."""
    return "".join(
        without_thoughts((text[n : n + size] for n in range(0, len(text), size)), ThoughtFilter(marks_thoughts=known))
    )


@cases("known", [True, False])
@cases("size", [1, 2, 3, 5, 8, 1000])
@cases(("opening", "closing"), BORDERS.values(), ids=BORDERS.keys())
def test_thoughts_do_not_show(opening: str, closing: str, size: int, known: bool) -> None:
    """Before the answer, and where they do not end, nothing of them is there."""
    assert shown(f"{opening}{THOUGHT}{closing}{TEXT}", size, known=known) == TEXT
    assert shown(f"\n{opening}{THOUGHT}", size, known=known) == ""


@cases("size", [1, 2, 3, 5, 8, 1000])
@cases("name", [name for name in BORDERS if "harmony" not in name])
def test_thoughts_within_an_answer(name: str, size: int) -> None:
    """They are taken out where they stand, several as well; what follows an open one is a thought."""
    opening, closing = BORDERS[name]
    thought = f"{opening}{THOUGHT}{closing}"
    for known in (True, False):
        assert shown(f"{thought}The king {thought}signed it{thought} [1].", size, known=known) == TEXT
        assert shown(f"{TEXT}{opening}{THOUGHT}", size, known=known) == TEXT


@cases("size", [1, 3, 1000])
@cases("closing", ["</think>", "</thinking>", "[/THINK]", "<|channel|>final<|message|>"])
def test_a_thought_that_was_opened_in_the_prompt(closing: str, size: int) -> None:
    """Only its end is there: all before it is a thought. Where some of it is out already, there is no answer."""
    text = f"{THOUGHT}\n{closing}\n\n{TEXT}"
    assert shown(text, size, known=False) == TEXT
    thoughts = ThoughtFilter(marks_thoughts=False)
    "".join(without_thoughts([text], thoughts))
    assert thoughts.unopened
    if size < len(text):
        with pytest.raises(MixedThoughtsError):
            shown(text, size, known=True)


KEPT = [
    "The king signed it [1].",
    "2 < 3 and 5 > 4",
    "a <b>bold</b> word <",
    "Thinking about thoughts: [think] again.",
    "analysis shows that the king signed it",
    "Analysis: the king signed it.",
    "The analysis and the assistant's final word.",
    "a [1] b [",
    "<",
    "",
]


@cases("size", [1, 2, 1000])
@cases("text", KEPT)
def test_words_are_kept(text: str, size: int) -> None:
    """What only looks like the border of a thought is text."""
    assert shown(text, size, known=True) == shown(text, size, known=False) == text


def test_words_come_at_once() -> None:
    """Of a model that is known, a piece is given out as it comes, but for what might begin a border."""
    thoughts = ThoughtFilter(marks_thoughts=True)
    assert [thoughts.feed(piece) for piece in ("The king ", "signed <", "b>it</b> ", "[1]")] == [
        "The king ",
        "signed ",
        "<b>it</b> ",
        "[1]",
    ]


PIECES = st.lists(
    st.sampled_from(
        [each for pair in BORDERS.values() for each in pair] + ["<", "<|", "a", " ", "[1]", "\n", "think>"]
    ),
    max_size=9,
)


@settings(deadline=None)
@given(PIECES, st.integers(1, 30))
@example(["<think>", "a", "<think>", "b", "</think>", "c", "</think>"], 1)
def test_cuts_change_nothing(pieces: list[str], size: int) -> None:
    """A text that comes in pieces loses the same as one that comes whole, or is found to be mixed with thoughts."""
    text = "".join(pieces)
    with suppress(MixedThoughtsError):
        assert shown(text, size, known=False) == shown(text, max(1, len(text)), known=False)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(blacklist_characters="<[◁"), max_size=60), st.integers(1, 9))
def test_plain_text_is_not_touched(text: str, size: int) -> None:
    """Whatever it says; white space before it aside."""
    if not text.lstrip().startswith("analysis"):
        assert shown(text, size, known=True) == text.lstrip() == shown(text, size, known=False)


@pytest.mark.parametrize("bit", ["<", "<think", "<think>", "</think>", "<|channel|>", "<|", "[THINK", "a" * 9])
def test_long(bit: str) -> None:
    """What repeats itself for long takes no time by the square."""
    assert len(shown(bit * (40_000 // len(bit)), 50, known=False)) <= 40_000
