"""What `pincite doctor` says of the encoder is what runs."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from index.errors import EncoderError
from index.library.diagnosis import diagnose
from index.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.model


def test_it_says_what_documents_and_questions_run_through(tmp_path: Path) -> None:
    """By the library, its version and the modules that were loaded."""
    diagnosis = diagnose(tmp_path / "library", Settings(device="cpu", precision="float32"))
    assert diagnosis.problems == ()
    through = f"sentence-transformers {version('sentence-transformers')}: PackedTransformer, Normalize"
    assert diagnosis.findings["Documents"] == f"run through {through}"
    assert "without importing sentence-transformers" in diagnosis.findings["Questions"]
    assert diagnosis.findings["Computes"] == "float32 on cpu, at most 256 tokens a passage"


def test_a_model_that_only_documents_need_is_loaded_to_see_whether_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the first `add` would be the one to find out."""

    def broken(model: str, device: str) -> None:
        raise EncoderError("The encoder could not be loaded.", "Install Pincite again.")

    monkeypatch.setattr("index.encoders.encoder.load_model", broken)
    (problem,) = diagnose(tmp_path / "library", Settings(device="cpu")).problems
    assert (problem.what, problem.remedy) == ("The encoder could not be loaded.", "Install Pincite again.")
