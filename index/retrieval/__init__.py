"""A question to hits.

`searching` is what is asked for. `sides` asks both sides of the store, `scoring` fuses what they say and weighs it by
the best sentences, `evidence` looks into those, `duplicates` tells copies from news, and `reading` makes hits.
"""

from index.retrieval.searching import Retriever

__all__ = ["Retriever"]
