"""The answer reader gives the trained model's logits, selects the answering sentence and refuses damaged weights."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from index.encoders import answer_reader as module
from index.encoders.answer_reader import MAX_TOKENS, SHA256, UNREAD, WEIGHTS, AnswerReader, Verdict, Window, load_reader
from index.encoders.bert import works
from index.encoders.pairs import load_weights
from index.encoders.pretrained import read_default
from index.errors import EncoderError, WeightsMismatch
from index.library.library import Library
from index.settings import Settings
from index.text.sentences import split_sentences
from training.reader import Item, Reader, save, scores
from training.reader_windows import Example

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.encoders.encoder import SentenceTransformerEncoder
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
    """Return a window of a text and its sentences."""
    return Window(text, tuple(split_sentences(text)))


@pytest.fixture(scope="module")
def trained() -> Reader:
    """Build a model as training does, with new weights that are not zero."""
    torch.manual_seed(3)
    model = Reader().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.startswith(("marks", "token", "sentence", "any")) or "token_type" in name:
                weight.add_(0.05 * torch.randn_like(weight))
    return model


@pytest.fixture(scope="module")
def shipped() -> AnswerReader:
    """Load the reader of this installation."""
    return load_reader("float32")


def test_reader_logits_equal_those_of_training(trained: Reader, tmp_path: Path) -> None:
    """Training pads and uses the model library, we pack and use our own layers; both agree up to rounding."""
    path = tmp_path / "reader.safetensors"
    save(trained, path)
    reader = AnswerReader(load_weights(path, hashlib.sha256(path.read_bytes()).hexdigest()), "float32")
    tokenizer = read_default().tokenizer
    texts = [*TEXTS.values(), "A whale. " * 200, "One."]
    question = "Who built the tall tower in 1889?"
    examples = [Example(question, text, window(text).sentences, frozenset()) for text in texts]
    expected = scores(trained, [Item(tokenizer, example) for example in examples])
    for verdict, (sentence_logits, any_logit), text in zip(
        reader.read(question, [window(text) for text in texts]), expected, texts, strict=True
    ):
        was_read = verdict.sentences > UNREAD
        assert verdict.sentences[was_read] == pytest.approx(sentence_logits[was_read], abs=0.1)
        assert verdict.any == pytest.approx(any_logit, abs=0.1)
        assert was_read.all() == (len(text) < 4 * MAX_TOKENS)


def test_only_the_answer_scores_high(shipped: AnswerReader) -> None:
    """In each text one sentence answers; a text on the right subject that lacks the answer scores lower."""
    answers = ("Gustave Eiffel", "324 metres", "1931")
    for (question, text), answer in zip(TEXTS.items(), answers, strict=True):
        (verdict,) = shipped.read(question, [window(text)])
        best = window(text).sentences[int(verdict.sentences.argmax())]
        assert answer in best.of(text)
    for question, text in UNANSWERED.items():
        yes, no = shipped.read(question, [window(TEXTS[question]), window(text)])
        assert yes.any > no.any
        assert yes.sentences.max() > no.sentences.max()


def test_order_of_windows_does_not_change_verdicts(shipped: AnswerReader) -> None:
    """Each window has its own verdict, whatever is read with it."""
    windows = [window(text) for text in (*TEXTS.values(), *UNANSWERED.values())]
    question = next(iter(TEXTS))
    alone = [shipped.read(question, [passage])[0] for passage in windows]
    order = random.Random(2).sample(range(len(windows)), len(windows))
    for number, verdict in zip(order, shipped.read(question, [windows[number] for number in order]), strict=True):
        assert verdict.sentences == pytest.approx(alone[number].sentences, abs=1e-3)
        assert verdict.any == pytest.approx(alone[number].any, abs=1e-3)


@given(st.lists(st.integers(0, 1200), max_size=9))
def test_windows_are_shared_equally(lengths: list[int]) -> None:
    """Every window is read once, and no core has more than one window's work more than another."""
    shares = module._shares(lengths)
    assert sorted(n for share in shares for n in share) == list(range(len(lengths)))
    work = [sum(lengths[n] for n in share) for share in shares]
    assert not work or max(work) - min(work) <= max(lengths)


