"""The vectors of the last questions, so that putting a question on the map does not encode it a second time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoding import Draft, Encoded, Encoder, Vectors

KEPT = 64
"""Questions: more than are asked at once."""


class Recalling:
    """An encoder that notes the vectors of questions on their way. It answers nothing from memory by itself."""

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
        """See `Encoder.encode_question`; the vector is kept for a while."""
        vector = self._encoder.encode_question(question)
        with self._lock:
            self._vectors[question] = vector
            self._vectors.move_to_end(question)
            if len(self._vectors) > KEPT:
                self._vectors.popitem(last=False)
        return vector

    def recall(self, question: str) -> Vectors:
        """The vector of a question; encoded where it was not asked lately."""
        with self._lock:
            known = self._vectors.get(question)
        return self.encode_question(question) if known is None else known
