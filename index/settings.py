"""All settings with their defaults: from arguments, else the environment (`PINCITE_*`), else `pincite.toml`."""

from __future__ import annotations

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from platformdirs import user_config_path
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from index.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from index.errors import WriterNotSet

Kind = Literal["path", "paths", "model"]
"""Kind of a setting with paths: one path, several paths (as in PATH, or a list), or a model's name or folder."""
FILE_NAME = "pincite.toml"
VARIABLE = "PINCITE_CONFIG"


def configuration_path() -> Path | None:
    """Return the file that PINCITE_CONFIG names; None if it is set to an empty value; if unset, the user's own file.

    A file in the current folder is not read automatically: it may come from a stranger, and its settings could send
    questions, passages and the key of the language model to the stranger's server.
    """
    named = os.environ.get(VARIABLE)
    if named is None:
        return user_config_path("pincite") / FILE_NAME
    return Path(named).expanduser().absolute() if named else None


class ConfigurationFile(TomlConfigSettingsSource):
    """Reads settings by their lower-case names; relative paths are relative to the file's folder.

    Raises SettingsError if PINCITE_CONFIG names a missing file, or if the file is unreadable, is not valid TOML, or has
    an unknown setting.
    """

    def __init__(self, settings_cls: type[BaseSettings], paths: Mapping[str, Kind]) -> None:
        self.path = configuration_path()
        self._text = ""
        if self.path is not None and VARIABLE in os.environ and not self.path.is_file():
            hint = f"Create the file, or unset {VARIABLE}; an empty value means that no file is read."
            raise SettingsError(f"The configuration file {self.path} does not exist or is not a file.", hint)
        super().__init__(settings_cls, toml_file=self.path)
        for name in self.toml_data:
            if name not in settings_cls.model_fields:
                raise self._unknown(name, settings_cls.model_fields)
        for name in self.toml_data.keys() & paths.keys():
            self.init_kwargs[name] = self._absolute(self.toml_data[name], paths[name])

    def error(self, name: str, problem: str, hint: str) -> SettingsError:
        """Return an error about a setting in the file, with its line number."""
        return SettingsError(f"{self.path}, line {self._line(name)}: {problem}.", hint)

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        try:
            self._text = file_path.read_text(encoding="utf-8")
            return tomllib.loads(self._text)
        except OSError as error:
            hint = "Check its permissions."
            message = f"The configuration file {file_path} cannot be read: {error.strerror}."
            raise SettingsError(message, hint) from error
        except ValueError as error:  # invalid TOML or invalid UTF-8
            message = f"The configuration file {file_path} is not valid TOML: {error}."
            hint = 'Write one setting per line: passage_tokens = 170, or: device = "cpu"'
            raise SettingsError(message, hint) from error

    def _unknown(self, name: str, known: Iterable[str]) -> SettingsError:
        alike = get_close_matches(name.lower().replace("-", "_").removeprefix("pincite_"), known, n=1)
        hint = f"Did you mean {alike[0]!r}?" if alike else "`pincite doctor -v` lists all settings."
        return self.error(name, f"there is no setting {name!r}", hint)

    def _line(self, name: str) -> int:
        key = re.escape(name)
        found = re.search(rf"""^[ \t]*(?:\[+[ \t]*)?["']?{key}["']?[ \t]*[=.\]]""", self._text, re.MULTILINE)
        return self._text.count("\n", 0, found.start()) + 1 if found else 1

    def _absolute(self, value: Any, kind: Kind) -> Any:
        """Resolve one or several paths against the file's folder; other values are left for validation to reject."""
        if kind == "paths" and isinstance(value, str):
            value = [part for part in value.split(os.pathsep) if part]
        if isinstance(value, list):
            return [self._absolute(path, "path") for path in value]
        if isinstance(value, str) and value and self.path is not None:
            path = self.path.parent / Path(value).expanduser()
            return str(path) if kind != "model" or path.is_dir() else value
        return value


