"""What the two sides of the store say of a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.retrieval.scoring import fuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.records import Mode
    from index.retrieval.evidence import Asked
    from index.retrieval.timing import Clock
    from index.storage.protocol import Store
    from index.storage.scope import Scope


@dataclass(slots=True)
class Sides:
    """Scores of all candidates on each side, and fused; ranks of those that a side proposed itself."""

    mode: Mode
    dense: dict[int, float]
    lexical: dict[int, float]
    dense_ranks: dict[int, int]
    lexical_ranks: dict[int, int]
    fused: dict[int, float]

    def include(self, store: Store, asked: Asked, ids: Iterable[int]) -> None:
        """Let further passages be candidates, too."""
        new = [each for each in ids if each not in self.fused]
        if new:
            self.dense |= store.cosines(asked.vector, new)
            self.lexical |= store.lexical_scores(asked.text, new)
            self.fused = fuse(self.dense, self.lexical)

    def extend(self, deeper: Sides) -> bool:
        """Take in what a deeper question brought, without a change to what is there; whether anything came."""
        new = [each for each in deeper.fused if each not in self.fused]
        self.dense = deeper.dense | self.dense
        self.lexical = deeper.lexical | self.lexical
        self.dense_ranks, self.lexical_ranks = deeper.dense_ranks, deeper.lexical_ranks
        self.fused |= {each: deeper.fused[each] for each in new}
        return bool(new)


def look_up(store: Store, text: str, depth: int, scope: Scope | None, mode: Mode, clock: Clock) -> dict[int, float]:
    """Ask the side of words for `depth` candidates."""
    with clock.timing("lexical"):
        return store.lexical(text, depth, scope) if mode != "dense" else {}


def ask(
    store: Store, asked: Asked, lexical: dict[int, float], depth: int, scope: Scope | None, mode: Mode, clock: Clock
) -> Sides:
    """Ask the dense side, too, and each side for its opinion of what only the other proposed."""
    with clock.timing("dense"):
        dense = store.dense(asked.vector, depth, scope) if mode != "lexical" else {}
    with clock.timing("fusing"):
        ranks = [{identity: rank for rank, identity in enumerate(side, 1)} for side in (dense, lexical)]
        if mode == "hybrid":
            dense |= store.cosines(asked.vector, [each for each in lexical if each not in dense])
            lexical |= store.lexical_scores(asked.text, [each for each in dense if each not in lexical])
            fused = fuse(dense, lexical)
        elif mode == "dense":
            fused = {each: max(score, 0.0) for each, score in dense.items()}
        else:
            most = max([*lexical.values(), 1e-6])
            fused = {each: score / most for each, score in lexical.items()}
    return Sides(mode, dense, lexical, ranks[0], ranks[1], fused)
