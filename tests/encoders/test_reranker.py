"""The reranker returns the scores of sentence-transformers' `CrossEncoder`, and refuses other kinds of models."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.encoders import cross_encoders
from index.encoders.cross_encoders import CrossEncoderReranker, load_reranker
from index.errors import EncoderError
from index.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = ["the", "ship", "left", "a", "whale", "swam", "by", "king", "signed", "treaty", "who", "it", "rained", "?", "."]
QUESTION = "who signed the treaty ?"
PASSAGES = [
    "the king signed it .",
    "a whale swam by . it rained . the ship left .",
    "",
    "treaty",
    "the king signed it .",
]
MAX_TOKENS = 24


def save_tokenizer(folder: Path) -> int:
    """Save a tokenizer of whole words that joins question and passage as BERT expects; return its vocabulary size."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    vocabulary = {word: number for number, word in enumerate([*special.values(), *WORDS])}
    words = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    make_tokenizer: Any = PreTrainedTokenizerFast
    make_tokenizer(tokenizer_object=words, model_max_length=MAX_TOKENS, **special).save_pretrained(folder)
    return len(vocabulary)


def make_model(folder: Path, *, labels: int = 1, activation: str = "Sigmoid", head: bool = True) -> Path:
    """Save a cross-encoder of one layer with the same weights each time, or an encoder without `head`."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    torch.manual_seed(7)
    bert = folder / "bert"
    bert.mkdir(parents=True)
    config = BertConfig(
        vocab_size=save_tokenizer(bert),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=MAX_TOKENS,
        initializer_range=0.8,
    )
    config.num_labels = labels
    (BertForSequenceClassification if head else BertModel)(config).save_pretrained(bert)
    if not head:
        return bert
    model = CrossEncoder(str(bert), device="cpu", activation_fn=getattr(torch.nn, activation)(), local_files_only=True)
    model.save_pretrained(str(folder / "model"))
    return folder / "model"


def expected(folder: Path, question: str, passages: list[str]) -> list[float]:
    """Return the sigmoid of sentence-transformers' own logits, one pair at a time."""
    import torch
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    logits = [model.predict((question, passage), activation_fn=torch.nn.Identity()) for passage in passages]
    return [float(1 / (1 + np.exp(-np.float64(logit)))) for logit in logits]


