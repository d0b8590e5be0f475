"""One validated settings object: arguments, else the environment (`PINCITE_*`), else `pincite.toml`, else defaults."""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from index.configuration import FILE_NAME, ConfigurationFile, Kind, configuration_path
from index.errors import SettingsError, WriterNotSet

_PREFIX = "PINCITE_"
_PATHS: dict[str, Kind] = {
    "library": "path",
    "allow_folders": "paths",
    "model": "model",
    "reranker": "model",
    "verifier": "model",
}


def _default_library() -> Path:
    return user_data_path("pincite") / "library"


class Settings(BaseSettings):
    """What can be set: by argument, else by the environment, else by `pincite.toml`, else by the defaults below."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    library: Path = Field(default_factory=_default_library)
    """The library's folder, where none is named."""
    model: str = ""
    """Any sentence-transformers model or folder; empty for the built-in all-MiniLM-L6-v2."""
    reranker: str = ""
    """Any sentence-transformers cross-encoder or folder, which ranks the best candidates again; empty for none."""
    reader: bool = True
    """Whether the best sentences of the first hits are read again with the question, for surer pins and confidence."""
    verifier: str = ""
    """Any sentence-transformers cross-encoder trained for inference, or its folder, which reads a claim and its source
    where the rules say *supported*; empty for the built-in one, `off` for none."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `mps` …"""
    precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    """`auto`: bfloat16 where the processor has it natively; with AVX2 alone `float16`, of the weights, all else in
    float32."""
    passage_tokens: int = Field(default=170, ge=32, le=2000)
    """What a passage aims at, in tiktoken tokens."""
    bar: float = Field(default=0.55, ge=0.0, le=1.0)
    """The confidence from which on a question is answered."""
    unsure_bar: float = Field(default=0.2, ge=0.0, le=1.0)
    """The confidence from which on, below `bar`, the nearest sentences are shown as what may be an answer; below both
    there is none. 1 for never."""
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
    checker: Literal["rules", "model"] = "rules"
    """`model`: the language model is asked for a second opinion on each claim that the check lets pass; it can only
    doubt one."""
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
    max_body_megabytes: int = Field(default=4, ge=1)
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
    """Names of a server, with commas between them. Beside these it answers to `localhost` and, where others reach it,
    to bare addresses; to any name where none is given and others reach it."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of the reverse proxies in front of a server, with commas or spaces between them. What
    `X-Forwarded-For`, `-Proto` and `-Host` say is believed only from these; they must replace what a client sent."""
    max_client_requests: int = Field(default=256, ge=1)
    """Requests of one client address that a server works on at once; an event stream is one as long as it lasts."""
    max_client_uploads: int = Field(default=32, ge=1)
    """Uploads that a server receives from one client address at once."""
    max_upload_megabytes: int = Field(default=2048, ge=1)
    """All uploads together that a server receives from one client address at once."""
    max_client_connections: int = Field(default=100, ge=1)
    """Connections that one client address may leave open for more than a second without a request under way."""
    header_seconds: float = Field(default=20.0, gt=0)
    """How long the header of a request may take to arrive."""
    body_seconds: float = Field(default=30.0, gt=0)
    """How long a server waits for the next 10 kB of a body, or its end; it waits twice as long for 10 kB of a response
    to be read."""
    log_questions: bool = False
    """Whether a server's log may hold the text of questions."""

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _separate(cls, value: object) -> object:
        """A list of networks as the environment has it."""
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Raises ValueError for what is no address and no network."""
        for network in value:
            ip_network(network, strict=False)
        return value

    @field_validator("allow_folders", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A list of folders as the environment has it."""
        return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names the parameters
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The earlier source prevails."""
        return init_settings, env_settings, ConfigurationFile(settings_cls, _PATHS)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _explained(error, values) from error
        self._origins = {name: _origin(name, values) for name in self.model_fields_set}

    def require_writer(self) -> None:
        """Raise WriterNotSet where no language model is named."""
        if not self.llm_url.strip():
            raise WriterNotSet

    def origin(self, name: str) -> str:
        """Where a setting comes from: `argument`, an environment variable, the configuration file, or `default`."""
        return self._origins.get(name, "default")

    def written(self, name: str) -> str:
        """A setting that is no default, called as in the place where somebody wrote it."""
        origin = self.origin(name)
        if origin == "argument":
            return f"the argument {name}"
        return origin if origin.startswith(_PREFIX) else f"{name} in {origin}"

    def shown(self, name: str) -> str:
        """A setting's value as anybody may see it: keys and passwords are hidden."""
        value = getattr(self, name)
        if isinstance(value, tuple):
            return os.pathsep.join(map(str, value))
        return re.sub(r"(?<=//)[^/@]*@", "****@", str(value))


def _origin(name: str, values: dict[str, Any]) -> str:
    variable = f"{_PREFIX}{name.upper()}"
    if name in values:
        return "argument"
    if any(each.upper() == variable for each in os.environ):
        return variable
    return str(configuration_path())


def _plain(value: object) -> str:
    """A default in words."""
    if value == () or not str(value):
        return "which is empty"
    return repr(value) if isinstance(value, str) else str(value)


def _explained(error: ValidationError, values: dict[str, Any]) -> SettingsError:
    """The first thing that is wrong, and where it comes from."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    field = Settings.model_fields.get(name)
    value = "that" if field is not None and field.annotation is SecretStr else repr(first.get("input"))
    what = f"{name!r} cannot be {value}: {first['msg']}"
    variable = f"{_PREFIX}{name.upper()}"
    origin = _origin(name, values)
    if origin == "argument" or field is None:
        places = f"the argument {name!r}, the environment variable {variable} or {FILE_NAME}"
        return SettingsError(f"The setting {what}.", f"It is read from {places}.")
    default = f"the default, {_plain(field.get_default(call_default_factory=True))}"
    if origin == variable:
        return SettingsError(
            f"The setting {what}.", f"Change the environment variable {variable}, or unset it for {default}."
        )
    file = ConfigurationFile(Settings, _PATHS)
    return file.error(name, f"the setting {what}", f"Change that line, or delete it for {default}.")
