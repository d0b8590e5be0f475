"""The session of an open library: its store, its settings, its documents by name, and its models.

A library keeps its own model and passage length unless the caller sets others. It stores only the text of these
settings; its fingerprint names the encoder and chunking that they gave, and is compared at each use.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from index.encoders.pretrained import DEFAULT_NAME
from index.errors import AmbiguousDocument, DocumentNotFound, FingerprintMismatch, SpanError
from index.storage.protocol import encoder_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from index.encoders.answer_reader import AnswerReader
    from index.encoders.cross_encoders import ClaimVerifier, Reranker
    from index.encoders.encoder import Draft, Encoded, Encoder, Vectors
    from index.loading.recognition.recogniser import RecognitionOptions
    from index.loading.sandbox.messages import Limits
    from index.records import DocumentInfo, Hit, Location, Span
    from index.settings import Settings
    from index.storage.catalog.catalog import Catalog
    from index.storage.store import FolderStore
    from index.text.chunks import Chunker
    from index.verification.judgement import Verifier

CAPACITY = 64
"""Number of questions: more than are asked at once."""
_MIN_PREFIX_CHARACTERS = 6
_Result = TypeVar("_Result")
_RETRIES = 5
"""How many times work is tried while rebuilds or restores replace the library, before the last try."""


def find_document(documents: Iterable[DocumentInfo], name: str) -> DocumentInfo:
    """Return the only document with that name. Raises DocumentNotFound or AmbiguousDocument."""
    wanted, documents = name.strip(), list(documents)
    sources, prefix, folded = possible_sources(wanted), wanted.lower(), wanted.casefold()
    ways: list[Callable[[DocumentInfo], bool]] = [
        lambda info: info.id == wanted or info.source in sources,
        lambda info: len(prefix) >= _MIN_PREFIX_CHARACTERS and info.id.startswith(prefix),
        lambda info: folded in (info.title.casefold(), Path(info.source).name.casefold()),
    ]
    for is_match in ways if wanted else ():
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
        from index.loading.containers.member_paths import ContainerLimits
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
        settings = self.base_settings
        stated = {name: getattr(settings, name) for name in settings.model_fields_set}
        if "model" in stated:
            stated["model"] = portable_model(stated["model"])
        own = _own(self.catalog, "")
        return {name: (stated[name], value) for name, value in own.items() if name in stated and stated[name] != value}

    def find(self, name: str) -> DocumentInfo:
        """Return the one document with this id, beginning of an id, source, file name or title.

        Raises DocumentNotFound, or AmbiguousDocument if several have this name.
        """
        wanted = possible_sources(name)
        candidates = self.catalog.identified(wanted)
        if len(candidates) == 1 and (candidates[0].id == wanted[0] or candidates[0].source in wanted):
            # Ids and sources take precedence: no need to read the other documents.
            return find_document(candidates, name)
        return find_document(self.catalog.numbered().values(), name)

    def number(self, identity: str) -> int:
        """Return the catalog's number of the document with this id. Raises DocumentNotFound."""
        number = self.catalog.number_of(identity)
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
        number = self.catalog.number_of(hit.document.id)
        return hit.location if number is None else self.store.locate([(number, span)])[0]

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


