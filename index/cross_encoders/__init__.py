"""Models that read two texts together: the verifier of claims, over layers and marks that other tasks share."""
