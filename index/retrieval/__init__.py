"""Finds the hits for a question.

`searching` is the entry point. `sides` queries both indexes, `scoring` fuses their scores and weighs them by the best
sentences, `evidence` scores these sentences, `duplicates` recognises copies, and `reading` builds hits.
"""

from index.retrieval.searching import Retriever

__all__ = ["Retriever"]
