"""The verifier: what the trained model computes, and a clear refusal of weights and models that are not for it."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import torch

from index.encoders import cross_encoders as module
from index.encoders.cross_encoders import (
    LONGEST_CLAIM,
    LONGEST_PAIR,
    SHA256,
    WEIGHTS,
    CrossEncoderVerifier,
    Verifier,
    load_verifier,
)
from index.encoders.pairs import lay_out, read_text
from index.encoders.pretrained import read_default
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
    """A model as training has it, whose new weights are not nothing."""
    torch.manual_seed(3)
    model = TrainedVerifier().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.startswith(("marks", "head")) or "token_type" in name:
                weight.add_(0.05 * torch.randn_like(weight))
    return model


@pytest.fixture(scope="module")
def file(trained: TrainedVerifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its weights."""
    path = tmp_path_factory.mktemp("verifier") / "verifier.safetensors"
    save(trained.weights(), path)
    return path


def read(path: Path, precision: str = "float32") -> Verifier:
    """A verifier of a file, whatever its hash."""
    return Verifier(precision, path, hashlib.sha256(path.read_bytes()).hexdigest())


def expected(trained: TrainedVerifier) -> torch.Tensor:
    """Logits as training computes them, padded and through the model library."""
    tokenizer = read_default().tokenizer
    texts = [[read_text(tokenizer, text) for text in pair] for pair in PAIRS]
    with torch.inference_mode():
        logits: torch.Tensor = trained(
            [lay_out(*both, longest_first=LONGEST_CLAIM, longest=LONGEST_PAIR) for both in texts]
        )
    return logits


@pytest.mark.model
def test_logits_are_those_of_training(trained: TrainedVerifier, file: Path) -> None:
    """To the fourth digit, a pair that is cut at both limits among them."""
    torch.testing.assert_close(read(file).logits(PAIRS), expected(trained), atol=1e-4, rtol=1e-4)


@pytest.mark.model
def test_low_precision_stays_near(trained: TrainedVerifier, file: Path) -> None:
    """In bfloat16 the shares differ by little."""
    shares = torch.tensor(read(file, "bfloat16").supported(PAIRS))
    torch.testing.assert_close(shares, expected(trained).softmax(-1)[:, 0], atol=0.03, rtol=0)


