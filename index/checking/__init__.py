"""The check: a sentence that somebody wrote, compared with the sentences of the source it is said to rest on.

`compare` is the door. What it goes by can be shown to a reader: the words that both have, and the numbers, negations
and names that differ. It does not understand: what needs knowledge of the world to be seen, it does not see.
"""

from index.checking.comparing import Judgement, Source, Verdict, compare

__all__ = ["Judgement", "Source", "Verdict", "compare"]
