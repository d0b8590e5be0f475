"""The module that documents run through, inside a `SentenceTransformer`."""

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
    """The same weights through sentence-transformers alone."""
    return SentenceTransformer(str(default_weights()), device="cpu", model_kwargs={"dtype": "float32"})


def test_documents_run_through_a_sentence_transformer(
    real_encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its class and its modules are those of the library, and each batch of passages goes through it."""
    model = real_encoder.document_model
    assert type(model) is SentenceTransformer
    assert [type(module).__name__ for module in model] == ["PackedTransformer", "Normalize"]
    passed: list[int] = []
    forward = SentenceTransformer.forward

    def counted(self: SentenceTransformer, features: Any, **more: Any) -> Any:
        assert self is model
        passed.append(len(features["lengths"]))
        return forward(self, features, **more)

    monkeypatch.setattr(SentenceTransformer, "forward", counted)
    real_encoder.encode([Draft(text) for text in TEXTS[:4]])
    assert sum(passed) == 4


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_encodes_as_the_model_it_was_made_of(plain: SentenceTransformer, precision: str) -> None:
    """`encode` gives the same vectors, of texts of any length in any order, to the precision named."""
    near = 1e-5 if precision == "float32" else 5e-3
    packed = SentenceTransformerEncoder(device="cpu", precision=precision).document_model
    expected = plain.encode(TEXTS)
    found = packed.encode(TEXTS)
    assert found.shape == expected.shape
    assert (found * expected).sum(axis=1) == pytest.approx([1.0] * len(TEXTS), abs=near)
    tokens = zip(
        packed.encode(TEXTS, output_value="token_embeddings"),
        plain.encode(TEXTS, output_value="token_embeddings"),
        strict=True,
    )
    for one, other in tokens:
        assert one.shape == other.shape
        assert torch.nn.functional.cosine_similarity(one, other).min() > 1 - 20 * near
    assert packed.get_embedding_dimension() == plain.get_embedding_dimension() == 384
    assert (packed.max_seq_length, packed.device.type) == (256, "cpu")


def test_stored_vectors_are_those_of_plain_encode(plain: SentenceTransformer) -> None:
    """With the settings as they come, no vector of a passage is off by more than what its storage in float16 allows."""
    encoder = SentenceTransformerEncoder(device="cpu")
    texts = [text for text in TEXTS if encoder.count_tokens([text])[0] <= encoder.max_tokens]
    expected = plain.encode(texts, normalize_embeddings=True)
    found = np.stack([each.vector for each in encoder.encode([Draft(text) for text in texts])])
    cosines = (found * expected).sum(axis=1)
    assert cosines.min() > (0.9999 if encoder.precision != "bfloat16" else 0.995)


def test_a_question_has_the_vector_that_the_document_model_gives(plain: SentenceTransformer) -> None:
    """The light pass is the same pass: before and after the model was loaded, to the last bit, and cut alike."""
    for precision in ("float32", "bfloat16"):
        encoder = SentenceTransformerEncoder(device="cpu", precision=precision)
        before = [encoder.encode_question(text) for text in TEXTS]
        expected = encoder.document_model.encode(TEXTS, batch_size=1)
        after = [encoder.encode_question(text) for text in TEXTS]
        for one, other, same in zip(before, after, expected, strict=True):
            assert np.array_equal(one, other)
            assert one == pytest.approx(same, abs=1e-6)
    exact = SentenceTransformerEncoder(device="cpu", precision="float32")
    expected = plain.encode(TEXTS)
    for text, vector in zip(TEXTS, expected, strict=True):
        assert float(exact.encode_question(text) @ vector) == pytest.approx(1.0, abs=1e-5)


def test_what_an_answer_quotes_is_encoded_lightly_and_alike() -> None:
    """Words and sentences of quotes have the vectors that documents' have, though no model library was loaded."""
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    drafts = [Draft(TEXTS[0], (Span(0, 33), Span(34, 57))), Draft(TEXTS[1])]
    lightly = encoder.encode_quotes(drafts)
    assert encoder._documents is None
    for one, other in zip(lightly, encoder.encode(drafts), strict=True):
        assert one.vector == pytest.approx(other.vector, abs=1e-6)
        assert one.sentences == pytest.approx(other.sentences, abs=1e-6)


def test_layers_that_the_library_changed_are_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the default model no longer be the plain one there, documents run through its own modules."""
    monkeypatch.setattr("index.encoders.bert.fits", lambda layers: False)
    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    assert [type(module).__name__ for module in encoder.document_model] == ["Transformer", "Pooling", "Normalize"]
    assert isinstance(encoder._documents, PaddedPass)
    (encoded,) = encoder.encode([Draft(TEXTS[0])])
    assert float(encoded.vector @ encoder.encode_question(TEXTS[0])) == pytest.approx(1.0, abs=1e-5)


def test_packed_layers_are_not_saved(real_encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    """Rather than as something that cannot be read back."""
    module = real_encoder.document_model[0]
    assert isinstance(module, PackedTransformer)
    with pytest.raises(NotImplementedError, match="save the model whose layers these are"):
        module.save(str(tmp_path))


def test_loading_leaves_the_process_as_it_was() -> None:
    """The garbage collector and the progress bars of others are a caller's."""
    from transformers.utils import logging

    bars: Any = logging
    for kept in (True, False):
        (gc.enable if kept else gc.disable)()
        (bars.enable_progress_bar if kept else bars.disable_progress_bar)()
        try:
            load_model("", "cpu")
            assert (gc.isenabled(), bars.is_progress_bar_enabled()) == (kept, kept)
        finally:
            gc.enable()
            bars.enable_progress_bar()


def test_a_failed_preparation_is_told_by_encode(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that loads ahead raises nothing; whoever encodes then hears why."""
    from index.errors import EncoderError

    def broken(model: str, device: str) -> None:
        raise EncoderError("The encoder could not be loaded.", "Install it again.")

    encoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    monkeypatch.setattr("index.encoders.encoder.load_model", broken)
    encoder.prepare()
    with pytest.raises(EncoderError, match="could not be loaded"):
        encoder.encode([Draft("Whales.")])
    assert encoder.encode_question("Whales?").shape == (384,)


def test_adding_loads_the_library_and_asking_does_not(tmp_path: Path) -> None:
    """`add` runs documents through sentence-transformers; a process that asks, explains or only rehearses never imports
    it.
    """
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
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert done.stdout == f"{loaded}\n"