@pytest.mark.model
def test_pairs_do_not_depend_on_each_other(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, together, in small batches and from several threads: the same shares, in order."""
    verifier = read(file)
    alone = [verifier.supported([pair])[0] for pair in PAIRS]
    assert verifier.supported(PAIRS) == pytest.approx(alone, abs=1e-5)
    monkeypatch.setattr(module, "BATCH_PAIRS", 2)
    with ThreadPoolExecutor(3) as threads:
        for found in threads.map(read(file).supported, [PAIRS] * 3):
            assert found == pytest.approx(alone, abs=1e-5)


@pytest.mark.model
@pytest.mark.parametrize("pair", [("", ""), ("", "A premise."), ("A claim.", ""), ("\u0416\u4e2d\U0001f600", "?!")])
def test_odd_texts(file: Path, pair: tuple[str, str]) -> None:
    """Nothing at all, and what has no words, get a share all the same."""
    assert 0 <= read(file).supported([pair])[0] <= 1


def test_no_pairs_need_no_model(tmp_path: Path) -> None:
    """Nothing is read for them."""
    assert Verifier(weights=tmp_path / "absent", sha256="0").supported([]) == []


def test_damaged_weights(tmp_path: Path) -> None:
    """One byte is enough; what is found and what should be are told."""
    path = tmp_path / "verifier.safetensors"
    path.write_bytes(WEIGHTS.read_bytes()[:-1] + b"\0" if WEIGHTS.exists() else b"nothing")
    with pytest.raises(WeightsMismatch, match=r"verifier\.safetensors have sha256"):
        Verifier(weights=path).supported([PAIRS[0]])


def test_missing_weights(tmp_path: Path) -> None:
    """An installation without them says how to get them."""
    with pytest.raises(EncoderError, match="could not be read") as caught:
        Verifier(weights=tmp_path / "verifier.safetensors", sha256="0").supported([PAIRS[0]])
    assert "pip install --force-reinstall pincite" in str(caught.value.hint)


def test_whole_numbers_with_scales(tmp_path: Path) -> None:
    """A weight that was rounded to eight bits comes back to within its scale."""
    from index.encoders.pairs import load_weights
    from training.model import rounded

    weights = {"dense.weight": torch.randn(5, 7), "dense.bias": torch.randn(5)}
    save(rounded(weights), tmp_path / "file")
    found = load_weights(tmp_path / "file", hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest())
    assert set(found) == set(weights)
    torch.testing.assert_close(found["dense.weight"], weights["dense.weight"], atol=0.02, rtol=0)
    torch.testing.assert_close(found["dense.bias"], weights["dense.bias"], atol=0.02, rtol=0)


def test_settings_choose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing named: the built-in one; `off`: none; a folder: that model."""
    assert isinstance(load_verifier(Settings()), Verifier)
    monkeypatch.setenv("PINCITE_VERIFIER", "Off")
    assert load_verifier(Settings()) is None
    folder = make_inference_model(tmp_path, {0: "contradiction", 1: "entailment", 2: "neutral"})
    monkeypatch.setenv("PINCITE_VERIFIER", str(folder))
    assert isinstance(load_verifier(Settings(device="cpu", precision="float32")), CrossEncoderVerifier)


def make_inference_model(folder: Path, labels: dict[int, str]) -> Path:
    """A cross-encoder of three classes with these names."""
    import json

    made = make_model(folder, labels=3, activation="Identity")
    config = json.loads((made / "config.json").read_text())
    config |= {"id2label": labels, "label2id": {name: number for number, name in labels.items()}}
    (made / "config.json").write_text(json.dumps(config))
    return made


@pytest.mark.parametrize("at", [0, 1, 2])
def test_another_model_is_asked_for_its_class_of_support(tmp_path: Path, at: int) -> None:
    """Premise first, and the class that is called entailment, wherever it stands."""
    from sentence_transformers import CrossEncoder

    names = ["contradiction", "neutral"]
    names.insert(at, "ENTAILMENT")
    folder = make_inference_model(tmp_path, dict(enumerate(names)))
    verifier = CrossEncoderVerifier(str(folder), device="cpu", precision="float32")
    claim, premise = "the king signed", "the ship left . a whale swam"
    library: Any = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    own = library.predict((premise, claim), activation_fn=torch.nn.Softmax(dim=-1))
    assert verifier.supported([(claim, premise)])[0] == pytest.approx(float(own[at]), abs=1e-5)
    assert verifier.supported([]) == []


@pytest.mark.parametrize(
    "labels", [{0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}, {0: "positive", 1: "negative", 2: "mixed"}]
)
def test_a_model_without_such_a_class_is_refused(tmp_path: Path, labels: dict[int, str]) -> None:
    """Its classes are named, and what would do."""
    folder = make_inference_model(tmp_path, labels)
    with pytest.raises(EncoderError, match=f"trained for inference.*{labels[0].lower()}") as caught:
        CrossEncoderVerifier(str(folder), device="cpu")
    assert "PINCITE_VERIFIER" in str(caught.value.hint)


def test_an_encoder_and_a_reranker_are_refused(tmp_path: Path) -> None:
    """Neither was trained for inference."""
    for folder in (make_model(tmp_path / "a", head=False), make_model(tmp_path / "b")):
        with pytest.raises(EncoderError, match="was not trained for inference"):
            CrossEncoderVerifier(str(folder), device="cpu")


def test_no_model_there(tmp_path: Path) -> None:
    """A folder without one."""
    with pytest.raises(EncoderError, match="could not be loaded"):
        CrossEncoderVerifier(str(tmp_path), device="cpu")


def test_a_model_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong inside, and probabilities that are not numbers, are our errors."""
    import numpy as np

    folder = make_inference_model(tmp_path, {0: "entailment", 1: "neutral", 2: "contradiction"})
    verifier = CrossEncoderVerifier(str(folder), device="cpu")
    monkeypatch.setattr(verifier._model, "predict", lambda *_, **__: np.full((1, 3), np.nan))
    with pytest.raises(EncoderError, match="not a number"):
        verifier.supported([PAIRS[0]])

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(verifier._model, "predict", fail)
    with pytest.raises(EncoderError, match="out of memory"):
        verifier.supported([PAIRS[0]])


UNMISTAKABLE = [
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
def test_the_built_in_model_tells_the_unmistakable() -> None:
    """Each true claim is above each false one by far."""
    shares = Verifier().supported([(claim, premise) for claim, premise, _ in UNMISTAKABLE])
    true = [share for share, (*_, follows) in zip(shares, UNMISTAKABLE, strict=True) if follows]
    false = [share for share, (*_, follows) in zip(shares, UNMISTAKABLE, strict=True) if not follows]
    assert min(true) > 0.5
    assert max(false) < 0.3
