"""The answer reader: what the model computes, which sentence it takes, and a clear refusal of damaged weights."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from index.encoders import reader as module
from index.encoders.bert import int8_works
from index.encoders.pairs import load_weights
from index.encoders.pretrained import prefers_int8, read_default
from index.encoders.reader import LONGEST, SHA256, UNREAD, WEIGHTS, AnswerReader, Verdict, Window, load_reader
from index.errors import EncoderError, WeightsMismatch
from index.library.library import Library
from index.settings import Settings
from index.text.sentences import split_sentences
from training.reader import Item, Reader, save, scores
from training.reader_windows import Example

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import Write

pytestmark = pytest.mark.model

TEXTS = {
    "Who built the tower?": "The tower is 324 m tall. It was built by Gustave Eiffel. It was finished in 1889.",
    "How tall is the tower?": "The tower was finished in 1889 by Eiffel. It has a height of 324 metres.",
    "When did the mill close?": "The mill stood on the river. The owner closed the mill in 1931, and nobody wept.",
}
UNANSWERED = {
    "Who built the tower?": "The tower is 324 m tall. It stands in Paris, by the river.",
    "When did the mill close?": "The mill stood on the river. Its owner was a rich man.",
}


def window(text: str) -> Window:
    """A text with its sentences."""
    return Window(text, tuple(split_sentences(text)))


@pytest.fixture(scope="module")
def trained() -> Reader:
    """A model as training has it, whose new weights are not nothing."""
    torch.manual_seed(3)
    model = Reader().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.startswith(("marks", "token", "sentence", "any")) or "token_type" in name:
                weight.add_(0.05 * torch.randn_like(weight))
    return model


@pytest.fixture(scope="module")
def shipped() -> AnswerReader:
    """The one of this installation."""
    return load_reader("float32")


def test_what_is_read_is_what_training_computes(trained: Reader, tmp_path: Path) -> None:
    """Padded and through the model library there, end to end through our layers here: the same but for rounding."""
    path = tmp_path / "reader.safetensors"
    save(trained, path)
    reader = AnswerReader(load_weights(path, hashlib.sha256(path.read_bytes()).hexdigest()), "float32")
    tokenizer = read_default().tokenizer
    texts = [*TEXTS.values(), "A whale. " * 200, "One."]
    question = "Who built the tall tower in 1889?"
    examples = [Example(question, text, window(text).sentences, frozenset()) for text in texts]
    expected = scores(trained, [Item(tokenizer, each) for each in examples])
    for verdict, (sentences, whole), text in zip(
        reader.read(question, [window(text) for text in texts]), expected, texts, strict=True
    ):
        seen = verdict.sentences > UNREAD
        assert verdict.sentences[seen] == pytest.approx(sentences[seen], abs=0.1)
        assert verdict.any == pytest.approx(whole, abs=0.1)
        assert seen.all() == (len(text) < 4 * LONGEST)


def test_the_sentence_that_answers_is_told(shipped: AnswerReader) -> None:
    """Of each text one sentence answers; it has the greatest logit."""
    answers = ("Gustave Eiffel", "324 metres", "1931")
    for (question, text), answer in zip(TEXTS.items(), answers, strict=True):
        (verdict,) = shipped.read(question, [window(text)])
        best = window(text).sentences[int(verdict.sentences.argmax())]
        assert answer in best.of(text)


def test_a_near_miss_is_less_than_an_answer(shipped: AnswerReader) -> None:
    """The right subject without what was asked for is told from the answer, in one pass over both."""
    for question, text in UNANSWERED.items():
        yes, no = shipped.read(question, [window(TEXTS[question]), window(text)])
        assert yes.any > no.any
        assert yes.sentences.max() > no.sentences.max()


def test_the_order_of_windows_does_not_matter(shipped: AnswerReader) -> None:
    """Each has its own verdict, whatever is read beside it."""
    windows = [window(text) for text in (*TEXTS.values(), *UNANSWERED.values())]
    question = next(iter(TEXTS))
    alone = [shipped.read(question, [each])[0] for each in windows]
    order = random.Random(2).sample(range(len(windows)), len(windows))
    for n, verdict in zip(order, shipped.read(question, [windows[n] for n in order]), strict=True):
        assert verdict.sentences == pytest.approx(alone[n].sentences, abs=1e-3)
        assert verdict.any == pytest.approx(alone[n].any, abs=1e-3)


def test_nothing_to_read(shipped: AnswerReader) -> None:
    """No window, no verdict; a window without a sentence is about nothing."""
    assert shipped.read("Who?", []) == []
    ((sentences, whole),) = shipped.read("Who?", [Window("", ())])
    assert (len(sentences), whole) == (0, UNREAD)


def test_what_exceeds_the_limit_is_not_read(shipped: AnswerReader) -> None:
    """A sentence beyond it has the least logit there is; those before it are read."""
    text = "The ship left the old harbour. " * 60
    (verdict,) = shipped.read("Who left?", [window(text)])
    assert verdict.sentences[0] > UNREAD
    assert verdict.sentences[-1] == UNREAD


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_less_precision_says_much_the_same(precision: str, shipped: AnswerReader) -> None:
    """Rounding moves a probability by a few hundredths at most."""
    if precision == "int8" and not (prefers_int8() and int8_works()):
        pytest.skip("this processor, or this torch, does not multiply eight bits")
    rough = load_reader(precision)
    for question, text in TEXTS.items():
        exact, rounded = (each.read(question, [window(text)])[0].sentences for each in (shipped, rough))
        assert np.abs(1 / (1 + np.exp(-exact)) - 1 / (1 + np.exp(-rounded))).max() < 0.08


def test_what_the_documents_cannot_answer_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """Far under both bars the reader changes nothing; where the bars are nothing, all is read."""
    asked: list[str] = []
    read = AnswerReader.read

    def noted(self: AnswerReader, question: str, windows: Sequence[Window]) -> list[Verdict]:
        asked.append(question)
        return read(self, question, windows)

    monkeypatch.setattr(AnswerReader, "read", noted)
    path = write("a.txt", "The king signed the treaty in 1373.")
    foreign, own = "How do bees make wax?", "Who signed the treaty in 1373?"
    for settings, expected in ((Settings(), [own]), (Settings(bar=0.0, unsure_bar=0.0), [foreign, own])):
        asked.clear()
        with Library.open(tmp_path / "library", settings) as library:
            library.add([path])
            for question in (foreign, own):
                library.ask(question)
        assert list(dict.fromkeys(asked)) == expected


def test_the_weights_are_those_that_were_measured() -> None:
    """The hash in the code is that of the file in the package."""
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == SHA256


def test_damaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    """One byte: it is told that they are not the published ones, and what to do; without the reader one can ask."""
    content = bytearray(WEIGHTS.read_bytes())
    content[-1] ^= 1
    (tmp_path / "reader.safetensors").write_bytes(content)
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "reader.safetensors")
    load_reader.cache_clear()
    with Library.open(tmp_path / "library") as library:
        library.add([write("a.txt", "The king signed the treaty in 1373.")])
        with pytest.raises(WeightsMismatch, match=r"reader\.safetensors") as raised:
            library.ask("Who signed the treaty?")
        assert "pip install" in raised.value.hint
    with Library.open(tmp_path / "library", Settings(reader=False)) as library:
        assert library.ask("Who signed the treaty?").hits
    load_reader.cache_clear()


def test_missing_weights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the file is not there."""
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "nowhere.safetensors")
    load_reader.cache_clear()
    with pytest.raises(EncoderError, match=r"nowhere\.safetensors"):
        load_reader("auto")
    load_reader.cache_clear()