class QuestionCache:
    """An encoder that remembers the vectors of the last questions. Only `recall` reads them; a search encodes anew."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """See `Encoder.name`."""
        return self._encoder.name

    @property
    def dimension(self) -> int:
        """See `Encoder.dimension`."""
        return self._encoder.dimension

    @property
    def max_tokens(self) -> int:
        """See `Encoder.max_tokens`."""
        return self._encoder.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder.count_tokens`."""
        return self._encoder.count_tokens(texts)

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`."""
        return self._encoder.encode(drafts, progress)

    def encode_quotes(self, drafts: Sequence[Draft]) -> list[Encoded]:
        """See `Encoder.encode_quotes`."""
        return self._encoder.encode_quotes(drafts)

    def encode_question(self, question: str) -> Vectors:
        """See `Encoder.encode_question`; the vector is remembered."""
        vector = self._encoder.encode_question(question)
        with self._lock:
            self._vectors[question] = vector
            self._vectors.move_to_end(question)
            if len(self._vectors) > CAPACITY:
                self._vectors.popitem(last=False)
        return vector

    def recall(self, question: str) -> Vectors:
        """Return the vector of a question, from the cache if it was asked recently."""
        with self._lock:
            vector = self._vectors.get(question)
        return self.encode_question(question) if vector is None else vector


class Models:
    """Provides the encoder, the reranker, the answer reader and the claim verifier."""

    def __init__(self, session: Session, encoder: Encoder | None = None) -> None:
        self._session = session
        self._encoder = encoder
        self.model: str | None = None
        """The setting that the encoder was loaded from; None if a caller gave the encoder or none is loaded yet."""
        self._reranker: Reranker | None = None
        self._verifier: ClaimVerifier | None = None
        self._questions: QuestionCache | None = None
        self._lock = threading.Lock()

    def encoder(self, *, for_search: bool = False) -> Encoder:
        """Return the encoder. It is loaded at the first call, and again after a rebuild with another model.

        Raises EncoderError if it is not available; with `for_search`, FingerprintMismatch if the library's vectors come
        from another encoder.
        """
        stored = encoder_of(self._session.catalog.fingerprint())
        with self._lock:
            if self._encoder is None or (self.model is not None and stored not in ("", self._encoder.name)):
                self._encoder = self._load_encoder()
            encoder = self._encoder
        if for_search and stored not in ("", encoder.name):  # an empty library fits every encoder
            raise FingerprintMismatch(str(self._session.folder), stored, encoder.name)
        return encoder

    def _load_encoder(self) -> Encoder:
        """Load the encoder of the settings, unless it is the one already loaded. The caller holds the lock."""
        from index.encoders.encoder import load_encoder

        settings = self._session.settings
        model = portable_model(settings.model)
        if self._encoder is not None and model == self.model:
            return self._encoder
        encoder = load_encoder(settings)
        self.model, self._questions = model, None
        return encoder

    def question_encoder(self) -> QuestionCache:
        """Return the encoder with a cache of the last questions. Raises what `encoder` raises for a search."""
        encoder = self.encoder(for_search=True)
        with self._lock:
            if self._questions is None or self._questions.name != encoder.name:
                self._questions = QuestionCache(encoder)
            return self._questions

    def tools(self) -> tuple[Encoder, Chunker]:
        """Return the encoder and the chunker that documents are added with."""
        encoder = self.encoder()
        return encoder, chunker_for(encoder, self._session.settings.passage_tokens)

    def remember_model(self) -> None:
        """Store the setting that loads the library's encoder. Call only while holding the writer lock."""
        catalog = self._session.catalog
        stored = encoder_of(catalog.fingerprint())
        fits = self._encoder is not None and stored in ("", self._encoder.name)
        if fits and self.model is not None and catalog.model() != self.model:
            catalog.note_model(self.model)

    def replace(self, encoder: Encoder, model: str | None, changes: Mapping[str, Any]) -> None:
        """Use another encoder from now on, together with the settings of the rebuild that it was loaded for."""
        with self._lock:
            self._session.change_settings(changes)
            self._encoder, self.model, self._questions = encoder, model, None

    def reranker(self) -> Reranker | None:
        """Return the reranker; None if the settings name none. Raises EncoderError if it is not available."""
        from index.encoders.cross_encoders import load_reranker

        settings = self._session.base_settings
        with self._lock:
            if settings.reranker and self._reranker is None:
                self._reranker = load_reranker(settings)
            return self._reranker

    def answer_reader(self, encoder: str) -> AnswerReader | None:
        """Return the model that reads the first hits together with the question. `encoder` is the encoder's name.

        None if the settings turn it off, or if a caller gave the encoder and it is not the default one.
        Raises EncoderError if the reader's weights are damaged or missing.
        """
        from index.encoders.answer_reader import load_reader

        settings = self._session.base_settings
        foreign = self.model is None and not encoder.startswith(DEFAULT_NAME)
        return load_reader(settings.precision) if settings.reader and not foreign else None

    def claim_verifier(self) -> Verifier | None:
        """Return the model that reads claims with their sources; None if the settings turn it off.

        Raises EncoderError if the one in the settings is not available.
        """
        from index.encoders.cross_encoders import load_verifier

        with self._lock:
            if self._verifier is None:
                self._verifier = load_verifier(self._session.base_settings)
            return None if self._verifier is None else self._verifier.read


def chunker_for(encoder: Encoder, target_tokens: int) -> Chunker:
    """Return a chunker that counts tokens as the encoder does and aims at passages of `target_tokens`."""
    from index.text.chunks import Chunker

    return Chunker(target_tokens=target_tokens, limit=encoder.max_tokens, count_tokens=encoder.count_tokens)