class DemoSettings(BaseSettings):
    """The settings whose names begin with `demo`."""

    demo: bool = False
    """Whether the server is a public demo: its library is published read-only, and each visitor gets a private library
    for a short time."""
    demo_files: int = Field(default=20, ge=1)
    """Maximum number of files in a visitor's private library."""
    demo_megabytes: int = Field(default=20, ge=1)
    """Maximum size of these files together."""
    demo_pages: int = Field(default=500, ge=1)
    """Maximum number of their pages together; 3,000 characters count as a page in formats without pages."""
    demo_idle_minutes: float = Field(default=30.0, gt=0)
    """Minutes without a visit after which a private library is deleted."""
    demo_minutes: float = Field(default=120.0, gt=0)
    """Minutes after which it is deleted in any case."""
    demo_visitors: int = Field(default=1000, ge=1)
    """Maximum number of visitors at a time; the one who has been away longest is forgotten first."""
    demo_disk_megabytes: int = Field(default=2000, ge=1)
    """Maximum size of all private libraries on disk together; the oldest is deleted first."""
    demo_questions: int = Field(default=30, ge=1)
    """Maximum number of questions of one visitor per minute, searches and coverage included."""
    demo_uploads: int = Field(default=30, ge=1)
    """Maximum number of uploads of one visitor per hour."""
    demo_batches: int = Field(default=6, ge=1)
    """Maximum number of batches of questions of one visitor per hour."""
    demo_batch_questions: int = Field(default=50, ge=1)
    """Maximum number of questions in such a batch."""
    demo_matrix_cells: int = Field(default=500, ge=1)
    """Maximum number of documents times questions in a matrix, which counts as a batch."""
    demo_checks: int = Field(default=20, ge=1)
    """Maximum number of checked texts of one visitor per hour."""
    demo_kept: int = Field(default=120, ge=1)
    """Maximum number of comparisons and exports of kept quotes of one visitor per hour. The page compares them when the
    tray opens, and when the library changes."""
    demo_requests: int = Field(default=600, ge=1)
    """Maximum number of requests of one visitor per minute, of any kind."""
    demo_address_share: int = Field(default=5, ge=1)
    """How many times the limit of one visitor all visitors at one address together have."""
    demo_tokens: int = Field(default=500_000, ge=0)
    """Maximum number of tokens per day that the language model reads and writes for all visitors."""
    demo_visitor_tokens: int = Field(default=50_000, ge=0)
    """The same for one visitor."""
    demo_title: str = ""
    """The title of the demo, on the page and of the browser's tab; empty for `Pincite`."""
    demo_contact: str = ""
    """How to reach the demo's operator: an e-mail address or a web address, shown on the page."""
    demo_report: str = ""
    """Web address or e-mail address for reports of abuse, shown on the page; empty for `demo_contact`."""
    demo_privacy: str = ""
    """A sentence that the privacy note begins with, such as who the operator is."""
    demo_indexed: bool = False
    """Whether search engines may list the demo."""


_LOCAL = ("localhost", "127.0.0.1", "::1")
_GRANT = re.compile(r"\*|group:.+|user:.+|[^\s@:]*@[^\s@:]+")


def require_grant(grant: str) -> None:
    """Raise ValueError unless a text names a person, a domain, a group, or everyone."""
    if not _GRANT.fullmatch(grant):
        forms = "ada@example.org, @example.org, group:NAME, user:NAME or *"
        raise ValueError(f"{grant!r} names nobody; use {forms}")