def load(folder: Path) -> CrossEncoderReranker:
    """Load a reranker in float32, so that scores can be compared."""
    return CrossEncoderReranker(str(folder), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a reranker."""
    return make_model(tmp_path_factory.mktemp("reranker"))


@pytest.fixture(scope="module")
def reranker(folder: Path) -> CrossEncoderReranker:
    """Load that reranker."""
    return load(folder)


def test_reranker_is_chosen_by_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unset or empty setting loads nothing; device and precision follow the encoder's settings."""
    assert load_reranker(Settings()) is None
    assert load_reranker(Settings(reranker="")) is None
    monkeypatch.setenv("PINCITE_RERANKER", str(folder))
    reranker = load_reranker(Settings(device="cpu", precision="bfloat16"))
    assert isinstance(reranker, CrossEncoderReranker)
    assert (reranker.device, reranker.precision, reranker.max_tokens) == ("cpu", "bfloat16", MAX_TOKENS)
    assert reranker.score(QUESTION, PASSAGES) == pytest.approx(expected(folder, QUESTION, PASSAGES), abs=0.05)


def test_scores_equal_those_of_sentence_transformers(folder: Path, reranker: CrossEncoderReranker) -> None:
    """Each passage gets a score in [0, 1], in order; equal passages score alike, others do not."""
    scores = reranker.score(QUESTION, PASSAGES)
    assert scores == pytest.approx(expected(folder, QUESTION, PASSAGES), abs=1e-5)
    assert all(type(score) is float and 0 <= score <= 1 for score in scores)
    assert scores[0] == pytest.approx(scores[4], abs=1e-6)
    assert max(scores) - min(scores) > 0.1
    assert reranker.score(QUESTION, PASSAGES[::-1]) == pytest.approx(scores[::-1], abs=1e-5)
    assert reranker.score("it rained", PASSAGES) != pytest.approx(scores, abs=1e-2)


@pytest.mark.parametrize(
    "activation", ["Identity", *(pytest.param(name, marks=pytest.mark.nightly) for name in ("Tanh", "ReLU", "Sigmoid"))]
)
def test_score_is_a_probability_for_any_activation(tmp_path: Path, activation: str) -> None:
    """Logits, or any other output outside [0, 1], are passed through the sigmoid."""
    folder = make_model(tmp_path, activation=activation)
    assert load(folder).score(QUESTION, PASSAGES) == pytest.approx(expected(folder, QUESTION, PASSAGES), abs=1e-5)


def test_activation_that_gives_probabilities_is_kept(tmp_path: Path) -> None:
    """An activation that already maps to [0, 1] is the one that the model was trained with."""
    folder = make_model(tmp_path, activation="Hardsigmoid")
    logits = [np.log(score / (1 - score)) for score in expected(folder, QUESTION, PASSAGES)]
    hard = [float(np.clip(logit / 6 + 0.5, 0, 1)) for logit in logits]
    assert load(folder).score(QUESTION, PASSAGES) == pytest.approx(hard, abs=1e-5)


def test_batch_size_does_not_change_scores(reranker: CrossEncoderReranker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifteen passages, in batches of any size, score as each does alone."""
    passages = [" ".join(WORDS[number % 7 : number % 7 + number % 11]) for number in range(15)]
    alone = [score for passage in passages for score in reranker.score(QUESTION, [passage])]
    for size in (1, 8, 15):
        monkeypatch.setattr(cross_encoders, "RERANKED_PAIRS", size)
        assert reranker.score(QUESTION, passages) == pytest.approx(alone, abs=1e-5)


def test_threads_can_share_a_reranker(reranker: CrossEncoderReranker) -> None:
    """Concurrent questions get the scores that each gets alone."""
    questions = [" ".join(WORDS[first:]) for first in range(len(WORDS))]
    alone = [reranker.score(question, PASSAGES) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda question: reranker.score(question, PASSAGES), questions))
    assert np.array(together) == pytest.approx(np.array(alone), abs=1e-6)


def test_long_passage_is_truncated(reranker: CrossEncoderReranker) -> None:
    """Question, passage and three separators share `max_tokens`; no passages have no scores."""
    room = MAX_TOKENS - len(QUESTION.split()) - 3
    words = ["ship", "whale"] * (room // 2)
    exact, longer, shorter = reranker.score(
        QUESTION, [" ".join(words), " ".join([*words, "king", "left"]), " ".join(words[1:])]
    )
    assert len(words) == room
    assert longer == pytest.approx(exact, abs=1e-6)
    assert shorter != pytest.approx(exact, abs=1e-6)
    assert reranker.score(QUESTION, []) == []


def test_changed_weights_change_the_reranker_name(folder: Path, reranker: CrossEncoderReranker, tmp_path: Path) -> None:
    """The name of a folder's model follows its weights."""
    twin = load(make_model(tmp_path / "twin"))
    changed = load(change_weights(make_model(tmp_path / "other"), lambda bias: bias + 1))
    assert reranker.name.startswith("model@")
    assert twin.name == reranker.name
    assert changed.name != reranker.name


def change_weights(folder: Path, change: Callable[[Any], Any]) -> Path:
    """Change the bias of the head."""
    from safetensors.torch import load_file, save_file

    (file,) = folder.rglob("*.safetensors")
    weights = load_file(file)
    save_file(weights | {"classifier.bias": change(weights["classifier.bias"])}, file, metadata={"format": "pt"})
    return folder


# Refusals


def test_models_that_are_no_rerankers_are_refused(tmp_path: Path) -> None:
    """A classifier has no single score; an encoder would get a head with random weights."""
    with pytest.raises(EncoderError, match="sorts pairs into 3 classes") as caught:
        load(make_model(tmp_path / "classes", labels=3))
    assert "PINCITE_RERANKER takes a sentence-transformers cross-encoder with one score" in caught.value.hint
    with pytest.raises(EncoderError, match="was not trained to score pairs"):
        load(make_model(tmp_path / "encoder", head=False))


@pytest.mark.parametrize("content", [None, "config.json", "modules.json"])
def test_folder_without_a_reranker_is_refused(tmp_path: Path, content: str | None) -> None:
    """The message names the folder; the hint names the setting and how to do without it."""
    if content:
        (tmp_path / content).write_text('{"some": "thing"}')
    with pytest.raises(EncoderError, match="could not be loaded") as caught:
        load_reranker(Settings(reranker=str(tmp_path), device="cpu"))
    assert str(tmp_path) in caught.value.message
    assert "PINCITE_RERANKER" in caught.value.hint
    assert "unset it" in caught.value.hint


@pytest.mark.parametrize("model", ["/nonexistent/model", "nobody/nothing"])
def test_missing_reranker_is_refused(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing path, and an unknown name without a network, are named in the error."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # avoids 45 seconds of retries
    with pytest.raises(EncoderError, match=f"no model in {model}:|'{model}' could not be loaded") as caught:
        load_reranker(Settings(reranker=model, device="cpu"))
    assert "PINCITE_RERANKER" in caught.value.hint


def test_failures_while_loading_and_scoring_are_reported(tmp_path: Path) -> None:
    """Truncated weights, NaN, which cannot be ranked, and a text beyond the model's own limit."""
    folder = make_model(tmp_path / "cut")
    (weights,) = folder.rglob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(EncoderError, match="could not be loaded"):
        load(folder)
    reranker = load(change_weights(make_model(tmp_path / "nan"), lambda bias: bias * float("nan")))
    with pytest.raises(EncoderError, match="not a number"):
        reranker.score(QUESTION, PASSAGES)
    reranker = load(make_model(tmp_path / "long"))
    reranker._model.tokenizer.model_max_length = 10 * MAX_TOKENS
    with pytest.raises(EncoderError, match="failed: ") as caught:
        reranker.score(QUESTION, ["king " * 5 * MAX_TOKENS])
    assert "PINCITE_RERANKER" in caught.value.hint


def test_import_loads_no_model_library() -> None:
    """A fresh interpreter without a reranker imports neither torch nor the libraries built on it."""
    code = "import sys, index.encoders.cross_encoders as c\nfrom index.settings import Settings\n"
    code += "c.load_reranker(Settings())\n"
    code += "print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"torch", "transformers", "sentence_transformers"}.isdisjoint(loaded)
