"""The verifier computes the trained model's logits, and refuses unsuitable weights and models."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from index.encoders import cross_encoders as module
from index.encoders.cross_encoders import (
    MAX_CLAIM_TOKENS,
    MAX_PAIR_TOKENS,
    SHA256,
    WEIGHTS,
    CrossEncoderVerifier,
    Verifier,
    load_verifier,
)
from index.encoders.pairs import lay_out, read_text
from index.encoders.pretrained import load_model, read_default, require_folder
from index.errors import EncoderError, WeightsMismatch
from index.settings import Settings
from tests.encoders.test_reranker import make_model
from training.model import TrainedVerifier, save

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = [
    ("The firm bought the mill.", "The mill was bought by the firm in 1990. It had stood empty."),
    ("A whale swam by.", "Nothing of the kind was seen that day."),
    ("It rained.", "It rained."),
    ("Ada " * 90, "Nobody knows who wrote the long report. " * 40),
]


@pytest.fixture(scope="module")
def trained() -> TrainedVerifier:
    """Build a model as training does, with new weights that are not zero."""
    torch.manual_seed(3)
    model = TrainedVerifier().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.startswith(("marks", "head")) or "token_type" in name:
                weight.add_(0.05 * torch.randn_like(weight))
    return model


@pytest.fixture(scope="module")
def weights_file(trained: TrainedVerifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save the trained weights."""
    path = tmp_path_factory.mktemp("verifier") / "verifier.safetensors"
    save(trained.weights(), path)
    return path


