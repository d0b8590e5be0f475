"""The checks of `pincite doctor`: versions, processor, encoder, library, settings; each problem has a remedy."""

from __future__ import annotations

import os
import platform
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryNotFound, PinciteError
from index.library.library import Library
from index.records import Problem
from index.records.file_kinds import formats
from index.settings import FILE_NAME, VARIABLE, configuration_path

if TYPE_CHECKING:
    from index.settings import Settings

PACKAGES = ("pincite", "sentence-transformers", "torch", "faiss-cpu", "tantivy", "tiktoken", "gradio", "pypdfium2")
_MIN_FREE_MEGABYTES = 500


@dataclass(frozen=True, slots=True)
class Setting:
    """An effective setting; secrets in its value are hidden."""

    name: str
    value: str
    origin: str
    """`default`, `argument`, the name of an environment variable, or the path of the configuration file."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The findings in order, the problems, and the effective settings."""

    findings: dict[str, str]
    problems: tuple[Problem, ...]
    settings: tuple[Setting, ...]


def diagnose(folder: Path, settings: Settings) -> Diagnosis:
    """Check everything that Pincite needs, without changing anything and without stopping at the first problem."""
    findings: dict[str, str] = {"Python": platform.python_version(), "System": platform.platform()}
    problems: list[Problem] = []
    for package in PACKAGES:
        try:
            findings[package] = version(package)
        except PackageNotFoundError:
            problems.append(Problem(f"{package} is not installed.", "Install Pincite again: pip install pincite"))
    findings["Formats"] = ", ".join(each.name for each in formats())
    _examine_encoder(_effective_settings(folder, settings), findings, problems)
    _examine_recognition(settings, findings, problems)
    _examine_library(folder, settings, findings, problems)
    _examine_configuration(settings, findings, problems)
    effective = (
        Setting(name, settings.display_value(name), settings.origin(name)) for name in type(settings).model_fields
    )
    return Diagnosis(findings, tuple(problems), tuple(effective))


def _examine_configuration(settings: Settings, findings: dict[str, str], problems: list[Problem]) -> None:
    path = configuration_path()
    findings["Configuration"] = (
        "no file" if path is None else str(path) if path.exists() else f"{path}, which does not exist"
    )
    if (here := Path(FILE_NAME).absolute()).exists() and here != path:
        # Not a problem, because anybody may have put it there; but its author may wonder why it has no effect.
        findings["Not read"] = f"{here}: a file outside your configuration folder is read only if {VARIABLE} names it"
    if path is None or settings.origin("llm_key") != str(path) or os.name != "posix":
        return
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        problem = f"{path} contains the key of the language model, and other users of this machine can read it."
        problems.append(Problem(problem, f"chmod 600 {path}"))


def _effective_settings(folder: Path, settings: Settings) -> Settings:
    """Return the settings with the library's own model, if the library can be opened."""
    try:
        with Library.open(folder, settings, create=False) as library:
            return library.settings
    except PinciteError:
        return settings


def _examine_encoder(settings: Settings, findings: dict[str, str], problems: list[Problem]) -> None:
    from index.encoders.encoder import LIGHT_PASSAGES, SentenceTransformerEncoder
    from index.encoders.pretrained import cpu_features

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
    findings["Computes questions"] = f"{encoder.question_precision} on {encoder.device}"
    findings["Milliseconds of a layer"] = _speeds()
    findings["Documents"] = f"run through sentence-transformers {version('sentence-transformers')}: {modules}"
    light = f"as the first {LIGHT_PASSAGES:,} passages: through the same layers, without sentence-transformers"
    findings["Questions"] = light if encoder.light else "run through the same library"


def _speeds() -> str:
    """Return what the choice of precision rests on, measured once more."""
    from index.encoders.precision import WORKLOAD_TOKENS, measured_again

    return "; ".join(
        f"{WORKLOAD_TOKENS[workload]} tokens: "
        + ", ".join(f"{precision} {milliseconds:.1f}" for precision, milliseconds in times.items())
        for workload, times in measured_again().items()
    )


def _examine_recognition(settings: Settings, findings: dict[str, str], problems: list[Problem]) -> None:
    """Name the program that recognises words in pictures, and its languages. Nobody needs one for other documents."""
    from index.loading.recognition.recogniser import Recogniser, RecognitionOptions

    recogniser = Recogniser(RecognitionOptions(settings.ocr, settings.ocr_languages))
    if not recogniser.is_available:
        findings["Text recognition"] = f"none: scans and pictures are not read. {recogniser.hint}"
        return
    try:
        engine = recogniser.engine()
    except PinciteError as error:
        problems.append(Problem(error.message, error.hint))
        return
    findings["Text recognition"] = f"{engine.name}: {', '.join(engine.languages)}"


def _examine_library(folder: Path, settings: Settings, findings: dict[str, str], problems: list[Problem]) -> None:
    findings["Library"] = str(folder)
    try:
        with Library.open(folder, settings, create=False) as library:
            stats = library.stats()
            findings["Holds"] = f"{stats.documents} documents, {stats.passages} passages, {stats.bytes / 1e6:.1f} MB"
            findings["Made with"] = stats.made_with or "nothing yet"
            findings["Can be changed"] = "no: its folder is read-only" if library.read_only else "yes"
            problems.extend(library.problems())
            problems.extend(
                Problem(
                    f"{settings.display_name(name)} is set to {str(configured)!r}, but the library was made with "
                    f"{str(own)!r}.",
                    "Remove the setting, because the library remembers its own; or change the library: pincite rebuild",
                )
                for name, (configured, own) in library.disagreements().items()
            )
    except LibraryNotFound:
        findings["Holds"] = "nothing yet: the first `pincite add` creates it"
    except PinciteError as error:
        problems.append(Problem(error.message, error.hint))
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free // 1_000_000
    findings["Free disk"] = f"{free} MB"
    if free < _MIN_FREE_MEGABYTES:
        problems.append(
            Problem(f"Only {free} MB are free on the disk of the library.", "Free some space on that disk.")
        )
