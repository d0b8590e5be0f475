"""Averages weights:  python -m training.average OUT WEIGHTS WEIGHTS ...

The weights are the last checkpoints of a run. Their mean is often slightly better than each of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file

from training.model import save

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def averaged(found: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each table; all weights must have the same names and shapes."""
    return {name: torch.stack([weights[name].float() for weights in found]).mean(0) for name in found[0]}


def main() -> None:
    """Write the mean of the given weights."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("weights", type=Path, nargs="+")
    options = arguments.parse_args()
    save(averaged([load_file(path) for path in options.weights]), options.out)


if __name__ == "__main__":
    main()
