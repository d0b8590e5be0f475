"""A publication: it is planned first, so that its publisher sees what becomes public, and then written whole."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

import index
from index.backup.archive import sync_to_disk
from index.errors import FolderNotOurs, PublishError, SecretsFound
from index.library.library import Library
from index.plugins.publish import hosts
from index.plugins.publish.hosts import Manifest, front_matter, write_container, write_space, write_text
from index.plugins.publish.listing import Listing, SecretFound, find_secrets, list_library

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from index.records.report import OperationProgress


# The folder that is written: it is filled beside its place, and replaces an earlier publication at the end.

_UNFINISHED = ".{}.unfinished"
_REPLACED = ".{}.replaced"
_LOCK = ".lock"
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755
_HINT = "Check the folder's permissions and the free space of its disk; an earlier publication is still complete."


def require_replaceable(folder: Path) -> None:
    """Raise FolderNotOurs unless a folder is absent, empty, or exactly what an earlier publication wrote."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise FolderNotOurs(str(folder), "it is not a folder")
    present = set(hosts.files_in(folder))
    if not present and not any(folder.iterdir()):
        return
    try:
        earlier = hosts.read(folder)
    except PublishError as error:
        raise FolderNotOurs(str(folder), "it is not empty, and no publication") from error
    if foreign := sorted(present - earlier.files.keys() - {hosts.NAME}):
        raise FolderNotOurs(str(folder), f"{foreign[0]} was not written by a publication")
    if changed := hosts.check(folder, earlier, below=("",)):
        raise FolderNotOurs(str(folder), changed[0].what.rstrip("."))


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; at the end of the block, it takes the place of `folder`.

    After an error or a kill, the earlier publication is still there; the unfinished folder has no manifest, so it can
    be neither served nor pushed, and the next run removes it. Raises FolderNotOurs, and PublishError if another
    process writes the same folder, or if the disk is full or not writable.
    """
    unfinished = folder.with_name(_UNFINISHED.format(folder.name))
    try:
        with _locked(folder):
            _restore_interrupted(folder)
            require_replaceable(folder)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            try:
                yield unfinished
                _settle(unfinished)
                require_replaceable(folder)  # again: it took a while
                _swap(unfinished, folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise PublishError(f"The folder {folder} cannot be written: {error}.", _HINT) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f".{folder.name}{_LOCK}"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise PublishError(f"Another process is writing {folder}.", "Wait until it has finished.") from error
    try:
        yield
    finally:
        os.unlink(lock.lock_file)  # noqa: PTH108 - the lock knows its path as a string
        lock.release()


def _swap(new: Path, folder: Path) -> None:
    """Put the new folder in place. A kill between the two steps is repaired by the next run."""
    replaced = folder.with_name(_REPLACED.format(folder.name))
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    new.rename(folder)
    sync_to_disk(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _restore_interrupted(folder: Path) -> None:
    """Put an earlier publication back if a run was killed between the two steps of the exchange."""
    replaced = folder.with_name(_REPLACED.format(folder.name))
    if replaced.is_dir() and not folder.exists():
        replaced.rename(folder)


def _settle(folder: Path) -> None:
    """Force everything to the disk, readable for all: the program runs as another user than the publisher."""
    folder.chmod(_FOLDER_MODE)
    for path in folder.rglob("*"):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        sync_to_disk(path)


Target = Literal["space", "container", "static"]
_SUFFIX = re.compile(r"\.\w{1,8}$", re.ASCII)
_WRITERS = {"space": write_space, "container": write_container}


@dataclass(frozen=True, slots=True)
class Request:
    """What to publish, and how."""

    target: Target
    title: str
    originals: bool = False
    """Whether the original files go along: they make page images and downloads possible."""
    refuse_emails: bool = False
    allowed: frozenset[str] = frozenset()
    """Ids of documents whose secrets may become public."""
    licences: Mapping[str, str] = field(default_factory=dict)
    """Licences that the publisher states, by id of the document."""
    questions: tuple[str, ...] = ()
    """Questions to suggest; without any, Pincite makes them of headings and definitions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request would make public."""

    request: Request
    listing: Listing
    secrets: tuple[SecretFound, ...]
    warnings: tuple[str, ...]

    @property
    def refused(self) -> tuple[str, ...]:
        """The names of the documents with secrets that were not allowed."""
        return tuple(dict.fromkeys(found.name for found in self.secrets if not found.allowed))


def make_plan(library: Library, request: Request) -> Plan:
    """Return what a request would make public; nothing is written. Raises PublishError if nothing can be published."""
    listing = list_library(library, originals=request.originals, licences=request.licences)
    if not listing.documents:
        raise PublishError("The library has no documents.", "Add some first: pincite add PATH")
    secrets = find_secrets(library, listing, emails=request.refuse_emails, allowed=request.allowed)
    return Plan(request, listing, tuple(secrets), tuple(_warnings(library, listing)))


def _warnings(library: Library, listing: Listing) -> list[str]:
    found = []
    if count := len(listing.unlicensed):
        found.append(f"The licence of {count} documents is unknown: publish them only if you may. State one: --licence")
    if listing.missing:
        found.append(f"The original files of {len(listing.missing)} documents are gone, so they do not go along.")
    if model := library.settings.model:
        found.append(
            f"The library needs the model {model}, which the published program loads from the Hub at its start."
        )
    return found


def write(library: Library, plan: Plan, folder: Path, *, progress: OperationProgress | None = None) -> Manifest:
    """Write a planned publication into a folder that is new, empty, or an earlier publication; return its manifest.

    Raises SecretsFound, before anything is written; FolderNotOurs; PublishError.
    """
    if plan.refused:
        raise SecretsFound(plan.refused)
    _require_portable_model(library)
    request, listing = plan.request, plan.listing
    with replacing(folder) as unfinished:
        if request.target == "static":
            questions = _write_site(library, plan, unfinished, progress)
        else:
            questions = request.questions
            _write_library(library, plan, unfinished / "library", progress)
            _WRITERS[request.target](unfinished, request.title, listing)
        return Manifest(
            target=request.target,
            title=request.title,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            made_with=f"pincite {index.__version__}",
            documents=len(listing.documents),
            passages=listing.passages,
            questions=questions,
        ).write(unfinished)


def _write_library(library: Library, plan: Plan, copy: Path, progress: OperationProgress | None) -> None:
    """Write a copy of the library."""
    library.copy(copy, plan.listing.sources, plan.listing.names, progress=progress)
    if plan.request.originals:
        _carry_originals(library, plan.listing, copy)


def _write_site(library: Library, plan: Plan, folder: Path, progress: OperationProgress | None) -> tuple[str, ...]:
    """Write a static site, made from a copy of the library that knows no path; return the questions it suggests."""
    from index.plugins.publish.site_files import write_site  # only this target needs it

    request = plan.request
    with TemporaryDirectory(prefix=".pincite-", dir=folder.parent) as scratch:
        copy = library.copy(Path(scratch) / "library", plan.listing.sources, plan.listing.names, progress=progress)
        with Library.open(copy, library.settings, encoder=library.encoder(), create=False) as copied:
            questions = request.questions or tuple(copied.suggestions())
            write_site(copied, folder, title=request.title, questions=questions)
    front = front_matter(request.title, plan.listing, sdk="static")
    write_text(folder, "README.md", front=front, title=request.title, documents=plan.listing.documents, how="")
    return questions


def _carry_originals(library: Library, listing: Listing, copy: Path) -> None:
    """Copy the original files into `uploads/`, where a document's file is found by its bytes and read by its suffix."""
    uploads = copy / "uploads"
    uploads.mkdir()
    for number, document in enumerate(listing.documents, 1):
        if document.original is None:
            continue
        suffix = _SUFFIX.search(document.name)
        kept = uploads / f"{number:05}{suffix[0] if suffix else ''}"
        with library.open_original(document.id).file as source, kept.open("wb") as target:
            shutil.copyfileobj(source, target)


def _require_portable_model(library: Library) -> None:
    """Raise PublishError if the library needs a model from a folder of this machine, which does not go along."""
    model = library.settings.model
    if model and (Path(model).is_absolute() or Path(model).exists()):
        raise PublishError(
            f"The library needs the model in {model}, which does not go along.",
            "Encode it with the built-in model: pincite rebuild --model ''",
        )
