"""Checks a sentence that somebody wrote against the sentences of the source it cites.

`compare` is the entry point. A reader can see every reason of a verdict: words that the source lacks, words that have
another role in the source, and context of the source that the sentence leaves out.
"""

from index.checking.judgement import Judgement, Source, Verifier, compare
from index.records import Verdict

__all__ = ["Judgement", "Source", "Verdict", "Verifier", "compare"]
