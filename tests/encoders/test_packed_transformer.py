"""The packed module encodes documents inside a `SentenceTransformer`."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from index.encoders.encoder import Draft, LightPass, PaddedPass, SentenceTransformerEncoder
from index.encoders.packed_transformer import PackedTransformer
from index.encoders.pretrained import load_model
from index.library.library import Library
from index.records import Span

if TYPE_CHECKING:
    from pathlib import Path

    from tests.encoders.conftest import EncoderOf

pytestmark = pytest.mark.model

TEXTS = [
    "The treaty of 1783 ended the war. It was signed in Paris. Three men signed for the United States.",
    "Whales breathe air.",
    "",
    "東京は日本の首都です。",
    " ".join(f"word{number}" for number in range(300)),
]


def test_documents_are_encoded_by_a_sentence_transformer(
    real_encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Model and modules are the library's classes, every batch passes through, and a copy could not be loaded."""
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
    module = real_encoder.document_model[0]
    assert isinstance(module, PackedTransformer)
    with pytest.raises(NotImplementedError, match="save the model whose layers these are"):
        module.save(str(tmp_path))


@pytest.fixture(scope="module")
def expected(reference: SentenceTransformer) -> tuple[Any, Any]:
    """Encode the texts through sentence-transformers alone: vectors of texts and of tokens."""
    return reference.encode(TEXTS), reference.encode(TEXTS, output_value="token_embeddings")


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 5e-3)])
def test_packed_model_encodes_like_the_original(
    encoder_of: EncoderOf, expected: tuple[Any, Any], precision: str, tolerance: float
) -> None:
    """`encode` gives the same vectors for texts of any length in any order, to the given precision."""
    packed = encoder_of(precision).document_model
    vectors, tokens = packed.encode(TEXTS), packed.encode(TEXTS, output_value="token_embeddings")
    assert vectors.shape == expected[0].shape == (len(TEXTS), 384)
    assert (vectors * expected[0]).sum(axis=1) == pytest.approx([1.0] * len(TEXTS), abs=tolerance)
    for ours, theirs in zip(tokens, expected[1], strict=True):
        assert ours.shape == theirs.shape
        assert torch.nn.functional.cosine_similarity(ours, theirs).min() > 1 - 20 * tolerance
    assert encoder_of(precision).name == encoder_of("float32").name
    assert packed.get_embedding_dimension() == 384
    assert (packed.max_seq_length, packed.device.type) == (256, "cpu")


def test_default_vectors_equal_those_of_plain_encode(reference: SentenceTransformer) -> None:
    """With default settings, vectors differ by what the chosen precision explains, most where tokens are characters."""
    encoder = SentenceTransformerEncoder(device="cpu")
    texts = [text for text in TEXTS if encoder.count_tokens([text])[0] <= encoder.max_tokens]
    expected = reference.encode(texts, normalize_embeddings=True)
    vectors = np.stack([passage.vector for passage in encoder.encode([Draft(text) for text in texts])])
    cosines = (vectors * expected).sum(axis=1)
    assert cosines.min() > (0.998 if encoder.precision == "int8" else 0.9999)


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.nightly)])
def test_question_vector_equals_that_of_the_document_model(expected: tuple[Any, Any], precision: str) -> None:
    """The light pass gives the same bits before and after the model is loaded, and truncates alike."""
    encoder = SentenceTransformerEncoder(device="cpu", precision=precision)
    before = [encoder.encode_question(text) for text in TEXTS]
    document_vectors = encoder.document_model.encode(TEXTS, batch_size=1)
    after = [encoder.encode_question(text) for text in TEXTS]
    for vector_before, vector_after, document_vector in zip(before, after, document_vectors, strict=True):
        assert np.array_equal(vector_before, vector_after)
        assert vector_before == pytest.approx(document_vector, abs=1e-6)
    if precision == "float32":
        for ours, theirs in zip(before, expected[0], strict=True):
            assert float(ours @ theirs) == pytest.approx(1.0, abs=1e-5)


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
    monkeypatch.setattr("index.encoders.encoder.fits", lambda layers: False)
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    assert [type(module).__name__ for module in encoder.document_model] == ["Transformer", "Pooling", "Normalize"]
    assert isinstance(encoder._documents, PaddedPass)
    (encoded,) = encoder.encode([Draft(TEXTS[0])])
    assert float(encoded.vector @ encoder.encode_question(TEXTS[0])) == pytest.approx(1.0, abs=1e-5)


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


