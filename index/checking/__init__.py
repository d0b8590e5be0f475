"""The check: a sentence that somebody wrote, compared with the sentences of the source it is said to rest on.

`compare` is the door. What it goes by can be shown to a reader: the words that the source does not have, those that
have another role there, and what surrounds them there that the sentence leaves out.
"""

from index.checking.judgement import Judgement, Source, Verifier, compare
from index.records import Verdict

__all__ = ["Judgement", "Source", "Verdict", "Verifier", "compare"]
