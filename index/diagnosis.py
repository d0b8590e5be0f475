"""What `pincite doctor` looks at: versions, processor, encoder, library; each problem with its remedy."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from index.configuration import FILE_NAME, VARIABLE, configuration_path
from index.errors import LibraryNotFound, PinciteError
from index.library import Library
from index.records import Problem

if TYPE_CHECKING:
    from index.settings import Settings

PARTS = ("pincite", "sentence-transformers", "torch", "faiss-cpu", "tantivy", "tiktoken", "gradio", "pypdfium2")
_LEAST_FREE_MEGABYTES = 500


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as it applies; what is secret in its value is hidden."""

    name: str
    value: str
    origin: str
    """`default`, `argument`, the name of an environment variable, or the path of the configuration file."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Findings in order, what is wrong, and the settings that apply."""

    findings: dict[str, str]
    problems: tuple[Problem, ...]
    settings: tuple[Setting, ...]


def diagnose(folder: Path, settings: Settings) -> Diagnosis:
    """Look at everything that has to work, without changing anything, and without stopping at the first problem."""
    findings: dict[str, str] = {"Python": platform.python_version(), "System": platform.platform()}
    problems: list[Problem] = []
    for part in PARTS:
        try:
            findings[part] = version(part)
        except PackageNotFoundError:
            problems.append(Problem(f"{part} is not installed.", "Install Pincite again: pip install pincite"))
    _examine_encoder(_applied(folder, settings), findings, problems)
    _examine_library(folder, settings, findings, problems)
    _examine_configuration(settings, findings, problems)
    applied = (Setting(name, settings.shown(name), settings.origin(name)) for name in type(settings).model_fields)
    return Diagnosis(findings, tuple(problems), tuple(applied))


def _examine_configuration(settings: Settings, findings: dict[str, str], problems: list[Problem]) -> None:
    path = configuration_path()
    findings["Configuration"] = "no file" if path is None else str(path) if path.exists() else f"{path}, not there"
    if (here := Path(FILE_NAME).absolute()).exists() and here != path:
        # Not a problem: anybody may have put it there. But whoever wrote it may wonder why it has no effect.
        findings["Not read"] = f"{here}: only a file that {VARIABLE} names is read from another folder"
    if path is None or settings.origin("llm_key") != str(path) or os.name != "posix":
        return
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        what = f"{path} holds the language model's key, and others on this machine can read it."
        problems.append(Problem(what, f"chmod 600 {path}"))


def _applied(folder: Path, settings: Settings) -> Settings:
    """The settings with the library's own model, where there is a library that can be opened."""
    try:
        with Library.open(folder, settings, create=False) as library:
            return library.settings
    except PinciteError:
        return settings


def _examine_encoder(settings: Settings, findings: dict[str, str], problems: list[Problem]) -> None:
    from index.encoding import SentenceTransformerEncoder
    from index.processor import cpu_features

    findings["Processor"] = ", ".join(cpu_features()) or "no features that Pincite uses"
    try:
        encoder = SentenceTransformerEncoder(settings.model, device=settings.device, precision=settings.precision)
        modules = ", ".join(type(module).__name__ for module in encoder.document_model)
    except PinciteError as error:
        problems.append(Problem(error.message, error.hint))
        return
    findings["Encoder"] = encoder.name
    findings["Weights"] = "as published (sha256 checked)" if not settings.model else "not checked: your own model"
    findings["Computes"] = f"{encoder.precision} on {encoder.device}, at most {encoder.max_tokens} tokens a passage"
    findings["Documents"] = f"run through sentence-transformers {version('sentence-transformers')}: {modules}"
    light = "the same layers alone, without importing sentence-transformers"
    findings["Questions"] = light if encoder.light else "run through the same"


def _examine_library(folder: Path, settings: Settings, findings: dict[str, str], problems: list[Problem]) -> None:
    findings["Library"] = str(folder)
    try:
        with Library.open(folder, settings, create=False) as library:
            stats = library.stats()
            findings["Holds"] = f"{stats.documents} documents, {stats.passages} passages, {stats.bytes / 1e6:.1f} MB"
            findings["Made with"] = stats.made_with or "nothing yet"
            findings["Can be changed"] = "no: its folder is read-only here" if library.read_only else "yes"
            problems.extend(library.problems())
            problems.extend(
                Problem(
                    f"{settings.written(name)} is set to {str(stated)!r}, and the library was made with {str(own)!r}.",
                    "Take it out, for the library remembers its own; or bring the library to it: pincite rebuild",
                )
                for name, (stated, own) in library.disagreements().items()
            )
    except LibraryNotFound:
        findings["Holds"] = "nothing: it is made by the first `pincite add`"
    except PinciteError as error:
        problems.append(Problem(error.message, error.hint))
    standing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(standing).free // 1_000_000
    findings["Free disk"] = f"{free} MB"
    if free < _LEAST_FREE_MEGABYTES:
        problems.append(Problem(f"Only {free} MB are free where the library is.", "Make room on the disk."))
