"""One validated settings object, and the only reader of the environment (`PINCITE_*`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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
    precision: Literal["auto", "float32", "float16", "bfloat16", "int8"] = "auto"
    """`auto`: bfloat16 where the processor has it natively; with AVX2 alone `float16`, of the weights, all else in
    float32. `int8` is quicker with AVX512-VNNI, and less exact."""
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
    parse_seconds: float = Field(default=120.0, gt=0)
    """What reading one file may take; each megabyte of it adds five seconds."""
    parse_megabytes: int = Field(default=1000, ge=200)
    """Memory of a process that reads files, where the system can limit it: Linux, mostly; not Windows."""
    workers: int = Field(default=0, ge=0)
    """Processes that read files while others are encoded; 0 for one on every two cores."""
    max_question_characters: int = Field(default=2000, ge=50)
    max_text_characters: int = Field(default=50_000, ge=50)
    """Of a text that a server is given to check, sentence by sentence."""
    max_check_sentences: int = Field(default=500, ge=1)
    """Sentences of such a text that state something: each takes about as long as a question."""
    max_body_megabytes: int = Field(default=8, ge=1)
    """Of a request to a server that is no upload."""
    max_pages: int = Field(default=20_000, ge=1)
    """Pages of one file."""
    max_hits: int = Field(default=100, ge=1)
    """Passages that one question may ask a server for."""
    max_upload_files: int = Field(default=500, ge=1)
    """Files in one upload, or in one folder that a server adds."""
    max_waiting_jobs: int = Field(default=32, ge=1)
    """Uploads that may wait for their turn, and as many batches of questions."""
    max_batch_questions: int = Field(default=1000, ge=1)
    allow_urls: bool = False
    """Whether a server fetches documents from the web for whoever can reach it."""
    allow_folders: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders of the server from which whoever can reach it may add documents; in the environment as in PATH."""
    allow_hosts: str = ""
    """Names, with commas between them, by which a server on this machine is addressed besides `localhost`."""
    log_questions: bool = False
    """Whether a server's log may hold the text of questions."""

    @field_validator("allow_folders", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A list of folders as the environment has it."""
        return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

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
