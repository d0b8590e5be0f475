"""Models that read two texts together: the verifier of claims and the reader of answers, over shared layers."""
