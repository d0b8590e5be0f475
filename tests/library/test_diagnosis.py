"""The report of `pincite doctor` about the encoder matches what runs."""

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


def test_diagnosis_names_the_encoder_of_documents_and_questions(tmp_path: Path) -> None:
    """The report has the library, its version and the loaded modules."""
    diagnosis = diagnose(tmp_path / "library", Settings(device="cpu", precision="float32"))
    assert diagnosis.problems == ()
    through = f"sentence-transformers {version('sentence-transformers')}: PackedTransformer, Normalize"
    assert diagnosis.findings["Documents"] == f"run through {through}"
    assert "the first 1,000 passages: through the same layers, without" in diagnosis.findings["Questions"]
    assert diagnosis.findings["Computes"] == "float32 on cpu, at most 256 tokens a passage"


def test_diagnosis_finds_a_document_encoder_that_cannot_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the first `add` would fail."""

    def fail(model: str, device: str) -> None:
        raise EncoderError("The encoder could not be loaded.", "Install Pincite again.")

    monkeypatch.setattr("index.encoders.encoder.load_model", fail)
    (problem,) = diagnose(tmp_path / "library", Settings(device="cpu")).problems
    assert (problem.what, problem.remedy) == ("The encoder could not be loaded.", "Install Pincite again.")
