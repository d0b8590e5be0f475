"""A cache of the last questions' vectors: the map shows a question without encoding it a second time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoding import Draft, Encoded, Encoder, Vectors

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
