"""The session of an open library: its store, its settings, and work that is repeated when the library is replaced.

A library keeps its own model and passage length unless the caller sets others. It stores only the text of these
settings; its fingerprint names the encoder and chunking that they gave, and is compared at each use.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from index.errors import AmbiguousDocument, DocumentNotFound, SpanError
from index.storage.protocol import target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from index.loading.recognition.recogniser import RecognitionOptions
    from index.loading.sandbox.messages import Limits
    from index.records import DocumentInfo, Hit, Location, Span
    from index.settings import Settings
    from index.storage.catalog.catalog import Catalog
    from index.storage.store import FolderStore

_SHORTEST_PREFIX = 6
_Result = TypeVar("_Result")
_RETRIES = 5
"""How many times work is tried while rebuilds or restores replace the library, before the last try."""


def find_document(documents: Iterable[DocumentInfo], name: str) -> DocumentInfo:
    """Return the only document with that name. Raises DocumentNotFound or AmbiguousDocument."""
    wanted, documents = name.strip(), list(documents)
    for is_match in (_matches_identity(wanted), _matches_prefix(wanted), _matches_name(wanted)) if wanted else ():
        matches = [info for info in documents if is_match(info)]
        if len(matches) > 1:
            listed = sorted(matches, key=lambda info: info.source)
            raise AmbiguousDocument(name, tuple(f"{info.id[:12]} {info.source}" for info in listed))
        if matches:
            return matches[0]
    raise DocumentNotFound(name)


def possible_sources(name: str) -> tuple[str, str]:
    """Return a name as an id or source, and as an absolute path."""
    return name.strip(), _absolute(name.strip())


def _matches_identity(name: str) -> Callable[[DocumentInfo], bool]:
    sources = possible_sources(name)
    return lambda info: info.id == name or info.source in sources


def _matches_prefix(name: str) -> Callable[[DocumentInfo], bool]:
    prefix = name.lower()
    return lambda info: len(prefix) >= _SHORTEST_PREFIX and info.id.startswith(prefix)


def _matches_name(name: str) -> Callable[[DocumentInfo], bool]:
    folded = name.casefold()
    return lambda info: folded in (info.title.casefold(), Path(info.source).name.casefold())


def _absolute(name: str) -> str:
    """Return the absolute path of a name, or the name itself if it cannot be a path (unknown `~user`, NUL)."""
    try:
        return str(Path(name).expanduser().absolute())
    except (RuntimeError, ValueError):
        return name


def applied(settings: Settings, catalog: Catalog, *, fallback: str = "") -> Settings:
    """Return the settings with the library's own model and passage length, except those that the caller set.

    `fallback` is the fingerprint that gives the passage length of a library that is still empty. It may come from a
    stranger's file, so a length outside the range that the settings allow is ignored.
    """
    own = {name: value for name, value in _own(catalog, fallback).items() if name not in settings.model_fields_set}
    return settings.model_copy(update=own)


def disagreements(settings: Settings, catalog: Catalog) -> dict[str, tuple[Any, Any]]:
    """Return the settings that the caller set and the library was not made with: name to (set, library's own)."""
    stated = {name: getattr(settings, name) for name in settings.model_fields_set}
    if "model" in stated:
        stated["model"] = portable_model(stated["model"])
    own = _own(catalog, "")
    return {name: (stated[name], value) for name, value in own.items() if name in stated and stated[name] != value}


def portable_model(model: str) -> str:
    """Return a model's name so that it can be loaded from any working folder: a folder becomes an absolute path."""
    return str(Path(model).resolve()) if model and Path(model).is_dir() else model


def _own(catalog: Catalog, fallback: str) -> dict[str, Any]:
    stored = catalog.fingerprint()
    target = target_of(stored) if stored else _allowed(target_of(fallback))
    own = {"passage_tokens": target, "model": catalog.model() if stored else None}
    return {name: value for name, value in own.items() if value is not None}


def _allowed(target: int | None) -> int | None:
    """Return the target length of passages; None if the settings do not allow it."""
    from pydantic import TypeAdapter, ValidationError

    from index.settings import Settings

    field = Settings.model_fields["passage_tokens"]
    try:
        return TypeAdapter(Annotated[int, *field.metadata]).validate_python(target, strict=True)
    except ValidationError:
        return None


class Lookup:
    """Finds documents by name, and their numbers in the catalog."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._catalog = store.catalog

    def find(self, name: str) -> DocumentInfo:
        """Return the one document with this id, beginning of an id, source, file name or title.

        Raises DocumentNotFound, or AmbiguousDocument if several have this name.
        """
        wanted = possible_sources(name)
        candidates = self._catalog.identified(wanted)
        if len(candidates) == 1 and (candidates[0].id == wanted[0] or candidates[0].source in wanted):
            return find_document(
                candidates, name
            )  # ids and sources take precedence: no need to read the other documents
        return find_document(self._catalog.numbered().values(), name)

    def number(self, identity: str) -> int:
        """Return the catalog's number of the document with this id. Raises DocumentNotFound."""
        number = self._catalog.number_of(identity)
        if number is None:
            raise DocumentNotFound(identity)
        return number

    def numbers(self, names: Sequence[str] | None) -> list[int] | None:
        """Return the numbers of the documents with these names; None means all documents."""
        return None if names is None else [self.number(self.find(name).id) for name in names]

    def having(self, name: str, span: Span | None) -> DocumentInfo:
        """Return the document with this name. Raises SpanError if the span is not within its text."""
        info = self.find(name)
        if span and not 0 <= span.start <= span.end <= info.characters:
            raise SpanError(
                f"{info.name} has {info.characters} characters; {span.start}:{span.end} is not a span of it.",
                "A span is START:END, in code points, with 0 <= START <= END.",
            )
        return info

    def locate(self, hit: Hit, span: Span) -> Location:
        """Return where a span of a hit's document is; the hit's own location for its pin, or a removed document."""
        if span == hit.pin:
            return hit.location
        number = self._catalog.number_of(hit.document.id)
        return hit.location if number is None else self._store.locate([(number, span)])[0]


class Session:
    """The store of an open library, and the settings that apply to it."""

    def __init__(self, store: FolderStore, settings: Settings) -> None:
        self.store = store
        self.catalog = store.catalog
        self.base_settings = settings
        """The settings as the caller gave them, with the changes that a rebuild made."""

    @property
    def folder(self) -> Path:
        """The library's folder."""
        return self.store.folder

    @property
    def settings(self) -> Settings:
        """The settings for this library: its own model and passage length, unless the caller set them."""
        return applied(self.base_settings, self.catalog)

    @property
    def max_bytes(self) -> int:
        """The size limit of one file, in bytes."""
        return self.base_settings.max_file_megabytes * 1_000_000

    @property
    def limits(self) -> Limits:
        """The time and memory that the reading of one file may take."""
        from index.loading.containers.member import ContainerLimits
        from index.loading.sandbox.messages import Limits

        settings = self.base_settings
        containers = ContainerLimits(settings.max_nesting, settings.max_members)
        return Limits(settings.parse_seconds, settings.parse_megabytes, containers)

    @property
    def recognition(self) -> RecognitionOptions:
        """How the words in pictures are recognised; recognised pages are kept in the library's folder."""
        from index.loading.recognition.recogniser import RecognitionOptions

        settings = self.base_settings
        return RecognitionOptions(settings.ocr, settings.ocr_languages, str(self.folder))

    def change_settings(self, changes: Mapping[str, Any]) -> None:
        """Replace some settings for the rest of the session."""
        self.base_settings = self.base_settings.model_copy(update=dict(changes))

    def disagreements(self) -> dict[str, tuple[Any, Any]]:
        """Return the settings that the caller set and the library was not made with: name to (set, library's own)."""
        return disagreements(self.base_settings, self.catalog)

    def retry_if_replaced(self, work: Callable[[], _Result]) -> _Result:
        """Return what `work` returns. Repeat it, up to five times, if the library was replaced meanwhile.

        A rebuild or a restore replaces the library and changes its id. A document that is being read gets a new number
        when it grows. An error of `work` counts only if all of these stayed.
        """
        for _ in range(_RETRIES):
            before = self._contents()
            try:
                result = work()
            except Exception:
                if self._contents() == before:
                    raise
            else:
                if self._contents() == before:
                    return result
        return work()

    def _contents(self) -> tuple[str, ...]:
        """Return what identifies the library and its growing documents."""
        return (self.catalog.library_id, *map(str, self.catalog.unfinished()))
