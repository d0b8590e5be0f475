"""Writes the files of a static site: its page and programs, the index, the texts, and the answers made in advance."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from index.errors import PublishError
from index.plugins.publish.site_index import (
    NOTICE,
    RAREST,
    IndexedPassages,
    distil,
    is_portable,
    write_encoder,
    write_index,
)
from index.records import CANDIDATES, texts
from index.search import evidence, fusion, retriever
from index.storage.lexical.queries import CONTEXT_SHARE
from index.views import library_map
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.library.library import Library
    from index.records import Answer, Citation, Document, DocumentInfo, Hit
    from index.records.table import Table
    from index.storage.catalog.passage_queries import PassageRow
    from index.views.library_map import LibraryMap


# Documents and answers as the page of a static site reads them. Nothing here has a path of this machine.

Json = dict[str, Any]


def document_record(info: DocumentInfo) -> Json:
    """Return what a list of documents shows of a document."""
    shown = redacted(info)
    return {
        "id": shown.id,
        "name": shown.name,
        "title": shown.title,
        "source": shown.source,
        "author": shown.author,
        "date": shown.date,
        "characters": shown.characters,
        "notes": shown.health,
    }


def document_text(document: Document) -> Json:
    """Return a document's text, its landmarks (kind, start, label and level) and its tables."""
    return {
        "text": document.text,
        "landmarks": [(mark.kind, mark.start, mark.label, mark.level) for mark in document.landmarks],
        "tables": [_table(table) for table in document.tables],
    }


def _table(table: Table) -> Json:
    """Return a table; each of its cells is start, end, row and column."""
    return {
        "start": table.start,
        "end": table.end,
        "caption": table.caption,
        "naming": table.naming,
        "number": table.number,
        "headerRows": table.header_rows,
        "columns": table.columns,
        "rows": table.rows,
        "columnNumbers": table.column_numbers,
        "rowNumbers": table.row_numbers,
        "cells": table.cells,
        "labels": table.labels,
    }


def answer_record(answer: Answer, places: Mapping[str, int]) -> Json:
    """Return an answer. `places` gives each document's place on the site by its id."""
    shown = redacted(answer)
    return {
        "question": shown.question,
        "status": shown.status,
        "match": shown.match,
        "statements": [{"text": said.text, "markers": said.markers} for said in shown.statements],
        "citations": [_citation(citation, places) for citation in shown.citations],
        "passages": [_passage(hit, places) for hit in shown.hits],
        "notes": shown.notes,
    }


def _citation(citation: Citation, places: Mapping[str, int]) -> Json:
    return {
        "marker": citation.marker,
        "document": places[citation.document.id],
        "start": citation.start,
        "end": citation.end,
        "place": citation.location.label,
    }


def _passage(hit: Hit, places: Mapping[str, int]) -> Json:
    return {
        "document": places[hit.document.id],
        "start": hit.passage.start,
        "end": hit.passage.end,
        "pin": hit.pin,
        "place": hit.location.label,
    }


MOST_PASSAGES = 5000
"""The largest number of passages: a browser loads the whole index, and searches all of it for each question."""
FORMAT = 3
"""The version of the index. The programs of a site and its index are written together."""
RANKING = {
    "candidates": CANDIDATES,
    "weighedCandidates": retriever.WEIGHED_CANDIDATES,
    "denseShare": fusion.DENSE_SHARE,
    "contextShare": CONTEXT_SHARE,
    "sentenceShare": fusion.SENTENCE_SHARE,
    "evidenceShare": fusion.EVIDENCE_SHARE,
    "placeShare": fusion.PLACE_SHARE,
    "overlapShare": evidence.OVERLAP_SHARE,
    "pinOverlapShare": evidence.PIN_OVERLAP_SHARE,
    "leastStrength": evidence.LEAST_STRENGTH,
    "leastOverlap": evidence.LEAST_OVERLAP,
}
"""The constants of the ranking, which the programs of a site read from its index: they are written nowhere else."""
MARK = "pincite-site.json"
"""The file that shows that a folder is a site, and may be replaced by a newer one."""
WORKER = "worker.js"
_ASSETS = files("index.plugins.publish") / "site_assets"
_FONTS = files("index") / "page" / "static"
"""The folder with the fonts of the server's page. They are files here, so that a site needs no part of the page."""


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was written."""

    folder: Path
    documents: int
    passages: int
    answers: int
    """The number of answers made in advance."""
    files: int
    size: int
    """Bytes of all files."""
    index_size: int
    """Bytes that a browser loads before it can search."""


def write_site(
    library: Library, folder: Path, *, title: str, questions: Sequence[str], with_encoder: bool = True
) -> SiteReport:
    """Write a site into a folder, which is new, empty, or holds an earlier site, and return what was written.

    `questions` are answered now; the site shows these answers. `with_encoder` adds the encoder (18 MB) if it is the
    default one; browsers load it after the first question, and then rank nearly as the server does. The folder changes
    only when the site is complete.
    Raises PublishError, and OSError if the folder cannot be written.
    """
    folder = Path(folder).absolute()
    _demand_free(folder)
    documents, rows = _in_order(library)
    places = {info.id: place for place, info in enumerate(documents)}
    passages = IndexedPassages(rows, [places[row.passage.document_id] for row in rows])
    asked = [library.ask(question) for question in dict.fromkeys(map(str.strip, questions)) if question]
    with _replaced(folder) as site:
        known = library.map(wait=True)
        points = [[round(x, 1), round(y, 1)] for x, y in map(library_map.spot, known.projection(passages.vectors))]
        _write_index(site, title, documents, passages, library, points, with_encoder=with_encoder)
        _write_json(site / "answers.json", [answer_record(answer, places) for answer in asked])
        (site / "documents").mkdir()
        for place, info in enumerate(documents):
            _write_json(site / "documents" / f"{place}.json", document_text(library.document(info.id)))
        _write_programs(site, title, known, library.settings.max_question_characters)
        return _report(site, folder, documents=len(documents), passages=len(rows), answers=len(asked))


def _demand_free(folder: Path) -> None:
    """Raise PublishError if the folder holds files that are not a site's."""
    if folder.exists() and not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise PublishError(
            f"The folder {folder} holds other files, and publishing would delete them.",
            "Name an empty or a new folder, or one with an earlier site, which is replaced.",
        )


