"""The packed module encodes documents inside a `SentenceTransformer`."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from index.encoders.encoder import Draft, SentenceTransformerEncoder
from index.encoders.packed_transformer import PackedTransformer
from index.encoders.passes import PaddedPass
from index.encoders.pretrained import default_weights, load_model
from index.records import Span

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.model

TEXTS = [
    "The treaty of 1783 ended the war. It was signed in Paris. Three men signed for the United States.",
    "Whales breathe air.",
    "",
    "東京は日本の首都です。",
    " ".join(f"word{n}" for n in range(300)),
]


@pytest.fixture(scope="module")
def plain() -> SentenceTransformer:
    """Load the same weights through sentence-transformers alone."""
    return SentenceTransformer(str(default_weights()), device="cpu", model_kwargs={"dtype": "float32"})


def test_documents_are_encoded_by_a_sentence_transformer(
    real_encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model and its modules are the library's classes, and every batch of passages passes through it."""
    model = real_encoder.document_model
    assert type(model) is SentenceTransformer
    assert [type(module).__name__ for module in model] == ["PackedTransformer", "Normalize"]
    batch_sizes: list[int] = []
    forward = SentenceTransformer.forward

    def counting_forward(self: SentenceTransformer, features: Any, **options: Any) -> Any:
        assert self is model
        batch_sizes.append(len(features["lengths"]))
        return forward(self, features, **options)

    monkeypatch.setattr(SentenceTransformer, "forward", counting_forward)
    real_encoder.encode([Draft(text) for text in TEXTS[:4]])
    assert sum(batch_sizes) == 4


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_packed_model_encodes_like_the_original(plain: SentenceTransformer, precision: str) -> None:
    """`encode` gives the same vectors for texts of any length in any order, to the given precision."""
    tolerance = 1e-5 if precision == "float32" else 5e-3
    packed = SentenceTransformerEncoder(device="cpu", precision=precision).document_model
    expected = plain.encode(TEXTS)
    vectors = packed.encode(TEXTS)
    assert vectors.shape == expected.shape
    assert (vectors * expected).sum(axis=1) == pytest.approx([1.0] * len(TEXTS), abs=tolerance)
    tokens = zip(
        packed.encode(TEXTS, output_value="token_embeddings"),
        plain.encode(TEXTS, output_value="token_embeddings"),
        strict=True,
    )
    for ours, theirs in tokens:
        assert ours.shape == theirs.shape
        assert torch.nn.functional.cosine_similarity(ours, theirs).min() > 1 - 20 * tolerance
    assert packed.get_embedding_dimension() == plain.get_embedding_dimension() == 384
    assert (packed.max_seq_length, packed.device.type) == (256, "cpu")


def test_default_vectors_equal_those_of_plain_encode(plain: SentenceTransformer) -> None:
    """With default settings, no vector differs by more than its storage in float16 allows."""
    encoder = SentenceTransformerEncoder(device="cpu")
    texts = [text for text in TEXTS if encoder.count_tokens([text])[0] <= encoder.max_tokens]
    expected = plain.encode(texts, normalize_embeddings=True)
    vectors = np.stack([passage.vector for passage in encoder.encode([Draft(text) for text in texts])])
    cosines = (vectors * expected).sum(axis=1)
    assert cosines.min() > (0.9999 if encoder.precision != "bfloat16" else 0.995)


def test_question_vector_equals_that_of_the_document_model(plain: SentenceTransformer) -> None:
    """The light pass gives the same bits before and after the model is loaded, and truncates alike."""
    for precision in ("float32", "bfloat16"):
        encoder = SentenceTransformerEncoder(device="cpu", precision=precision)
        before = [encoder.encode_question(text) for text in TEXTS]
        expected = encoder.document_model.encode(TEXTS, batch_size=1)
        after = [encoder.encode_question(text) for text in TEXTS]
        for vector_before, vector_after, document_vector in zip(before, after, expected, strict=True):
            assert np.array_equal(vector_before, vector_after)
            assert vector_before == pytest.approx(document_vector, abs=1e-6)
    exact = SentenceTransformerEncoder(device="cpu", precision="float32")
    expected = plain.encode(TEXTS)
    for text, vector in zip(TEXTS, expected, strict=True):
        assert float(exact.encode_question(text) @ vector) == pytest.approx(1.0, abs=1e-5)


