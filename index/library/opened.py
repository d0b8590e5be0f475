"""A library that is open: its store, its settings, its encoder, and how documents are named."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from index.errors import DocumentNotFound, FingerprintMismatch, SpanError
from index.library.recipe import applied, disagreements
from index.library.recipe import named as named_model
from index.mapping import Maps, Recalling
from index.naming import identities, named
from index.settings import Settings
from index.storage.store import FolderStore
from index.viewing import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from index.cross_encoders.verifier import ClaimVerifier
    from index.encoding import Encoder
    from index.parsing import Limits
    from index.readiness import Readiness
    from index.records import DocumentInfo, Span
    from index.reranking import Reranker

_Result = TypeVar("_Result")
_SUCCESSORS = 5
"""How many times a question is asked anew because the library was exchanged while it was asked."""


class Opened:
    """What every part of `Library` stands on."""

    def __init__(self, store: FolderStore, settings: Settings, encoder: Encoder | None = None) -> None:
        self._store = store
        self._settings = settings
        self._encoder = encoder
        self._model: str | None = None
        """The setting by which the encoder was loaded; None where it was given, or has not been loaded yet."""
        self._reranker: Reranker | None = None
        self._verifier: ClaimVerifier | None = None
        self._recalling: Recalling | None = None
        self._maps = Maps(self._store.catalog, self._store.folder)
        self._viewer = Viewer(store, max_bytes=self._max_bytes)
        self._loading = threading.Lock()
        self._beside = ThreadPoolExecutor(thread_name_prefix="pincite-asking")

    @classmethod
    def open(
        cls,
        folder: str | Path | None = None,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        create: bool = True,
    ) -> Self:
        """Open the library in a folder, by default the one that the settings name; the encoder loads at first need.

        Raises LibraryNotFound where there is none and `create` is False, LibraryDamaged where its catalog is damaged,
        LibraryTooNew where a newer Pincite wrote it.
        """
        settings = settings or Settings()
        path = Path(folder if folder is not None else settings.library).expanduser().absolute()
        return cls(FolderStore(path, create=create), settings, encoder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder, which then can be copied."""
        self._maps.close()
        self._store.close()

    @property
    def folder(self) -> Path:
        """Where the library is."""
        return self._store.folder

    @property
    def settings(self) -> Settings:
        """The settings as they apply to this library: what nobody set is as the library was made."""
        return applied(self._settings, self._store.catalog)

    def disagreements(self) -> dict[str, tuple[Any, Any]]:
        """What was set by hand and is not as the library was made: names, each with what was set and what it has."""
        return disagreements(self._settings, self._store.catalog)

    @property
    def read_only(self) -> bool:
        """Whether the library is in a folder, or on a disk, that takes no changes: it can be asked, and not changed."""
        return self._store.read_only

    def readiness(self) -> Readiness:
        """Whether questions can be answered from both indexes as they are now; what is missing is seen to meanwhile."""
        return self._store.refresh(waiting=False)

    def encoder(self, *, for_search: bool = False) -> Encoder:
        """The encoder, loaded at the first call, and again where another process rebuilt the library with another one.

        Raises EncoderError where it cannot be had; with `for_search`, FingerprintMismatch where the library's vectors
        are another encoder's.
        """
        from index.encoding import load_encoder
        from index.ingestion import encoder_of

        stored = self._store.catalog.fingerprint()
        with self._loading:
            if self._encoder is None or (
                self._model is not None and stored and encoder_of(stored) != self._encoder.name
            ):
                settings = self.settings
                if self._encoder is None or named_model(settings.model) != self._model:
                    self._encoder, self._model, self._recalling = (
                        load_encoder(settings),
                        named_model(settings.model),
                        None,
                    )
        if for_search and stored and encoder_of(stored) != self._encoder.name:
            raise FingerprintMismatch(str(self.folder), encoder_of(stored), self._encoder.name)
        return self._encoder

    def find(self, name: str) -> DocumentInfo:
        """The one document of that id or beginning of an id, source, file name or title.

        Raises DocumentNotFound or AmbiguousDocument.
        """
        wanted = identities(name)
        alike = self._store.catalog.identified(wanted)
        if len(alike) == 1 and (alike[0].id == wanted[0] or alike[0].source in wanted):
            return named(alike, name)  # no other way to name one comes before these: the others need not be read
        return named(self._store.catalog.numbered().values(), name)

    def _steadily(self, work: Callable[[], _Result]) -> _Result:
        """What `work` gives; again, but not for ever, where the library was rebuilt or restored in the midst of it."""
        for _ in range(_SUCCESSORS):
            library = self._store.catalog.library_id
            try:
                result = work()
            except Exception:
                if self._store.catalog.library_id == library:
                    raise
            else:
                if self._store.catalog.library_id == library:
                    return result
        return work()

    def _questions(self) -> Recalling:
        """The encoder, as questions are put to it."""
        encoder = self.encoder(for_search=True)
        with self._loading:
            if self._recalling is None or self._recalling.name != encoder.name:
                self._recalling = Recalling(encoder)
            return self._recalling

    def _remember_model(self) -> None:
        """Note by which setting the library's encoder is loaded. The caller holds the store's lock."""
        from index.ingestion import encoder_of

        catalog = self._store.catalog
        stored = catalog.fingerprint()
        fits = self._encoder is not None and (not stored or encoder_of(stored) == self._encoder.name)
        if fits and self._model is not None and catalog.model() != self._model:
            catalog.note_model(self._model)

    @property
    def _limits(self) -> Limits:
        """What the reading of one file may cost."""
        from index.parsing import Limits

        return Limits(self._settings.parse_seconds, self._settings.parse_megabytes)

    @property
    def _max_bytes(self) -> int:
        return self._settings.max_file_megabytes * 1_000_000

    def _having(self, name: str, span: Span | None) -> DocumentInfo:
        """The document of that name, which has to have the span."""
        info = self.find(name)
        if span and not 0 <= span.start <= span.end <= info.characters:
            raise SpanError(
                f"{info.name} has {info.characters} characters; {span.start}:{span.end} is not a span of it.",
                "A span is START:END, in code points, with 0 <= START <= END.",
            )
        return info

    def _number(self, identity: str) -> int:
        number = self._store.catalog.number_of(identity)
        if number is None:
            raise DocumentNotFound(identity)
        return number
