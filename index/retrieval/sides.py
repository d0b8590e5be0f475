"""Queries the two indexes of the store: dense and lexical."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.retrieval.scoring import fuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.records import Mode
    from index.retrieval.evidence import EncodedQuestion
    from index.retrieval.timing import StageTimer
    from index.storage.protocol import Store
    from index.storage.scope import Scope


@dataclass(slots=True)
class SideScores:
    """The scores of all candidates in both indexes, and fused; and the ranks of those that an index found itself."""

    mode: Mode
    dense: dict[int, float]
    lexical: dict[int, float]
    dense_ranks: dict[int, int]
    lexical_ranks: dict[int, int]
    fused: dict[int, float]

    def include(self, store: Store, question: EncodedQuestion, ids: Iterable[int]) -> None:
        """Add candidates that neither index found."""
        new = [passage_id for passage_id in ids if passage_id not in self.fused]
        if new:
            self.dense |= store.cosines(question.vector, new)
            self.lexical |= store.lexical_scores(question.text, new)
            self.fused = fuse(self.dense, self.lexical)

    def extend(self, deeper: SideScores) -> bool:
        """Add the candidates of a deeper search without changing the others; return whether there were any."""
        new = [passage_id for passage_id in deeper.fused if passage_id not in self.fused]
        self.dense = deeper.dense | self.dense
        self.lexical = deeper.lexical | self.lexical
        self.dense_ranks, self.lexical_ranks = deeper.dense_ranks, deeper.lexical_ranks
        self.fused |= {passage_id: deeper.fused[passage_id] for passage_id in new}
        return bool(new)


def search_lexical(
    store: Store, text: str, depth: int, scope: Scope | None, mode: Mode, timer: StageTimer
) -> dict[int, float]:
    """Return up to `depth` candidates of the lexical index."""
    with timer.measure("lexical"):
        return store.lexical(text, depth, scope) if mode != "dense" else {}


def search_sides(
    store: Store,
    question: EncodedQuestion,
    lexical: dict[int, float],
    depth: int,
    scope: Scope | None,
    mode: Mode,
    timer: StageTimer,
) -> SideScores:
    """Query the dense index, too, and score in each index the candidates of the other."""
    with timer.measure("dense"):
        dense = store.dense(question.vector, depth, scope) if mode != "lexical" else {}
    with timer.measure("fusing"):
        ranks = [{passage_id: rank for rank, passage_id in enumerate(side, 1)} for side in (dense, lexical)]
        if mode == "hybrid":
            dense |= store.cosines(question.vector, [passage_id for passage_id in lexical if passage_id not in dense])
            lexical |= store.lexical_scores(
                question.text, [passage_id for passage_id in dense if passage_id not in lexical]
            )
            fused = fuse(dense, lexical)
        elif mode == "dense":
            fused = {passage_id: max(score, 0.0) for passage_id, score in dense.items()}
        else:
            most = max([*lexical.values(), 1e-6])
            fused = {passage_id: score / most for passage_id, score in lexical.items()}
    return SideScores(mode, dense, lexical, ranks[0], ranks[1], fused)
