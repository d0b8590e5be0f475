"""One validated settings object, and the only reader of the environment (`PINCITE_*`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.errors import SettingsError


def _default_library() -> Path:
    return user_data_path("pincite") / "library"


class Settings(BaseSettings):
    """What can be set: by argument, else by the environment, else by the defaults below."""

    model_config = SettingsConfigDict(env_prefix="PINCITE_", frozen=True, extra="forbid")

    library: Path = Field(default_factory=_default_library)
    """The library's folder, where none is named."""
    model: str = ""
    """Any sentence-transformers model or folder; empty for the built-in all-MiniLM-L6-v2."""
    reranker: str = ""
    """Any sentence-transformers cross-encoder or folder, which ranks the best candidates again; empty for none."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `mps` …"""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """`auto`: bfloat16 where the processor has it natively."""
    passage_tokens: int = Field(default=170, ge=32, le=2000)
    """What a passage aims at, in tiktoken tokens."""
    bar: float = Field(default=0.6, ge=0.0, le=1.0)
    """The confidence from which on a question is answered; below it, what is nearest is shown, and not as an answer."""
    llm_url: str = ""
    """An OpenAI-compatible endpoint that writes answers, such as `http://localhost:11434/v1`; empty: none is asked."""
    llm_model: str = ""
    llm_key: SecretStr = SecretStr("")
    llm_timeout: float = Field(default=60.0, gt=0)
    """Seconds for a whole answer; after that the documents are quoted."""
    llm_budget: int = Field(default=3000, ge=500)
    """Tokens of a prompt, by tiktoken."""
    llm_tokens: int = Field(default=400, ge=16)
    """Tokens of an answer."""
    max_file_megabytes: int = Field(default=512, ge=1)
    max_question_characters: int = Field(default=2000, ge=50)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise SettingsError(
                f"The setting {name!r} cannot be {first.get('input')!r}: {first['msg']}.",
                f"It is read from the argument {name!r} or the environment variable PINCITE_{name.upper()}.",
            ) from error
