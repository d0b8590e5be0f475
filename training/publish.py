"""Puts trained weights into the package:  python -m training.publish WEIGHTS

The program rounds tables to eight bits with a scale for each row, which changes few decisions and halves the file. Copy
the printed digest into `index/encoders/cross_encoders.py` as `SHA256`.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from safetensors.torch import load_file

from index.encoders.cross_encoders import WEIGHTS
from training.model import rounded, save


def main() -> None:
    """Write the rounded weights, and print their size and digest."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("weights", type=Path)
    arguments.add_argument("--out", type=Path, default=WEIGHTS)
    options = arguments.parse_args()
    save(rounded(load_file(options.weights)), options.out)
    content = options.out.read_bytes()
    print(f"{options.out}: {len(content) / 1e6:.1f} MB, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