def test_windows_and_sentences_that_are_not_read(shipped: AnswerReader) -> None:
    """No window gives no verdict; an empty one, and a sentence beyond the limit, get the lowest logit."""
    assert shipped.read("Who?", []) == []
    ((sentences, any_logit),) = shipped.read("Who?", [Window("", ())])
    assert (len(sentences), any_logit) == (0, UNREAD)
    text = "The ship left the old harbour. " * 60
    (verdict,) = shipped.read("Who left?", [window(text)])
    assert verdict.sentences[0] > UNREAD
    assert verdict.sentences[-1] == UNREAD


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_lower_precision_changes_probabilities_little(precision: str, shipped: AnswerReader) -> None:
    """Rounding changes a probability by less than 0.08."""
    if not works(precision):
        pytest.skip("this processor, or this torch, does not multiply eight bits")
    rounded_reader = load_reader(precision)
    for question, text in TEXTS.items():
        exact, rounded = (reader.read(question, [window(text)])[0].sentences for reader in (shipped, rounded_reader))
        assert np.abs(1 / (1 + np.exp(-exact)) - 1 / (1 + np.exp(-rounded))).max() < 0.08


def test_hopeless_question_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, real_encoder: SentenceTransformerEncoder
) -> None:
    """Far below both thresholds the reader cannot change the result; with thresholds of zero it always reads."""
    questions_read: list[str] = []
    read = AnswerReader.read

    def recording_read(self: AnswerReader, question: str, windows: Sequence[Window]) -> list[Verdict]:
        questions_read.append(question)
        return read(self, question, windows)

    monkeypatch.setattr(AnswerReader, "read", recording_read)
    path = write("a.txt", "The king signed the treaty in 1373.")
    off_topic, answerable = "How do bees make wax?", "Who signed the treaty in 1373?"
    for settings, expected in (
        (Settings(), [answerable]),
        (Settings(bar=0.0, unsure_bar=0.0), [off_topic, answerable]),
    ):
        questions_read.clear()
        with Library.open(tmp_path / "library", settings, encoder=real_encoder) as library:
            library.add([path])
            for question in (off_topic, answerable):
                library.ask(question)
        assert list(dict.fromkeys(questions_read)) == expected


def test_packaged_weights_match_the_hash_in_the_code() -> None:
    """Measured figures hold for exactly these weights."""
    assert hashlib.sha256(WEIGHTS.read_bytes()).hexdigest() == SHA256


def test_damaged_reader_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, real_encoder: SentenceTransformerEncoder
) -> None:
    """One changed byte gives an error with a hint; with the reader turned off, the library still answers."""
    content = bytearray(WEIGHTS.read_bytes())
    content[-1] ^= 1
    (tmp_path / "reader.safetensors").write_bytes(content)
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "reader.safetensors")
    load_reader.cache_clear()
    with Library.open(tmp_path / "library", encoder=real_encoder) as library:
        library.add([write("a.txt", "The king signed the treaty in 1373.")])
        with pytest.raises(WeightsMismatch, match=r"reader\.safetensors") as raised:
            library.ask("Who signed the treaty?")
        assert "pip install" in raised.value.hint
    with Library.open(tmp_path / "library", Settings(reader=False), encoder=real_encoder) as library:
        assert library.ask("Who signed the treaty?").hits
    load_reader.cache_clear()


def test_missing_reader_weights_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file that is missing."""
    monkeypatch.setattr(module, "WEIGHTS", tmp_path / "nowhere.safetensors")
    load_reader.cache_clear()
    with pytest.raises(EncoderError, match=r"nowhere\.safetensors"):
        load_reader("auto")
    load_reader.cache_clear()
