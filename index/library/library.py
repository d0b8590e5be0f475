"""The public class of the package: every method with its description, and the call of the part that does the work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from index.library.answerer import Answerer
from index.library.changes import Changes, listed
from index.library.contents import Contents
from index.library.operations import Operations
from index.library.searcher import Searcher, annotated_found
from index.library.session import Models, Session
from index.records import Answer, Check, Matrix, Queue
from index.settings import Settings
from index.storage.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
    from threading import Event

    from index.citations.evidence_pack import PackFinding
    from index.citations.kept import KeptItem, KeptQuote
    from index.citations.staleness import KeptFinding, KeptState
    from index.encoders.encoder import Encoder
    from index.errors import PinciteError
    from index.ingest.watch import Pace, WatchCallback
    from index.loading.pdf.page_pictures import PageMark, Rectangle
    from index.records import (
        CoverageReport,
        Document,
        DocumentInfo,
        Found,
        Hit,
        Location,
        MatrixRow,
        Problem,
        ProgressCallback,
        Recall,
        Receipt,
        Span,
        Statement,
        Stats,
        Verification,
    )
    from index.records.report import BackedUp, Compacted, Exported, OperationProgress, Rebuilt, Restored
    from index.storage.catalog.passage_queries import PassageRow
    from index.storage.protocol import Readiness
    from index.views.blocks import OpenOriginal, Original, View
    from index.views.library_map import LibraryMap, Placement


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a library. `Library` has a method for everything that its users need of them."""

    store: FolderStore
    session: Session
    models: Models
    searcher: Searcher
    answerer: Answerer
    contents: Contents
    changes: Changes
    operations: Operations


