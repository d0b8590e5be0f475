"""The models of an open library, each loaded once at first use, and the vectors of the last questions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from index.encoders.pretrained import DEFAULT_NAME
from index.errors import FingerprintMismatch
from index.library.session import portable_model
from index.storage.protocol import encoder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from index.encoders.cross_encoders import ClaimVerifier, Reranker
    from index.encoders.encoder import Draft, Encoded, Encoder, Vectors
    from index.encoders.reader import AnswerReader
    from index.library.session import Session
    from index.text.chunks import Chunker
    from index.verification.judgement import Verifier

CAPACITY = 64
"""Number of questions: more than are asked at once."""


class QuestionCache:
    """An encoder that remembers the vectors of the last questions. Only `recall` reads them; a search encodes anew."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """See `Encoder.name`."""
        return self._encoder.name

    @property
    def dimension(self) -> int:
        """See `Encoder.dimension`."""
        return self._encoder.dimension

    @property
    def max_tokens(self) -> int:
        """See `Encoder.max_tokens`."""
        return self._encoder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder.count_tokens`."""
        return self._encoder.count_tokens(texts)

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`."""
        return self._encoder.encode(drafts, progress)

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """See `Encoder.encode_quotes`."""
        return self._encoder.encode_quotes(drafts)

    def encode_question(self, question: str) -> Vectors:
        """See `Encoder.encode_question`; the vector is remembered."""
        vector = self._encoder.encode_question(question)
        with self._lock:
            self._vectors[question] = vector
            self._vectors.move_to_end(question)
            if len(self._vectors) > CAPACITY:
                self._vectors.popitem(last=False)
        return vector

    def recall(self, question: str) -> Vectors:
        """Return the vector of a question, from the cache if it was asked recently."""
        with self._lock:
            vector = self._vectors.get(question)
        return self.encode_question(question) if vector is None else vector


class Models:
    """Provides the encoder, the reranker, the answer reader and the claim verifier."""

    def __init__(self, session: Session, encoder: Encoder | None = None) -> None:
        self._session = session
        self._encoder = encoder
        self._model: str | None = None
        self._reranker: Reranker | None = None
        self._verifier: ClaimVerifier | None = None
        self._questions: QuestionCache | None = None
        self._lock = threading.Lock()

    @property
    def model(self) -> str | None:
        """The setting that the encoder was loaded from; None if a caller gave the encoder or none is loaded yet."""
        return self._model

    def encoder(self, *, for_search: bool = False) -> Encoder:
        """Return the encoder. It is loaded at the first call, and again after a rebuild with another model.

        Raises EncoderError if it is not available; with `for_search`, FingerprintMismatch if the library's vectors come
        from another encoder.
        """
        stored = encoder_of(self._session.catalog.fingerprint())
        with self._lock:
            if self._encoder is None or (self._model is not None and stored not in ("", self._encoder.name)):
                self._encoder = self._load_encoder()
            encoder = self._encoder
        if for_search and stored not in ("", encoder.name):  # an empty library fits every encoder
            raise FingerprintMismatch(str(self._session.folder), stored, encoder.name)
        return encoder

    def _load_encoder(self) -> Encoder:
        """Load the encoder of the settings, unless it is the one already loaded. The caller holds the lock."""
        from index.encoders.encoder import load_encoder

        settings = self._session.settings
        model = portable_model(settings.model)
        if self._encoder is not None and model == self._model:
            return self._encoder
        encoder = load_encoder(settings)
        self._model, self._questions = model, None
        return encoder

    def question_encoder(self) -> QuestionCache:
        """Return the encoder with a cache of the last questions. Raises what `encoder` raises for a search."""
        encoder = self.encoder(for_search=True)
        with self._lock:
            if self._questions is None or self._questions.name != encoder.name:
                self._questions = QuestionCache(encoder)
            return self._questions

    def tools(self) -> tuple[Encoder, Chunker]:
        """Return the encoder and the chunker that documents are added with."""
        encoder = self.encoder()
        return encoder, chunker_for(encoder, self._session.settings.passage_tokens)

    def remember_model(self) -> None:
        """Store the setting that loads the library's encoder. Call only while holding the writer lock."""
        catalog = self._session.catalog
        stored = encoder_of(catalog.fingerprint())
        fits = self._encoder is not None and stored in ("", self._encoder.name)
        if fits and self._model is not None and catalog.model() != self._model:
            catalog.note_model(self._model)

    def replace(self, encoder: Encoder, model: str | None, changes: Mapping[str, Any]) -> None:
        """Use another encoder from now on, together with the settings of the rebuild that it was loaded for."""
        with self._lock:
            self._session.change_settings(changes)
            self._encoder, self._model, self._questions = encoder, model, None

    def reranker(self) -> Reranker | None:
        """Return the reranker; None if the settings name none. Raises EncoderError if it is not available."""
        from index.encoders.cross_encoders import load_reranker

        settings = self._session.base_settings
        with self._lock:
            if settings.reranker and self._reranker is None:
                self._reranker = load_reranker(settings)
            return self._reranker

    def answer_reader(self, encoder: str) -> AnswerReader | None:
        """Return the model that reads the first hits together with the question. `encoder` is the encoder's name.

        None if the settings turn it off, or if a caller gave the encoder and it is not the default one.
        Raises EncoderError if the reader's weights are damaged or missing.
        """
        from index.encoders.reader import load_reader

        settings = self._session.base_settings
        foreign = self._model is None and not encoder.startswith(DEFAULT_NAME)
        return load_reader(settings.precision) if settings.reader and not foreign else None

    def claim_verifier(self) -> Verifier | None:
        """Return the model that reads claims with their sources; None if the settings turn it off.

        Raises EncoderError if the one in the settings is not available.
        """
        from index.encoders.cross_encoders import load_verifier

        with self._lock:
            if self._verifier is None:
                self._verifier = load_verifier(self._session.base_settings)
            return None if self._verifier is None else self._verifier.read


def chunker_for(encoder: Encoder, target_tokens: int) -> Chunker:
    """Return a chunker that counts tokens as the encoder does and aims at passages of `target_tokens`."""
    from index.text.chunks import Chunker

    return Chunker(target_tokens=target_tokens, limit=encoder.max_tokens, count_tokens=encoder.count_tokens)