def test_many_passages_go_through_sentence_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones do not wait for its import; once it is there, the others do, with the same vectors."""
    monkeypatch.setattr("index.encoders.encoder.LIGHT_PASSAGES", 2)
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    drafts = [Draft(TEXTS[0], (Span(0, 33), Span(34, 57))), Draft(TEXTS[1])]
    first = encoder.encode(drafts)
    assert encoder._documents is None
    encoder.encode(drafts)
    while (loading := next((t for t in threading.enumerate() if t.name == "pincite-loading"), None)) is not None:
        loading.join()
    assert encoder._documents is not None
    monkeypatch.setattr(LightPass, "__call__", lambda *_: pytest.fail("a passage took the light pass"))
    for early, late in zip(first, encoder.encode(drafts), strict=True):
        assert early.vector == pytest.approx(late.vector, abs=1e-6)
        assert early.sentences == pytest.approx(late.sentences, abs=1e-6)


def test_failed_import_is_raised_by_nothing_that_works_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passages go on through the light pass; only who asks for the library's model gets the error."""
    from index.errors import EncoderError

    def broken(model: str, device: str) -> None:
        raise EncoderError("The encoder could not be loaded.", "Install it again.")

    monkeypatch.setattr("index.encoders.encoder.LIGHT_PASSAGES", 0)
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    monkeypatch.setattr("index.encoders.encoder.load_model", broken)
    assert len(encoder.encode([Draft("Whales.")]) + encoder.encode([Draft("Ships.")])) == 2
    with pytest.raises(EncoderError, match="could not be loaded"):
        _ = encoder.document_model


ASK = """import sys
from index import Library
from index.encoders.encoder import Draft, load_encoder
from index.settings import Settings
with Library.open(sys.argv[1], create=False) as library:
    assert library.ask("Who signed the treaty?").hits
    assert library.search("Who signed the treaty?", explain=True).hits[0].why.nearest_words
    library.add([sys.argv[2]])  # unchanged
    library.add([sys.argv[4]])
with Library.open(sys.argv[1] + "2") as library:
    assert library.sync([sys.argv[3]], dry_run=True).passages == 1
encoder = load_encoder(Settings(device="cpu"))
encoder.encode_question("Who signed?"), encoder.encode_quotes([Draft("The king signed.")])
encoder.count_tokens(["The king signed."]), encoder.encode([Draft("The king signed.")])
print(*{"transformers", "sentence_transformers", "sklearn"} & sys.modules.keys())"""


@pytest.fixture
def kings(tmp_path: Path) -> Path:
    """Write one file into its own folder."""
    path = tmp_path / "texts" / "kings.txt"
    path.parent.mkdir()
    path.write_text("The king signed the treaty in the harbour. The ship left at dawn.")
    return path


def run_fresh(code: str, library: Path, file: Path) -> str:
    """Run the code in a fresh interpreter and return what it prints."""
    other = file.parent.with_name("whale.txt")
    other.write_text("A whale swam past the harbour.")
    command = [sys.executable, "-c", code, str(library), str(file), str(file.parent), str(other)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_few_files_and_questions_import_no_model_library(tmp_path: Path, kings: Path) -> None:
    """Adding, asking, explaining, counting tokens and dry runs do without sentence-transformers and transformers."""
    with Library.open(tmp_path / "library") as library:
        library.add([kings])
    assert run_fresh(ASK, tmp_path / "library", kings) == "\n"