class TeamSettings(BaseSettings):
    """The part of the settings that only a server with accounts reads."""

    accounts: Path = Field(default_factory=lambda: user_data_path("pincite") / "accounts")
    """Folder of the keys, sessions and audit log of `serve --users`. Only its owner can read it."""
    oidc_issuer: str = ""
    """The OpenID Connect provider at which people sign in, such as `https://accounts.example.org`; empty for none."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scopes: str = "openid email profile"
    oidc_groups: str = "groups"
    """The claim that lists a person's groups."""
    oidc_trust_email: bool = False
    """Whether an e-mail address counts although the provider does not say that it is verified."""
    public_url: str = ""
    """The address of a server as people see it, which sign-ins and the footnotes of exports name; empty to take it from
    each request."""
    proxy_user: str = ""
    """The header in which a trusted proxy names the person, such as `X-Forwarded-User`; empty for none."""
    proxy_email: str = ""
    """The header with the person's e-mail address."""
    proxy_groups: str = ""
    """The header with the person's groups, separated by commas."""
    admins: Annotated[tuple[str, ...], NoDecode] = ()
    """Who may do everything: `ada@example.org`, `@example.org`, `group:staff`, `user:NAME`, or `*` for everyone who has
    signed in."""
    curators: Annotated[tuple[str, ...], NoDecode] = ()
    """Who may add and remove documents of all libraries, in the same form."""
    readers: Annotated[tuple[str, ...], NoDecode] = ()
    """Who may ask questions of all libraries, in the same form."""
    session_hours: float = Field(default=12.0, gt=0, le=24 * 365)
    """Hours after which a person has to sign in again."""
    audit_megabytes: int = Field(default=10, ge=1)
    """Size at which the audit log is continued in a new file; nine old files are kept."""

    @field_validator("admins", "curators", "readers", mode="before")
    @classmethod
    def _split_grants(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("admins", "curators", "readers")
    @classmethod
    def _check_grants(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for grant in value:
            require_grant(grant)
        return value

    @field_validator("oidc_issuer", "public_url")
    @classmethod
    def _check_address(cls, value: str) -> str:
        split = urlsplit(value)
        if value and not (split.hostname and (split.scheme == "https" or split.hostname in _LOCAL)):
            raise ValueError("it must begin with https://, unless it is on this machine")
        return value


_PREFIX = "PINCITE_"
_ORIGIN = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9.-]+(?::(?:\d{1,5}|\*))?")
"""An origin, as the directive `frame-ancestors` of a page's policy names it."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:_[A-Za-z0-9]{1,12})*")
_PATHS: dict[str, Kind] = {
    "library": "path",
    "allow_folders": "paths",
    "accounts": "path",
    "model": "model",
    "reranker": "model",
    "verifier": "model",
}


class Settings(DemoSettings, TeamSettings):
    """The settings: from an argument, else the environment, else `pincite.toml`, else the default below."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    library: Path = Field(default_factory=lambda: user_data_path("pincite") / "library")
    """Folder of the library, unless a command or call names one."""
    model: str = ""
    """Any sentence-transformers model or folder; empty for the built-in all-MiniLM-L6-v2."""
    reranker: str = ""
    """Any sentence-transformers cross-encoder or folder that reranks the best candidates; empty for none."""
    reader: bool = True
    """Whether a reader model reads the first hits together with the question, and decides which sentence answers."""
    verifier: str = ""
    """Any sentence-transformers cross-encoder trained for natural language inference, or its folder. It checks a claim
    against its source if the rules say *supported*; empty for the built-in one, `off` for none."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `mps` …"""
    precision: Literal["auto", "float32", "float16", "bfloat16", "int8"] = "auto"
    """`auto`: the fastest on this processor, measured at the first start. `float16` is for the weights alone; `int8`
    multiplies eight bits and adds in float32. Vectors of all precisions can stand in one library."""
    passage_tokens: int = Field(default=170, ge=32, le=2000)
    """Target size of a passage, in tiktoken tokens."""
    bar: float = Field(default=0.55, ge=0.0, le=1.0)
    """Minimum confidence for an answer."""
    unsure_bar: float = Field(default=0.2, ge=0.0, le=1.0)
    """Minimum confidence for showing the nearest sentences as a possible answer if the confidence is below `bar`. Below
    both values there is no answer. 1 turns possible answers off."""
    llm_url: str = ""
    """An OpenAI-compatible endpoint that writes answers, such as `http://localhost:11434/v1`; empty for none."""
    llm_model: str = ""
    llm_key: SecretStr = SecretStr("")
    llm_timeout: float = Field(default=60.0, gt=0)
    """Time limit of an answer, in seconds; after that, the answer consists of quotations."""
    llm_budget: int = Field(default=3000, ge=500)
    """Maximum size of a prompt, in tiktoken tokens."""
    llm_tokens: int = Field(default=400, ge=16)
    """Maximum size of an answer, in tokens."""
    checker: Literal["rules", "model"] = "rules"
    """`model`: the language model gives a second opinion on each claim that passes the check; it can only reject it."""
    follow_ups: Literal["rules", "model"] = "model"
    """`model`: a language model, if there is one, completes follow-up questions (`and in 2019?`); it is sent the
    questions of the thread and short quotations. `rules`: it is never asked to; the question before completes them."""
    max_file_megabytes: int = Field(default=512, ge=1)
    parse_seconds: float = Field(default=120.0, gt=0)
    """Limit on the processor time for reading a file, in seconds; each megabyte of the file adds five seconds. A
    process that is idle ends after ten times as long. Outside Linux, the clock counts."""
    parse_megabytes: int = Field(default=1000, ge=200)
    """Memory limit of a process that reads files, if the system supports one: Linux does, Windows does not."""
    ocr: Literal["auto", "off", "tesseract", "rapidocr"] = "auto"
    """The program that recognises the words in pictures and scanned pages. `auto`: tesseract if it is installed, else
    rapidocr (`pip install 'pincite[ocr]'`), which reads Latin letters only; `off`: none."""
    ocr_languages: Annotated[tuple[str, ...], NoDecode] = ()
    """Tesseract's names of the languages to choose from, such as `eng deu`, separated by commas or spaces; empty for
    all that are installed. For each page, one of them is chosen by its letters and words."""
    workers: int = Field(default=0, ge=0)
    """Number of processes that read files while others are encoded; 0 for one per two cores."""
    max_question_characters: int = Field(default=2000, ge=50)
    max_text_characters: int = Field(default=50_000, ge=50)
    """Maximum length of a text that a server checks sentence by sentence."""
    max_check_sentences: int = Field(default=500, ge=1)
    """Maximum number of claims in such a text; each takes about as long as a question."""
    max_body_megabytes: int = Field(default=4, ge=1)
    """Maximum size of a request to a server, except uploads."""
    max_pages: int = Field(default=20_000, ge=1)
    """Maximum number of pages of a file."""
    max_characters: int = Field(default=0, ge=0)
    """Maximum length of a document's text, in characters; 0 for no limit."""
    max_members: int = Field(default=10_000, ge=1)
    """Maximum number of files in an archive, or of messages in a mailbox."""
    max_nesting: int = Field(default=3, ge=1)
    """How many archives, mailboxes and messages may be in one another."""
    max_hits: int = Field(default=100, ge=1)
    """Maximum number of passages per question to a server."""
    max_upload_files: int = Field(default=500, ge=1)
    """Maximum number of files in one upload, or in one folder that a server adds."""
    max_waiting_jobs: int = Field(default=32, ge=1)
    """Maximum number of waiting uploads, and of waiting batches of questions."""
    max_batch_questions: int = Field(default=1000, ge=1)
    max_matrix_cells: int = Field(default=10_000, ge=1)
    """Maximum size of a matrix: the number of documents times the number of questions."""
    allow_urls: bool = False
    """Whether a server fetches documents from the web for anyone who can connect to it."""
    allow_folders: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders of the server from which anyone who can connect may add documents; in the environment separated as in
    PATH."""
    allow_hosts: str = ""
    """Host names of a server, separated by commas. The server also accepts `localhost` and, if other machines reach it,
    bare IP addresses. If it is empty and other machines reach the server, any name is accepted."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of the reverse proxies in front of a server, separated by commas or spaces. Only their
    `X-Forwarded-For`, `-Proto` and `-Host` headers are trusted; the proxies must overwrite those of a client."""
    max_client_uploads: int = Field(default=32, ge=1)
    """Maximum number of concurrent uploads of one client address."""
    max_upload_megabytes: int = Field(default=2048, ge=1)
    """Maximum total size of the concurrent uploads of one client address."""
    header_seconds: float = Field(default=20.0, gt=0)
    """Time limit for the header of a request, in seconds."""
    body_seconds: float = Field(default=30.0, gt=0)
    """Seconds that a server waits for the next 10 kB of a body, or for its end."""
    log_format: Literal["auto", "text", "json"] = "auto"
    """The form of a server's log: lines of `json`, or `text` for people. `auto`: text on a terminal, otherwise JSON."""
    log_questions: bool = False
    """Whether the server's log may contain the text of questions."""
    embed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins of sites that may show the page in a frame, such as `https://huggingface.co`, separated by commas or
    spaces; empty for the server's own pages only."""
    metrics_token: SecretStr = SecretStr("")
    """Bearer token that `/metrics` requires. Without it, `/metrics` is open, except in a demo, where it is closed."""

    @field_validator("ocr_languages", mode="before")
    @classmethod
    def _split_languages(cls, value: object) -> object:
        return tuple(re.findall(r"[^\s,+]+", value)) if isinstance(value, str) else value

    @field_validator("ocr_languages")
    @classmethod
    def _check_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not _LANGUAGE.fullmatch(name):
                raise ValueError(f"{name!r} is not a name of tesseract's, such as eng or chi_sim")
        return value

    @field_validator("embed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("embed_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin such as https://example.org or https://*.example.org")
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)
        return value

    @field_validator("allow_folders", mode="before")
    @classmethod
    def _split_folders(cls, value: object) -> object:
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
        """Return the sources of settings; an earlier source overrides a later one."""
        return init_settings, env_settings, ConfigurationFile(settings_cls, _PATHS)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _settings_error(error, values) from error
        self._origins = {name: _origin(name, values) for name in self.model_fields_set}

    def require_writer(self) -> None:
        """Raise WriterNotSet if no language model is configured."""
        if not self.llm_url.strip():
            raise WriterNotSet

    def origin(self, name: str) -> str:
        """Return the origin of a setting: `argument`, an environment variable, the configuration file, or `default`."""
        return self._origins.get(name, "default")

    def display_name(self, name: str) -> str:
        """Return the name of a changed setting as the user wrote it, with its origin."""
        origin = self.origin(name)
        if origin == "argument":
            return f"the argument {name}"
        return origin if origin.startswith(_PREFIX) else f"{name} in {origin}"

    def display_value(self, name: str) -> str:
        """Return the value of a setting for display: keys and passwords are hidden."""
        value = getattr(self, name)
        if isinstance(value, tuple):
            return os.pathsep.join(map(str, value))
        return re.sub(r"(?<=//)[^/@]*@", "****@", str(value))


def _origin(name: str, values: dict[str, Any]) -> str:
    variable = f"{_PREFIX}{name.upper()}"
    if name in values:
        return "argument"
    if any(name.upper() == variable for name in os.environ):
        return variable
    return str(configuration_path())


def _default_in_words(value: object) -> str:
    """Return a default value in words."""
    if value == () or not str(value):
        return "which is empty"
    return repr(value) if isinstance(value, str) else str(value)


def _settings_error(error: ValidationError, values: dict[str, Any]) -> SettingsError:
    """Return an error about the first invalid setting, with its origin."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    field = Settings.model_fields.get(name)
    value = "that" if field is not None and field.annotation is SecretStr else repr(first.get("input"))
    problem = f"{name!r} cannot be {value}: {first['msg']}"
    variable = f"{_PREFIX}{name.upper()}"
    origin = _origin(name, values)
    if origin == "argument" or field is None:
        places = f"the argument {name!r}, the environment variable {variable} or {FILE_NAME}"
        return SettingsError(f"The setting {problem}.", f"It is read from {places}.")
    default = f"the default, {_default_in_words(field.get_default(call_default_factory=True))}"
    if origin == variable:
        hint = f"Change the environment variable {variable}, or unset it for {default}."
        return SettingsError(f"The setting {problem}.", hint)
    file = ConfigurationFile(Settings, _PATHS)
    return file.error(name, f"the setting {problem}", f"Change that line, or delete it for {default}.")