def test_quotes_are_encoded_without_the_model_library() -> None:
    """Words and sentences of quotes get the same vectors as those of documents."""
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    drafts = [Draft(TEXTS[0], (Span(0, 33), Span(34, 57))), Draft(TEXTS[1])]
    quotes = encoder.encode_quotes(drafts)
    assert encoder._documents is None
    for quote, document in zip(quotes, encoder.encode(drafts), strict=True):
        assert quote.vector == pytest.approx(document.vector, abs=1e-6)
        assert quote.sentences == pytest.approx(document.sentences, abs=1e-6)


def test_unsupported_layers_are_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the default model ever stops being plain BERT, documents go through its own modules."""
    monkeypatch.setattr("index.encoders.bert.fits", lambda layers: False)
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    assert [type(module).__name__ for module in encoder.document_model] == ["Transformer", "Pooling", "Normalize"]
    assert isinstance(encoder._documents, PaddedPass)
    (encoded,) = encoder.encode([Draft(TEXTS[0])])
    assert float(encoded.vector @ encoder.encode_question(TEXTS[0])) == pytest.approx(1.0, abs=1e-5)


def test_packed_layers_refuse_to_be_saved(real_encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    """A saved copy could not be loaded again."""
    module = real_encoder.document_model[0]
    assert isinstance(module, PackedTransformer)
    with pytest.raises(NotImplementedError, match="save the model whose layers these are"):
        module.save(str(tmp_path))


def test_loading_restores_the_garbage_collector_and_progress_bars() -> None:
    """Both settings belong to the caller."""
    from transformers.utils import logging

    progress: Any = logging
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        (progress.enable_progress_bar if enabled else progress.disable_progress_bar)()
        try:
            load_model("", "cpu")
            assert (gc.isenabled(), progress.is_progress_bar_enabled()) == (enabled, enabled)
        finally:
            gc.enable()
            progress.enable_progress_bar()


def test_failed_preparation_is_raised_by_encode(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that loads ahead raises nothing; the next call of `encode` reports the error."""
    from index.errors import EncoderError

    def broken(model: str, device: str) -> None:
        raise EncoderError("The encoder could not be loaded.", "Install it again.")

    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    monkeypatch.setattr("index.encoders.encoder.load_model", broken)
    encoder.prepare()
    with pytest.raises(EncoderError, match="could not be loaded"):
        encoder.encode([Draft("Whales.")])
    assert encoder.encode_question("Whales?").shape == (384,)


def test_adding_imports_the_library_and_asking_does_not(tmp_path: Path) -> None:
    """`add` uses sentence-transformers; a process that only asks, explains or does a dry run never imports it."""
    (tmp_path / "texts").mkdir()
    path = tmp_path / "texts" / "kings.txt"
    path.write_text("The king signed the treaty in the harbour. The ship left at dawn.")
    add = """import sys
from index import Library
with Library.open(sys.argv[1]) as library:
    assert library.sync([sys.argv[3]], dry_run=True).passages == 1
    assert "sentence_transformers" not in sys.modules
    assert library.add([sys.argv[2]]).passages == 1
    print(*{"sentence_transformers"} & sys.modules.keys())"""
    ask = """import sys
from index import Library
with Library.open(sys.argv[1], create=False) as library:
    assert library.ask("Who signed the treaty?").hits
    assert library.search("Who signed the treaty?", explain=True).hits[0].why.nearest_words
    library.add([sys.argv[2]])  # unchanged
    print(*{"transformers", "sentence_transformers", "sklearn"} & sys.modules.keys())"""
    for code, loaded in ((add, "sentence_transformers"), (ask, "")):
        command = [sys.executable, "-c", code, str(tmp_path / "library"), str(path), str(path.parent)]
        process = subprocess.run(command, check=True, capture_output=True, text=True)
        assert process.stdout == f"{loaded}\n"