class Library:
    """A folder of documents that answers questions. Safe to use from several threads.

    with Library.open("notes") as library:
        library.add(["papers/"])
        for hit in library.search("Who signed the treaty?"):
            print(hit.quote, hit.location)

    Documents are named by id, source, file name or title; a method that takes a name raises DocumentNotFound or
    AmbiguousDocument. Spans are in code points, and raise SpanError outside the text. `progress` is called in the
    thread that works.
    """

    def __init__(
        self, store: FolderStore, settings: Settings, encoder: Encoder | None = None, models: Models | None = None
    ) -> None:
        """Create a library of a store; `models` are those of another library with the same encoder."""
        session = Session(store, settings)
        models = models or Models(session, encoder)
        searcher = Searcher(session, models)
        answerer, contents = Answerer(session, models, searcher), Contents(session, models)
        changes, operations = Changes(session, models), Operations(session, models)
        self._parts = Parts(store, session, models, searcher, answerer, contents, changes, operations)

    @property
    def parts(self) -> Parts:
        """The parts that do the work, for libraries that are composed of others."""
        return self._parts

    # Opening

    @classmethod
    def open(
        cls,
        folder: str | Path | None = None,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        create: bool = True,
        immutable: bool = False,
    ) -> Self:
        """Open the library in a folder, by default the folder of the settings. The encoder is loaded at first use.

        With `immutable`, nothing in the folder is changed, not even a cache or a lock.
        Raises LibraryNotFound if there is none and `create` is False, LibraryDamaged if its catalog is damaged,
        LibraryTooNew if a newer Pincite wrote it.
        """
        settings = settings or Settings()
        path = _absolute(folder if folder is not None else settings.library)
        return cls(FolderStore(path, create=create, immutable=immutable), settings, encoder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files of the folder, which then can be copied."""
        self.parts.contents.maps.close()
        self.parts.store.close()

    @property
    def folder(self) -> Path:
        """The library's folder."""
        return self.parts.store.folder

    @property
    def settings(self) -> Settings:
        """The settings for this library: its own model and passage length, unless the caller set them."""
        return self.parts.session.settings

    @property
    def read_only(self) -> bool:
        """Whether the library's folder or disk is read-only. Questions still work."""
        return self.parts.store.read_only

    def readiness(self) -> Readiness:
        """Return whether both indexes are complete. What they lack is added in the background."""
        return self.parts.store.refresh(waiting=False)

    def encoder(self, *, for_search: bool = False) -> Encoder:
        """Return the encoder. It is loaded at the first call, and again after a rebuild with another model.

        Raises EncoderError if it is not available; with `for_search`, FingerprintMismatch if the library's vectors come
        from another encoder.
        """
        return self.parts.models.encoder(for_search=for_search)

    def find(self, name: str) -> DocumentInfo:
        """Return the one document with this id, beginning of an id, source, file name or title.

        Raises DocumentNotFound, or AmbiguousDocument if several have this name.
        """
        return self.parts.session.find(name)

    def disagreements(self) -> dict[str, tuple[Any, Any]]:
        """Return the settings that the caller set and the library was not made with: name to (set, library's own)."""
        return self.parts.session.disagreements()

    # Questions and texts to check

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        documents: Sequence[str] | None = None,
        mode: Literal["hybrid", "dense", "lexical"] = "hybrid",
        explain: bool = False,
        plain: bool = False,
    ) -> Found:
        """Return the passages that answer a question, best first, each with the sentence that carries the evidence.

        The question may have the operators of `index.text.query`; `plain` searches for them as words. `documents`
        names the documents to search; `mode` selects one index; `explain` adds the words of each pin that are nearest
        to the question. An empty question finds nothing. Raises PinciteError for a limit below 1 or a question that is
        too long.
        """
        searcher = self.parts.searcher
        request = searcher.understand(searcher.read(question, plain=plain), documents, plain=plain)
        return annotated_found(searcher.run(request, limit=limit, mode=mode, explain=explain))

    def coverage(self, question: str, *, documents: Sequence[str] | None = None) -> CoverageReport:
        """Return a row for each document, best first: its best hit for a question, or none.

        A document that the question's operators (`index.text.query.SYNTAX`) exclude has no row.
        """
        return self.parts.searcher.coverage(question, documents)

    def ask(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
        after: Sequence[str | Answer] = (),
    ) -> Answer:
        """Return an answer of one to four sentences with citations, a possible answer, or that there is none.

        The question may have the operators of `index.text.query.SYNTAX`. `documents` names the documents to use,
        `limit` is the number of passages considered. The writer `quote` quotes them; `model` asks the language model of
        the settings and checks each of its sentences: an unsupported one is marked, or left out with `strict`. If the
        model fails, the documents are quoted, and a note says why. Raises WriterNotSet if the settings name no model.

        `after` has the earlier questions of a thread, or their answers, the oldest first. A question that continues
        them (`and in 2019?`, `why?`) is completed by them; `Answer.question` is then the whole question.
        """
        *_, answer = self.ask_stream(
            question, documents=documents, limit=limit, writer=writer, strict=strict, after=after
        )
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
        after: Sequence[str | Answer] = (),
        before_writing: Callable[[], None] = lambda: None,
    ) -> Generator[str | Answer, None, None]:
        """Yield what `ask` returns, after the model's words as they arrive, unchecked.

        Empty strings come while the model is silent. Closing the generator closes the connection to the model.
        `before_writing` is called just before a model is asked; its error ends the stream.
        """
        return self.parts.answerer.ask_stream(
            question,
            documents=documents,
            limit=limit,
            writer=writer,
            strict=strict,
            after=after,
            before_writing=before_writing,
        )

    def suggestions(self, limit: int = 4) -> list[str]:
        """Return questions to begin with. The library answers each one clearly, from the heading or the definition that
        it was made of; there may be none. They are made once for each state of the library, which takes seconds.
        """
        return self.parts.answerer.suggestions.make(limit)

    def check(self, text: str, *, documents: Sequence[str] | None = None) -> Check:
        """Return each sentence of a text (a draft, an assistant's answer) with a verdict and the words it rests on.

        `index.records.Verdict` says what each verdict proves. A sentence that states nothing, such as a question, is
        marked as not checked. An error that only knowledge of the world reveals is not found.
        """
        *_, check = self.check_stream(text, documents=documents)
        assert isinstance(check, Check)
        return check

    def check_stream(
        self, text: str, *, documents: Sequence[str] | None = None, most_sentences: int | None = None
    ) -> Generator[Statement | Check, None, None]:
        """Yield each statement of `check` as soon as it is judged, then the check. Closing the generator ends the work.

        Raises TooMany, before anything is judged, if more than `most_sentences` sentences state something.
        """
        return self.parts.answerer.check_stream(text, documents, most_sentences)

    def matrix(self, questions: Sequence[str], *, documents: Sequence[str] | None = None) -> Matrix:
        """Return what each document says about each question, by default for all documents.

        Each cell agrees with `ask(question, documents=[document])`: it holds the best sentence of the answer, or of the
        possible answer, or nothing. Raises what `matrix_rows` raises.
        """
        from index.library.batches import matrix_questions

        rows = tuple(self.matrix_rows(questions, documents=documents))
        return Matrix(matrix_questions(questions), rows)

    def matrix_rows(
        self,
        questions: Sequence[str],
        *,
        documents: Sequence[str] | None = None,
        before_cell: Callable[[], None] = lambda: None,
        in_words: Callable[[PinciteError], str] = str,
    ) -> Iterator[MatrixRow]:
        """Yield the rows of `matrix`, one document after the other; `in_words` words the errors of single questions.

        `before_cell` is called before each cell. Raises BatchError without a question, TooMany if there are more cells
        than the settings allow, DocumentNotFound or AmbiguousDocument for a name.
        """
        from index.library.batches import matrix_rows, wanted_cells

        parts, infos = self.parts, self.matrix_documents(documents)
        asked = wanted_cells(questions, len(infos), parts.session.base_settings.max_matrix_cells)
        return matrix_rows(parts.searcher, parts.answerer, asked, infos, before_cell, in_words)

    def matrix_documents(self, documents: Sequence[str] | None = None) -> list[DocumentInfo]:
        """Return the documents of a matrix in the order of their names, each once."""
        chosen = self.documents() if documents is None else map(self.find, documents)
        unique = {info.id: info for info in chosen}
        return sorted(unique.values(), key=lambda info: (info.name.casefold(), info.id))

    # Changes

    def add(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        sources: Mapping[Path, str] | None = None,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
        passwords: Sequence[str] = (),
    ) -> Receipt:
        """Add files and folders. Files that are already there, byte for byte, are skipped; changed files are replaced.

        The documents in an archive, a mailbox or a message are added, too; their sources are paths below it. Each of
        the `passwords` is tried on files that are locked; none is stored.
        A file that cannot be read is a `Failure` in the receipt. Each document is stored in one step: after an
        interruption, `add` or `resume` goes on. `sources` gives files another source than their path, such as the
        address they were fetched from; these are not queued. `workers` is the number of processes that read files, by
        default that of the settings.

        Raises LibraryLocked if another program is changing the library, FingerprintMismatch if it was made with another
        encoder or chunking, LibraryNotWritable if its disk is full or not writable.
        """
        changes = self.parts.changes
        with changes.writing() as worklist:
            ingestion = changes.ingestion(progress, workers, None if sources else worklist, passwords)
            return ingestion.run(listed(paths), sources)

    def resume(
        self,
        *,
        waiting: bool = True,
        failed: bool = False,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
        passwords: Sequence[str] = (),
    ) -> Receipt:
        """Add the files that an interrupted `add` left; with `failed`, try the failed ones again. Raises as `add`."""
        changes = self.parts.changes
        with changes.writing() as worklist:
            paths = worklist.waiting() if waiting else []
            paths += [failure.source for failure in worklist.failed()] if failed else []
            return changes.ingestion(progress, workers, worklist, passwords).run(paths)

    def queue(self) -> Queue:
        """Return the files that wait to be added, and those that could not be read."""
        with self.parts.changes.worklist() as worklist:
            return Queue(tuple(worklist.waiting()), tuple(worklist.failed()))

    def forget_queue(self) -> None:
        """Empty the queue and forget all failures. The documents stay as they are."""
        with self.parts.changes.writing() as worklist:
            worklist.forget()

    def add_documents(self, documents: Iterable[Document], *, progress: ProgressCallback | None = None) -> Receipt:
        r"""Add documents that do not come from files, as `add` does.

        An `id` stands for the contents: a known id counts as unchanged. Texts must be canonical: no white space at
        either end, `\n` for line breaks.
        """
        parts = self.parts
        with parts.store.writing():
            return parts.changes.ingestion(progress).run_documents(documents)

    def remove(self, *documents: str) -> Receipt:
        """Remove documents, named by id, source or title, from the catalog and both indexes.

        The attachments of a message go with it; an archive's path names the documents in it. Raises DocumentNotFound or
        AmbiguousDocument before anything is removed.
        """
        return self.parts.changes.remove(documents)

    def sync(
        self,
        folders: str | Path | Iterable[str | Path],
        *,
        dry_run: bool = False,
        checksum: bool = False,
        force: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Receipt:
        """Mirror folders into the library: new files are added, changed ones replaced, vanished ones removed.

        A renamed file costs nothing. A document stays if it has another source, too, or if its file cannot be read now
        (a `Failure`). Documents from other places stay as they are. Files that look unchanged are not read, except with
        `checksum`. With `dry_run`, the receipt says what would happen: files are read, but nothing is encoded or
        changed.

        Raises FolderMissing if a folder is missing or cannot be listed, TooManyRemovals (except with `force`) if most
        of a folder's documents would go, and what `add` raises.
        """
        synchronizer = self.parts.changes.synchronizer(progress)
        return synchronizer.run(listed(folders), dry_run=dry_run, checksum=checksum, force=force)

    def watch(
        self,
        folders: str | Path | Iterable[str | Path],
        tell: WatchCallback,
        *,
        stop: Event | None = None,
        pace: Pace | None = None,
        force: bool = False,
        progress: ProgressCallback | None = None,
    ) -> None:
        """Run `sync` after each change of the folders, until `stop` is set.

        `tell` gets each change as a receipt and each obstacle as a problem: a missing folder, another writer, most
        files gone at once. The watch waits until each is over. Both callbacks run in this thread; other threads can ask
        meanwhile. Raises FolderMissing if a folder is missing at the start, and what `add` raises if waiting does not
        help.
        """
        from threading import Event

        from index.ingest.watch import Watcher

        parts = self.parts
        own, stop = parts.session.folder, stop or Event()
        watcher = Watcher(
            parts.changes.synchronizer,
            listed(folders),
            tell,
            own=own,
            stop=stop,
            pace=pace,
            force=force,
            progress=progress,
        )
        watcher.run()

    # Contents

    def documents(self) -> list[DocumentInfo]:
        """Return all documents, ordered by source."""
        return self.parts.store.catalog.documents()

    def sources(self) -> dict[str, str]:
        """Return every source with the id of its document: several files with the same bytes are one document."""
        return dict(self.parts.store.catalog.sources())

    def document(self, name: str) -> Document:
        """Return a document with its text. Raises DocumentNotFound, AmbiguousDocument."""
        return self.parts.contents.document(name)

    def added_at(self, name: str) -> str:
        """Return when a document was added, as ISO 8601 in UTC; empty if that is not known."""
        parts = self.parts
        return parts.store.catalog.added_at(parts.session.find(name).id)

    def successor_of(self, identity: str) -> str:
        """Return the id of the newer version of a document that is no longer here; empty if none is known."""
        return self.parts.store.catalog.successor_of(identity.lower())

    def passages(self, name: str) -> list[PassageRow]:
        """Return the passages of a document in order, each with its vectors as they are stored."""
        parts = self.parts
        number = parts.session.number(parts.session.find(name).id)
        return [row for row, _ in parts.store.catalog.rows_of(number)]

    def locate(self, name: str, span: Span) -> Location:
        """Return the location of a span. Raises SpanError if it is not in the text."""
        parts = self.parts
        number = parts.session.number(parts.session.having(name, span).id)
        return parts.store.locate([(number, span)])[0]

    def text(self, name: str, span: Span) -> str:
        """Return the words of a span; faster than `document(name).text` for long documents. Raises SpanError."""
        return self.parts.contents.text(name, span)

    def view(self, name: str, span: Span | None = None) -> View:
        """Return about 6,000 characters of text around a span, as headings and paragraphs; without a span, the first.

        An empty span shows what follows it: `view(name, Span(view.end, view.end))` is the next window.
        Raises SpanError if the span is not in the document.
        """
        parts = self.parts
        return parts.contents.viewer.view(parts.session.having(name, span), span)

    def page_marks(self, name: str, span: Span) -> tuple[PageMark, ...]:
        """Return the pages of a PDF that hold a span, with rectangles around its words.

        The tuple is empty for other formats, and if the file is gone. Raises SpanError if the span is not in the text.
        """
        parts = self.parts
        return parts.contents.viewer.page_marks(parts.session.having(name, span), span)

    def page_image(
        self, name: str, number: int, span: Span | None = None, *, width: int = 1200, part: Rectangle | None = None
    ) -> bytes:
        """Return page `number` (from 1) of a PDF as PNG, `width` (200 to 3,000) pixels wide, with the span highlighted.

        With `part`, the picture shows this part of the page. Raises PageError for a page or width that does not exist
        or a page that takes too long to draw, OriginalMissing if the file is gone, SpanError.
        """
        parts = self.parts
        info = parts.session.having(name, span)
        return parts.contents.viewer.page_image(info, number, span, width=width, part=part)

    def original(self, name: str) -> Original:
        """Return the file that a document was read from. Raises OriginalMissing if it is gone or its bytes changed."""
        parts = self.parts
        return parts.contents.viewer.original(parts.session.find(name))

    def open_original(self, name: str) -> OpenOriginal:
        """Return the same file, open, without reading it into memory. Close its `file`."""
        parts = self.parts
        return parts.contents.viewer.open_original(parts.session.find(name))

    def has_original(self, name: str) -> bool:
        """Return whether `original` would succeed. A file is read again only if it looks changed."""
        parts = self.parts
        return parts.contents.viewer.has_original(parts.session.find(name))

    def map(self, *, wait: bool = False) -> LibraryMap:
        """Return a sample of all passages as dots in the plane; near dots say similar things.

        After a change, the older map (or an empty one) is returned while a new one is made in the background; `wait`
        waits for the new one, well under a second for any size of library.
        """
        return self.parts.contents.maps.newest(wait=wait)

    def placed(self, question: str, hits: Sequence[Hit]) -> Placement:
        """Return where a question, given with its operators, and its hits are on the map. Waits for the first map.

        A question that was asked recently is not encoded again.
        """
        return self.parts.contents.placed(question, hits)

    # Maintenance

    def generation(self) -> int:
        """Return the number of changes so far. It is cheap, and differs after each change."""
        return self.parts.store.catalog.generation()

    def stats(self) -> Stats:
        """Return the library in numbers."""
        return self.parts.operations.stats()

    def recall(self, questions: int = 200) -> Recall:
        """Measure how many of the ten nearest passages a search finds; in a small library, it finds all of them.

        It reads every vector: a few seconds for each 100,000 passages.
        """
        return self.parts.store.recall(questions)

    def problems(self) -> list[Problem]:
        """Return the contradictions in the library's data, each with its remedy. Sources are not read."""
        return self.parts.store.problems()

    def verify(
        self, *, deep: bool = False, passwords: Sequence[str] = (), progress: ProgressCallback | None = None
    ) -> Verification:
        """Read every source that is still on disk and check every passage and sentence against its text.

        Each of the `passwords` is tried on files that are locked. Words in pictures are compared with their stored
        recognition; with `deep`, the pictures are recognised again, which takes about two seconds a page.
        """
        return self.parts.operations.verify(deep=deep, passwords=passwords, progress=progress)

    def compact(self, *, progress: OperationProgress | None = None) -> Compacted:
        """Free the space of removed documents, while others read. Raises LibraryLocked, NoRoom."""
        from index.backup.rebuild import compact

        return compact(self.parts.store, progress=progress)

    def rebuild(
        self, *, model: str | None = None, passage_tokens: int | None = None, progress: OperationProgress | None = None
    ) -> Rebuilt:
        """Cut and encode all documents again from their stored texts, by default with the current settings.

        An empty `model` is the built-in one. The library and this object keep both values from then on. Others read and
        change the library meanwhile, and see the new one in one step. After an interruption, the next `rebuild`
        continues. Raises EncoderError, LibraryLocked, NoRoom.
        """
        return self.parts.operations.rebuild(model, passage_tokens, progress)

    def backup(self, path: str | Path, *, force: bool = False, progress: OperationProgress | None = None) -> BackedUp:
        """Write the library as it is now, uploaded files included, to one file, while others read and change it.

        Raises ArchiveExists (except with `force`), ArchiveNotWritable, NoRoom, LibraryDamaged (a damaged catalog).
        """
        from index.backup.backups import back_up

        return back_up(self.parts.store, _absolute(path), force=force, progress=progress)

    @staticmethod
    def restore(
        path: str | Path, folder: str | Path, *, force: bool = False, progress: OperationProgress | None = None
    ) -> Restored:
        """Make a library from a backup, checked first, in an empty or new folder; with `force`, replace the one there.

        Programs that have the old one open see the change in one step. Raises BadArchive, LibraryExists, LibraryTooNew,
        LibraryLocked, NoRoom, LibraryNotWritable.
        """
        from index.backup.backups import restore

        return restore(_absolute(path), _absolute(folder), force=force, progress=progress)

    def copy(
        self,
        folder: str | Path,
        sources: Mapping[str, str],
        names: Mapping[str, str],
        *,
        progress: OperationProgress | None = None,
    ) -> Path:
        """Copy the library into a new folder, complete in itself, and return the folder. Others go on.

        `sources` are those that `Library.sources` returned, and `names` maps each of them to the name that it has in
        the copy. Removed documents leave no trace there. Raises LibraryError if the library has changed since,
        LibraryExists, NoRoom, LibraryNotWritable, LibraryDamaged.
        """
        from index.backup.backups import copy_library

        copy_library(self.parts.store, _absolute(folder), sources, names, progress=progress)
        return _absolute(folder)

    def export_library(
        self, path: str | Path, *, vectors: bool = True, force: bool = False, progress: OperationProgress | None = None
    ) -> Exported:
        """Write all documents to one file for another machine or version, while others change the library.

        Raises ArchiveExists (except with `force`), ArchiveNotWritable, NoRoom, LibraryDamaged.
        """
        from index.backup.portable import export_library

        return export_library(self.parts.store, _absolute(path), vectors=vectors, force=force, progress=progress)

    def import_library(
        self, path: str | Path, *, trust: bool = False, progress: OperationProgress | None = None
    ) -> Receipt:
        """Add the documents of an exported file, checked first; documents already here stay as they are.

        The file's vectors are used if its fingerprint is this library's, else the texts are encoded. An empty library
        takes on the file's passage length if the settings allow it. A text whose file nobody here has read is only
        claimed, until `add` or `sync` reads the file. With `trust`, for your own exports, a file that was read there
        counts as read here; what was only claimed there stays claimed.

        Raises BadArchive, NoRoom, LibraryLocked, FingerprintMismatch.
        """
        return self.parts.operations.import_library(_absolute(path), trust=trust, progress=progress)

    # Evidence packs and kept quotes

    def pack(self, answer: Answer) -> tuple[bytes, str]:
        """Return an answer as an evidence pack, as (zip, Markdown). Another copy of the library can verify the zip."""
        from index.citations.evidence_pack import pack, pack_markdown

        made_with = self.parts.store.catalog.fingerprint()
        facts = {"made with": made_with, "bar": str(answer.bar), "writer": answer.writer}
        now = datetime.now(UTC)
        return pack(answer, {}, facts, now), pack_markdown(answer, {}, facts, now)

    def verify_pack(self, path: str | Path) -> list[PackFinding]:
        """Return the faults of an evidence pack; empty if every quote is in this library, word for word.

        Raises BadPack if the file is not an evidence pack or was changed.
        """
        from index.citations.evidence_pack import read_pack, verify_pack

        parts = self.parts
        return verify_pack(read_pack(Path(path)), parts.contents.document_or_none, parts.store.catalog.claimed())

    def check_kept(self, quotes: Sequence[KeptQuote]) -> list[KeptState]:
        """Return for each quote whether it is there, moved, changed or gone, and the words that stand there now.

        A quote is searched for in the document with its id; if there is none, in the documents from the same file, of
        the same file name, or of the same title.
        """
        return self.parts.contents.check_kept(quotes)

    def verify_kept(self, path: str | Path) -> list[KeptFinding]:
        """Return the quotes of an exported collection that are changed or gone, and those that have moved.

        The file is what the page's tray exports: Markdown, HTML, Word or JSON. Raises BadKept.
        """
        from index.citations.kept import read_kept
        from index.citations.staleness import findings

        items = read_kept(Path(path))
        return findings(items, self.check_kept([quote for item in items for quote in item.quotes]))

    def export_kept(
        self,
        items: Sequence[KeptItem],
        form: Literal["markdown", "html", "docx", "json"] = "markdown",
        *,
        style: Literal["apa", "mla", "chicago"] = "apa",
        address: str = "",
    ) -> bytes:
        """Return a collection as one document with footnotes and a bibliography, checked first.

        A quote that is not in the library word for word is exported with a sign that says so. `address` is that of the
        page, to which the notes then link; without it, they have links of the form `pincite:`.
        """
        from index.citations.kept import in_order
        from index.citations.kept_export import KeptExport, render

        ordered = in_order(items)
        states = self.check_kept([quote for item in ordered for quote in item.quotes])
        return render(KeptExport(ordered, states, style, address, datetime.now(UTC)), form)


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