def _in_order(library: Library) -> tuple[list[DocumentInfo], list[PassageRow]]:
    """Return documents and passages in the order in which they were added: of equal passages the older comes first."""
    infos = library.documents()
    number = sum(info.passages for info in infos)
    if number > MOST_PASSAGES:
        raise PublishError(
            f"The library has {number:,} passages, and a static site can have at most {MOST_PASSAGES:,}.",
            "Publish a smaller library, or publish this one as a container or a Space, which have no such limit.",
        )
    found = [(info, library.passages(info.id)) for info in infos]
    found.sort(key=lambda item: item[1][0].passage.id if item[1] else number)
    rows = [row for _, passages in found for row in passages]
    if not rows:
        raise PublishError("The library is empty, so there is nothing to publish.", "Add files to it: pincite add PATH")
    return [info for info, _ in found], rows


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside this one, which takes its place if nothing was raised."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield made
        made.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        made.replace(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_index(
    site: Path,
    title: str,
    documents: Sequence[DocumentInfo],
    passages: IndexedPassages,
    library: Library,
    points: list[list[float]],
    *,
    with_encoder: bool,
) -> None:
    encoder = library.encoder()
    words = distil(passages, encoder)
    with_encoder = with_encoder and is_portable(encoder.name)
    if with_encoder:
        _write_encoder(site, words.basis)
    sections = write_index(passages, words)
    (site / "index.bin").write_bytes(sections.data)
    about: Mapping[str, Any] = {
        "format": FORMAT,
        "title": title,
        "passages": len(passages.rows),
        "sentences": len(passages.sentences),
        "words": len(words.terms),
        "dimensions": words.basis.shape[1],
        "sections": sections.directory,
        "rarest": RAREST,
        "ranking": RANKING,
        "texts": texts.constants(),
        "hasEncoder": with_encoder,
        "points": points,
        "documents": [document_record(info) for info in documents],
    }
    _write_json(site / "index.json", about)


def _write_encoder(site: Path, basis: Any) -> None:
    sections, about = write_encoder(basis)
    (site / "encoder.bin").write_bytes(sections.data)
    _write_json(site / "encoder.json", about)
    (site / "NOTICE.txt").write_text(NOTICE, encoding="ascii")


def _write_json(path: Path, value: Any) -> None:
    """Write a value as JSON in ASCII, because titles may hold halves of surrogate pairs."""
    path.write_text(json.dumps(value, separators=(",", ":")), encoding="ascii")


def _write_programs(site: Path, title: str, known: LibraryMap, longest: int) -> None:
    """Copy programs, styles and fonts, write the page, and at last the worker, which keeps exactly these files."""
    for asset in _ASSETS.iterdir():
        if asset.name.endswith((".js", ".css", ".svg")) and asset.name != WORKER:
            (site / asset.name).write_bytes(asset.read_bytes())
    for font in ("serif.woff2", "sans.woff2", "serif-OFL.txt", "sans-OFL.txt"):
        (site / font).write_bytes((_FONTS / font).read_bytes())
    _write_page(
        site / "index.html",
        "page.html",
        title=title,
        texts=texts,
        longest=longest,
        width=library_map.WIDTH,
        height=library_map.HEIGHT,
        few=library_map.has_few_dots(known),
        paths=library_map.dot_paths(known),
        labels=library_map.labels(known),
    )
    version = _write_manifest(site)
    _write_page(site / WORKER, WORKER, version=version)


def _write_page(path: Path, asset: str, **values: Any) -> None:
    """Write an asset with these values filled in. Halves of surrogate pairs become question marks."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string((_ASSETS / asset).read_text(encoding="utf-8"))
    path.write_bytes(template.render(values).encode("utf-8", "replace"))


def _write_manifest(site: Path) -> str:
    """Write the list of all files with their hashes, and return the hash of the list: the version of the site."""
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    hashes = {name: hashlib.sha256((site / name).read_bytes()).hexdigest()[:16] for name in found}
    _write_json(site / MARK, {"format": FORMAT, "files": hashes})
    return hashlib.sha256((site / MARK).read_bytes()).hexdigest()[:16]


def _report(site: Path, folder: Path, *, documents: int, passages: int, answers: int) -> SiteReport:
    sizes = {path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*") if path.is_file()}
    return SiteReport(
        folder,
        documents,
        passages,
        answers,
        len(sizes),
        sum(sizes.values()),
        sizes["index.bin"] + sizes["index.json"],
    )