def make_verifier(path: Path, precision: str = "float32") -> Verifier:
    """Load a verifier from a file, whatever its hash."""
    return Verifier(precision, path, hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture(scope="module")
def verifier(weights_file: Path) -> Verifier:
    """Load the trained weights in float32."""
    return make_verifier(weights_file)


@pytest.fixture(scope="module")
def expected(trained: TrainedVerifier) -> torch.Tensor:
    """Return the logits that training computes, padded and through the model library."""
    tokenizer = read_default().tokenizer
    texts = [[read_text(tokenizer, text) for text in pair] for pair in PAIRS]
    with torch.inference_mode():
        logits: torch.Tensor = trained(
            [
                lay_out(*texts_of_pair, longest_first=MAX_CLAIM_TOKENS, longest=MAX_PAIR_TOKENS)
                for texts_of_pair in texts
            ]
        )
    return logits


@pytest.mark.model
def test_verifier_logits_equal_those_of_training(verifier: Verifier, expected: torch.Tensor) -> None:
    """They agree to the fourth digit, also for a pair that is truncated at both limits."""
    torch.testing.assert_close(verifier.logits(PAIRS), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.model
def test_bfloat16_probabilities_are_close_to_float32(expected: torch.Tensor, weights_file: Path) -> None:
    """In bfloat16 the probabilities change by at most 0.03."""
    shares = torch.tensor(make_verifier(weights_file, "bfloat16").read(PAIRS))
    torch.testing.assert_close(shares, expected.softmax(-1)[:, :2], atol=0.03, rtol=0)


@pytest.mark.model
def test_pairs_are_scored_independently(
    verifier: Verifier, weights_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, together, in small batches and from several threads, pairs get the same probabilities in order."""
    alone = [verifier.read([pair])[0] for pair in PAIRS]
    assert np.allclose(verifier.read(PAIRS), alone, atol=1e-5)
    monkeypatch.setattr(module, "BATCH_PAIRS", 2)
    with ThreadPoolExecutor(3) as threads:
        for found in threads.map(make_verifier(weights_file).read, [PAIRS] * 3):
            assert np.allclose(found, alone, atol=1e-5)


@pytest.mark.model
@pytest.mark.parametrize("pair", [("", ""), ("", "A premise."), ("A claim.", ""), ("\u0416\u4e2d\U0001f600", "?!")])
def test_texts_without_words_get_a_probability(verifier: Verifier, pair: tuple[str, str]) -> None:
    """Empty texts and texts without a known word do not fail."""
    assert 0 <= verifier.read([pair])[0].supported <= 1


def test_weights_that_are_missing_or_damaged_are_refused(tmp_path: Path) -> None:
    """The errors name file, hash and remedy; without pairs, no weights are loaded."""
    assert Verifier(weights=tmp_path / "absent", sha256="0").read([]) == []
    path = tmp_path / "verifier.safetensors"
    path.write_bytes(WEIGHTS.read_bytes()[:-1] + b"\0" if WEIGHTS.exists() else b"nothing")
    with pytest.raises(WeightsMismatch, match=r"verifier\.safetensors have sha256"):
        Verifier(weights=path).read([PAIRS[0]])
    with pytest.raises(EncoderError, match="could not be read") as caught:
        Verifier(weights=tmp_path / "absent", sha256="0").read([PAIRS[0]])
    assert "pip install --force-reinstall pincite" in str(caught.value.hint)


def test_quantised_weights_are_restored_within_their_scale(tmp_path: Path) -> None:
    """Weights rounded to eight bits are restored to within 0.02."""
    from index.encoders.pairs import load_weights
    from training.model import rounded

    weights = {"dense.weight": torch.randn(5, 7), "dense.bias": torch.randn(5)}
    save(rounded(weights), tmp_path / "file")
    restored = load_weights(tmp_path / "file", hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest())
    assert set(restored) == set(weights)
    torch.testing.assert_close(restored["dense.weight"], weights["dense.weight"], atol=0.02, rtol=0)
    torch.testing.assert_close(restored["dense.bias"], weights["dense.bias"], atol=0.02, rtol=0)


def test_settings_choose_the_verifier(classifier: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unset uses the built-in verifier, `off` uses none, and a folder uses that model."""
    assert isinstance(load_verifier(Settings()), Verifier)
    monkeypatch.setenv("PINCITE_VERIFIER", "Off")
    assert load_verifier(Settings()) is None
    folder = label(classifier, tmp_path, {0: "contradiction", 1: "entailment", 2: "neutral"})
    monkeypatch.setenv("PINCITE_VERIFIER", str(folder))
    assert isinstance(load_verifier(Settings(device="cpu", precision="float32")), CrossEncoderVerifier)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a cross-encoder of three classes."""
    return make_model(tmp_path_factory.mktemp("classifier"), labels=3, activation="Identity")


def label(classifier: Path, folder: Path, labels: dict[int, str]) -> Path:
    """Copy the cross-encoder with these labels."""
    copy = shutil.copytree(classifier, folder / "classifier")
    config = json.loads((copy / "config.json").read_text())
    config |= {"id2label": labels, "label2id": {name: number for number, name in labels.items()}}
    (copy / "config.json").write_text(json.dumps(config))
    return copy


@pytest.mark.parametrize("position", [0, 1, 2])
def test_custom_verifier_uses_its_entailment_class(classifier: Path, tmp_path: Path, position: int) -> None:
    """The premise comes first, and the entailment class is found by its name at any position."""
    from sentence_transformers import CrossEncoder

    names = ["contradiction", "neutral"]
    names.insert(position, "ENTAILMENT")
    folder = label(classifier, tmp_path, dict(enumerate(names)))
    verifier = CrossEncoderVerifier(str(folder), device="cpu", precision="float32")
    claim, premise = "the king signed", "the ship left . a whale swam"
    library: Any = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    probabilities = library.predict((premise, claim), activation_fn=torch.nn.Softmax(dim=-1))
    (reading,) = verifier.read([(claim, premise)])
    assert reading.supported == pytest.approx(float(probabilities[position]), abs=1e-5)
    assert reading.contradicted == pytest.approx(float(probabilities[names.index("contradiction")]), abs=1e-5)
    assert verifier.read([]) == []


@pytest.mark.parametrize(
    "labels", [{0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, {0: "positive", 1: "negative", 2: "mixed"}]
)
def test_model_without_an_entailment_class_is_refused(classifier: Path, tmp_path: Path, labels: dict[int, str]) -> None:
    """The error lists the model's classes; the hint names the setting."""
    folder = label(classifier, tmp_path, labels)
    with pytest.raises(EncoderError, match=f"trained for natural language inference.*{labels[0].lower()}") as caught:
        CrossEncoderVerifier(str(folder), device="cpu")
    assert "PINCITE_VERIFIER" in str(caught.value.hint)


def test_folders_without_a_verifier_are_refused(tmp_path: Path) -> None:
    """Neither encoder nor reranker was trained for inference; an empty folder gives our error."""
    for folder in (make_model(tmp_path / "a", head=False), make_model(tmp_path / "b")):
        with pytest.raises(EncoderError, match="was not trained for natural language inference"):
            CrossEncoderVerifier(str(folder), device="cpu")
    with pytest.raises(EncoderError, match="could not be loaded"):
        CrossEncoderVerifier(str(tmp_path), device="cpu")


@pytest.mark.parametrize("name", ["{folder}/no-model", "./no-model", "tests/no-model", "a/b/c"])
def test_mistyped_folder_of_a_model_is_named_at_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hub is asked for it, which takes more than a minute where there is no network."""
    monkeypatch.setattr("index.encoders.pretrained.model_loading", None)
    model = name.format(folder=tmp_path)
    for load in (lambda: CrossEncoderVerifier(model, device="cpu"), lambda: load_model(model, "cpu")):
        with pytest.raises(EncoderError, match=f"There is no model in {re.escape(model)}: the folder does not exist"):
            load()


def test_name_of_a_model_on_a_hub_is_no_folder() -> None:
    """It is looked up there."""
    require_folder("all-MiniLM-L6-v2", "")
    require_folder("sentence-transformers/all-MiniLM-L6-v2", "")


def test_verifier_failures_are_reported(classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exceptions inside the model and NaN probabilities become our errors."""
    folder = label(classifier, tmp_path, {0: "entailment", 1: "neutral", 2: "contradiction"})
    verifier = CrossEncoderVerifier(str(folder), device="cpu")
    monkeypatch.setattr(verifier._model, "predict", lambda *_, **__: np.full((1, 3), np.nan))
    with pytest.raises(EncoderError, match="not a number"):
        verifier.read([PAIRS[0]])

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(verifier._model, "predict", fail)
    with pytest.raises(EncoderError, match="out of memory"):
        verifier.read([PAIRS[0]])


CLEAR_PAIRS = [
    (
        "The mill was bought by a bakery in 1990.",
        "A bakery bought the old mill in 1990. It had stood empty for years.",
        True,
    ),
    (
        "Ada Lovelace was born in London.",
        "Ada Lovelace was born in London in 1815. Her mother liked mathematics.",
        True,
    ),
    ("Cats are popular pets in Norway.", "The bridge was closed for repairs. Ferries ran every hour instead.", False),
    ("The council approved the plan.", "The council did not approve the plan. It will vote again in May.", False),
]


@pytest.mark.model
@pytest.mark.skipif(not SHA256, reason="no weights yet")
def test_built_in_verifier_separates_clear_cases() -> None:
    """Every true claim scores far above every false one."""
    shares = [reading.supported for reading in Verifier().read([(claim, premise) for claim, premise, _ in CLEAR_PAIRS])]
    true = [share for share, (*_, follows) in zip(shares, CLEAR_PAIRS, strict=True) if follows]
    false = [share for share, (*_, follows) in zip(shares, CLEAR_PAIRS, strict=True) if not follows]
    assert min(true) > 3 * max(false)
