"""The library: what a reader opens, fills, asks and checks. Every face does its work through this class."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from index.errors import DocumentNotFound, FingerprintMismatch, PinciteError, SpanError
from index.mapping import Maps, Recalling, nowhere, place
from index.naming import named
from index.records import Answer, Coverage, Found, Receipt, Stats
from index.settings import Settings
from index.storage.schema import unpack_sentence_vectors
from index.storage.store import FolderStore
from index.viewing import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from types import TracebackType

    from index.chunking import Chunker
    from index.encoding import Encoder
    from index.exporting import PackFinding
    from index.ingestion import Ingestion
    from index.mapping import LibraryMap, Placed
    from index.querying import Query
    from index.records import (
        Check,
        Document,
        DocumentInfo,
        Hit,
        Location,
        Mode,
        Problem,
        ProgressCallback,
        Span,
        Verification,
    )
    from index.reranking import Reranker
    from index.retrieval import Retriever
    from index.viewing import Original, PageMark, View

_CHECKED = 5
"""With how many passages a sentence is compared."""


class Library:
    """A folder of documents that can be asked. Safe to use from several threads.

    with Library.open("notes") as library:
        library.add(["papers/"])
        for hit in library.search("Who signed the treaty?"):
            print(hit.quote, hit.location)
    """

    def __init__(self, store: FolderStore, settings: Settings, encoder: Encoder | None = None) -> None:
        self._store = store
        self._settings = settings
        self._encoder = encoder
        self._reranker: Reranker | None = None
        self._recalling: Recalling | None = None
        self._maps = Maps(self._store.catalog, self._store.folder)
        self._viewer = Viewer(store, max_bytes=self._max_bytes)
        self._loading = threading.Lock()

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

    # Filling

    def add(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        sources: Mapping[Path, str] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Receipt:
        """Add files and folders. What is there already, byte for byte, costs nothing; what changed is replaced.

        A file that cannot be read is a `Failure` in the receipt and does not stop the others. Each document is stored
        whole in one step: stop at any moment, and the next `add` goes on from there. `sources` gives files another
        source than their path, such as the address that they were fetched from.

        Raises LibraryLocked where another program is changing the library, FingerprintMismatch where it was made with
        another encoder or chunking, LibraryNotWritable where its disk does not take it.
        """
        paths = [paths] if isinstance(paths, str | Path) else list(paths)
        with self._store.writing():
            return self._ingestion(progress).run(paths, sources)

    def add_documents(self, documents: Iterable[Document], *, progress: ProgressCallback | None = None) -> Receipt:
        r"""Add documents that were made elsewhere than in a file, as `add` does files.

        An `id` stands for the contents: the same id again is taken to be unchanged. Their texts have to be canonical:
        no white space at either end, `\n` for line breaks.
        """
        with self._store.writing():
            return self._ingestion(progress).run_documents(documents)

    def remove(self, *documents: str) -> Receipt:
        """Remove documents, each named by id, source or title: from the catalog and from every index, at once.

        Raises DocumentNotFound or AmbiguousDocument before anything is removed.
        """
        with self._store.writing():
            found = {info.id: info for info in map(self.find, documents)}
            for identity in found:
                self._store.catalog.remove(self._number(identity))
            self._store.index()
        return Receipt(removed=tuple(info.source for info in found.values()))

    # Asking

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        documents: Sequence[str] | None = None,
        mode: Mode = "hybrid",
        explain: bool = False,
        plain: bool = False,
    ) -> Found:
        """The passages that answer a question, best first, each pinned to the sentence that carries the evidence.

        The question may have the operators of `index.querying.SYNTAX`. `documents` restricts the search to these, each
        named by id, source or title; `mode` asks one side alone; `explain` tells which words of each pin are nearest to
        the question; `plain` takes operators for the words they are made of. An empty question finds nothing.
        """
        return self._search(question, documents, limit=limit, mode=mode, explain=explain, plain=plain)[0]

    def _search(
        self,
        question: str,
        documents: Sequence[str] | None,
        *,
        limit: int,
        mode: Mode = "hybrid",
        explain: bool = False,
        plain: bool = False,
    ) -> tuple[Found, list[int] | None]:
        """What was found, and among which documents' numbers (None for all)."""
        query, within, notes = self._understood(question, documents, plain=plain)
        if limit < 1:
            raise PinciteError(f"{limit} hits were asked for.", "Ask for 1 or more.")
        if not query.text:
            return Found(question.strip(), (), {}, notes), within
        found = self._retriever().search(query, limit=limit, within=within, mode=mode, explain=explain)
        return replace(found, question=question.strip(), notes=notes), within

    def _understood(
        self, question: str, documents: Sequence[str] | None, *, plain: bool = False
    ) -> tuple[Query, list[int] | None, tuple[str, ...]]:
        """What is asked, of which documents' numbers (None for all), and what the reader should know of that."""
        from index import querying

        if len(question.strip()) > self._settings.max_question_characters:
            raise PinciteError(
                f"The question has {len(question.strip())} characters; "
                f"{self._settings.max_question_characters} are allowed.",
                "Ask a shorter one, or raise PINCITE_MAX_QUESTION_CHARACTERS.",
            )
        query = querying.Query(question.strip()) if plain else querying.parse(question)
        notes = []
        within = None if documents is None else [self._number(self.find(name).id) for name in documents]
        if query.restricts:
            admitted = [number for number, info in self._store.catalog.numbered().items() if query.admits(info)]
            within = admitted if within is None else sorted(set(admitted).intersection(within))
            if not within:
                notes.append("No document is what in:, type:, after: or before: ask for.")
            if not query.text:
                notes.append("There are no words to search for: in:, type:, after: and before: only restrict.")
        return query, within, tuple(notes)

    def _retriever(self) -> Retriever:
        from index.reranking import load_reranker
        from index.retrieval import Retriever

        encoder = self._questions()
        with self._loading:
            if self._settings.reranker and self._reranker is None:
                self._reranker = load_reranker(self._settings)
        return Retriever(self._store, encoder, self._reranker)

    def _questions(self) -> Recalling:
        """The encoder, as questions are put to it."""
        encoder = self.encoder(for_search=True)
        with self._loading:
            self._recalling = self._recalling or Recalling(encoder)
            return self._recalling

    def ask(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
    ) -> Answer:
        """An answer of one to four sentences, each with its citation; or that the documents hold none.

        The question may have the operators of `index.querying.SYNTAX`; `limit` is how many passages are looked at. The
        writer `quote` quotes; `model` asks the language model of the settings, whose every sentence is checked against
        the passages: what is not supported is marked, or with `strict` left out. Whatever goes wrong with the model,
        the documents are quoted, and a note says why.
        """
        *_, answer = self.ask_stream(question, documents=documents, limit=limit, writer=writer, strict=strict)
        assert isinstance(answer, Answer)
        return answer

    def ask_stream(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
    ) -> Generator[str | Answer, None, None]:
        """The same as `ask`: first the model's words as they come, unchecked, then the answer.

        While the model keeps silent, empty words come now and then. Closing it hangs up on the model.
        """
        from index.answering import confidence, quoted, quotes, written

        found, within = self._search(question, documents, limit=limit)
        infos = self._store.catalog.numbered()
        among = list(infos.values()) if within is None else [infos[number] for number in within if number in infos]
        answer = quoted(
            found,
            quotes(found.question, found.hits),
            confidence=confidence(found.signals, self.encoder().name) if found.hits else 0.0,
            bar=self._settings.bar,
            searched=(sum(info.passages for info in among), len(among)),
            locate=self._locate,
        )
        if writer == "model" and answer.status == "answered":
            closeness = self._closeness(answer.hits)
            yield from written(answer, self._settings, closeness=closeness, locate=self._locate, strict=strict)
        else:
            yield answer

    def _closeness(self, hits: Sequence[Hit]) -> Callable[[str], Sequence[float]]:
        """Tells how near a sentence is to each sentence of each passage, in order."""
        rows = self._store.passages([hit.passage.id for hit in hits])
        encoder = self.encoder()
        # A passage that was removed meanwhile is near to nothing.
        packed = b"".join(
            rows[hit.passage.id].sentence_vectors
            if hit.passage.id in rows
            else bytes(len(hit.passage.sentences) * encoder.dimension)
            for hit in hits
        )
        vectors = unpack_sentence_vectors(packed, encoder.dimension)
        return lambda sentence: (vectors @ encoder.encode_question(sentence)).tolist()

    def check(self, text: str, *, documents: Sequence[str] | None = None) -> Check:
        """Each sentence of a text (a draft, an assistant's answer) with a verdict, and the words that it rests on.

        What needs knowledge of the world to be seen is not seen: `supported` says that the documents say the same in
        much the same words, and that numbers, negations and names agree.
        """
        from index.answering import check

        def find(sentence: str) -> Found:
            asked = sentence[: self._settings.max_question_characters]
            return self.search(asked, limit=_CHECKED, documents=documents, plain=True)

        return check(text, find, self._locate)

    def _locate(self, hit: Hit, start: int) -> Location:
        number = self._store.catalog.number_of(hit.document.id)
        return hit.location if number is None else self._store.locate(number, start)

    def coverage(self, question: str, *, documents: Sequence[str] | None = None) -> list[Coverage]:
        """What each document has to say to a question: its best hit, or that there is none. Best first.

        The question may have the operators of `index.querying.SYNTAX`; a document that they leave out has no row.
        """
        query, within, _ = self._understood(question, documents)
        if not query.text:
            return []
        infos = self._store.catalog.numbered()
        covered = [info for number, info in infos.items() if within is None or number in within]
        hits = {hit.document.id: hit for hit in self._retriever().cover(query, within=within)}
        spoken = [Coverage(hit.document, hit) for hit in hits.values()]
        silent = [Coverage(info, None) for info in covered if info.id not in hits]
        return spoken + sorted(silent, key=lambda each: each.document.name.casefold())

    def suggestions(self, limit: int = 4) -> list[str]:
        """Questions to begin with, made from the documents' headings; each was asked, and is answered."""
        from index import suggesting

        infos = self._store.catalog.numbered()
        some = suggesting.spread(sorted(infos.values(), key=lambda info: (info.source, info.id)), limit)
        numbers = {info.id: number for number, info in infos.items()}
        headings = self._store.catalog.headings([numbers[info.id] for info in some])
        tried = (
            next((form for form in forms if self.ask(form).status == "answered"), "")
            for forms in suggesting.questions(some, headings)
        )
        return list(islice(filter(None, tried), limit))

    def documents(self) -> list[DocumentInfo]:
        """All documents, by source."""
        return self._store.catalog.documents()

    def document(self, name: str) -> Document:
        """A document with its text, named by id, source or title. Raises DocumentNotFound, AmbiguousDocument."""
        document = self._store.catalog.document(self._number(self.find(name).id))
        if document is None:
            raise DocumentNotFound(name)
        return document

    def locate(self, name: str, span: Span) -> Location:
        """Where in a document a span stands. Raises SpanError where it is not in the document."""
        info = self._having(name, span)
        return self._store.locate(self._number(info.id), span.start)

    def text(self, name: str, span: Span) -> str:
        """The words of a span; quicker than `document(name).text` where the document is long. Raises SpanError."""
        return self._viewer.text(self._having(name, span), span)

    def view(self, name: str, span: Span | None = None) -> View:
        """A window of about 6,000 characters of a document's text, cut into headings and paragraphs, around a span.

        From an empty span on it shows what follows: `view(name, Span(view.end, view.end))` is the next window. Without
        a span it is the first one. Raises SpanError where the span is not in the document.
        """
        return self._viewer.view(self._having(name, span), span)

    def page_marks(self, name: str, span: Span) -> tuple[PageMark, ...]:
        """On which pages of a PDF a span stands, each with rectangles around the words.

        None for other formats, or where the file is gone. Raises SpanError where the span is not in the document.
        """
        return self._viewer.page_marks(self._having(name, span), span)

    def page_image(self, name: str, number: int, span: Span | None = None, *, width: int = 1200) -> bytes:
        """A page of a PDF as PNG; `number` counts from 1, `width` is in pixels, from 200 to 3,000.

        The words of the span are highlighted where they stand on that page. Raises PageError where there is no such
        page, or not in that width, OriginalMissing where the file is gone, SpanError.
        """
        return self._viewer.page_image(self._having(name, span), number, span, width=width)

    def original(self, name: str) -> Original:
        """The file that a document was read from. Raises OriginalMissing where it is gone, or has other bytes now."""
        return self._viewer.original(self.find(name))

    def has_original(self, name: str) -> bool:
        """Whether `original` has something to give. Costs little; a file is read again only where it has changed."""
        return self._viewer.has_original(self.find(name))

    def find(self, name: str) -> DocumentInfo:
        """The one document of that id or beginning of an id, source, file name or title.

        Raises DocumentNotFound or AmbiguousDocument.
        """
        return named(self._store.catalog.numbered().values(), name)

    # Map

    def map(self, *, wait: bool = False) -> LibraryMap:
        """All passages as dots in the plane, sampled, near ones saying similar things.

        Where the library has changed, an older map (or one without shapes) is given while a new one is made in the
        background; with `wait`, the new one, which takes well under a second whatever the library's size.
        """
        return self._maps.newest(wait=wait)

    def placed(self, question: str, hits: Sequence[Hit]) -> Placed:
        """Where a question and its hits stand on the map as it is now. A question asked just now is not encoded again.

        Give the question as it was asked, operators and all.
        """
        from index import querying

        known = self.map()
        if not known.shapes:
            return nowhere(known, hits)
        vector = self._questions().recall(querying.parse(question).text)
        return place(known, vector, hits, self._store.catalog)

    # Health

    def generation(self) -> int:
        """How many changes the library has seen: another number, another library. Costs next to nothing."""
        return self._store.catalog.generation()

    def stats(self) -> Stats:
        """The library in numbers."""
        catalog = self._store.catalog
        media_types: dict[str, int] = {}
        for info in self.documents():
            media_types[info.media_type] = media_types.get(info.media_type, 0) + 1
        return Stats(
            folder=str(self.folder),
            bytes=self._store.bytes_on_disk(),
            made_with=catalog.fingerprint(),
            generation=catalog.generation(),
            media_types=media_types,
            **catalog.totals(),
        )

    def problems(self) -> list[Problem]:
        """Where the library contradicts itself, without a look at its sources; each with its remedy."""
        return self._store.problems()

    def pack(self, answer: Answer) -> tuple[bytes, str]:
        """An answer as an evidence pack, which `verify_pack` checks on another copy of the library: as zip, as text."""
        from datetime import UTC, datetime

        from index.exporting import pack, pack_markdown

        facts = {"made with": self._store.catalog.fingerprint(), "bar": str(answer.bar), "writer": answer.writer}
        now = datetime.now(UTC)
        return pack(answer, {}, facts, now), pack_markdown(answer, {}, facts, now)

    def verify_pack(self, path: str | Path) -> list[PackFinding]:
        """What of an evidence pack this library does not bear out; nothing where every quote is there.

        Raises BadPack where the file is none, or was changed.
        """
        from index.exporting import read_pack, verify_pack

        def find(identity: str) -> Document | None:
            try:
                return self.document(identity)
            except DocumentNotFound:
                return None

        return verify_pack(read_pack(Path(path)), find)

    def verify(self, *, progress: ProgressCallback | None = None) -> Verification:
        """Read every source that is still on disk and prove that every passage and sentence is its text."""
        from index.verification import verify

        return verify(self._store, max_bytes=self._max_bytes, progress=progress)

    def encoder(self, *, for_search: bool = False) -> Encoder:
        """The encoder, loaded at the first call.

        Raises EncoderError where it cannot be had; with `for_search`, FingerprintMismatch where the library's vectors
        are another encoder's.
        """
        from index.encoding import load_encoder
        from index.ingestion import encoder_of

        with self._loading:
            if self._encoder is None:
                self._encoder = load_encoder(self._settings)
        stored = self._store.catalog.fingerprint()
        if for_search and stored and encoder_of(stored) != self._encoder.name:
            raise FingerprintMismatch(str(self.folder), encoder_of(stored), self._encoder.name)
        return self._encoder

    def _ingestion(self, progress: ProgressCallback | None) -> Ingestion:
        from index.ingestion import Ingestion

        def tools() -> tuple[Encoder, Chunker]:
            from index.chunking import Chunker

            encoder = self.encoder()
            target = self._settings.passage_tokens
            return encoder, Chunker(target_tokens=target, limit=encoder.max_tokens, count_tokens=encoder.count_tokens)

        pages = self._settings.max_pages
        return Ingestion(self._store, tools, max_bytes=self._max_bytes, max_pages=pages, progress=progress)

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
