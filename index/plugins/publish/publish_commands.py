"""`pincite publish`, which writes a library as a folder for a host, after it has listed what becomes public."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.cli.options import ERROR, Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.cli.options import State
    from index.library.library import Library
    from index.plugins.publish.hosts import Manifest
    from index.plugins.publish.listing import PublicDocument
    from index.plugins.publish.publication import Plan, Request


_LISTED = 50
"""Documents that are listed without --verbose."""
_NEXT = {
    "space": "Nothing was uploaded. Try it: python app.py (in that folder). Then: --push OWNER/NAME",
    "container": "Nothing was uploaded. Next: docker compose up --build (in that folder)",
    "static": "Nothing was uploaded. Copy the folder to any host of static files.",
}
"""What to do after a publication."""
PUBLISH_EXAMPLE = "Example: pincite publish demo/ --to space --title 'Trade in the Pacific' --licence CC-BY-4.0"

commands = typer.Typer(rich_markup_mode=None)
"""The commands of this plug-in, which `index.cli.app` adds by their entry point."""


class TargetChoice(StrEnum):
    """What `pincite publish` can write."""

    space = "space"
    container = "container"
    static = "static"


@commands.command(cls=Command, epilog=PUBLISH_EXAMPLE)
def publish(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Folder to write: new, empty, or an earlier publication.", show_default=False)
    ],
    to: Annotated[
        TargetChoice,
        typer.Option("--to", help="A Hugging Face Space, a container, or a static site.", show_default=False),
    ],
    title: Annotated[str, typer.Option(help="Title that visitors see.")] = "Pincite",
    licences: Annotated[
        list[str] | None,
        typer.Option(
            "--licence",
            help="DOCUMENT=SPDX: the licence of a document; SPDX alone: of all documents that name none. Repeatable.",
            show_default=False,
        ),
    ] = None,
    originals: Annotated[
        bool, typer.Option("--originals", help="Include the original files, for page images and downloads.")
    ] = False,
    refuse_emails: Annotated[
        bool, typer.Option("--refuse-emails", help="Treat e-mail addresses in documents as secrets.")
    ] = False,
    allow_secrets: Annotated[
        list[str] | None,
        typer.Option(help="Publish this document although it contains what looks like a secret. Repeatable."),
    ] = None,
    questions: Annotated[
        list[str] | None, typer.Option("--question", help="A question to suggest to visitors. Repeatable.")
    ] = None,
    repository: Annotated[
        str, typer.Option("--push", help="Then upload the folder to this Space, OWNER/NAME.", show_default=False)
    ] = "",
    hardware: Annotated[
        str,
        typer.Option(help="Hardware of a new Space: zero-a10g for a free account, or cpu-basic.", show_default=False),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before writing and uploading.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would become public.")] = False,
) -> None:
    """Write the library as a folder that a host serves to the public. Nothing is uploaded without --push.

    First it lists what becomes public: each document with its licence, and the names that show instead of paths. It
    refuses to publish keys, tokens and passwords that it finds in the documents; exit code 1 says so.
    """
    from index.plugins.publish import hosts, publication

    state: State = context.obj
    target = folder.expanduser().absolute()
    if repository:
        hosts.require_pushable(to.value)
    with state.open() as library:
        request = publication.Request(
            target=to.value,
            title=title,
            originals=originals,
            refuse_emails=refuse_emails,
            allowed=frozenset(library.find(name).id for name in allow_secrets or ()),
            licences=_licences(library, licences or ()),
            questions=tuple(questions or ()),
        )
        plan = _plan(state, library, request, dry_run=dry_run)
        if dry_run:
            raise typer.Exit(ERROR if plan.refused else 0)
        _confirm(plan, repository, target, yes=yes)
        manifest = _write(state, library, plan, target)
    address = hosts.push(target, repository, hardware=hardware) if repository else ""
    _print_result(state, target, manifest, address)


def _licences(library: Library, stated: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Return the licences that the publisher states, by id; a licence without a document is kept under ""."""
    from index.plugins.publish.listing import checked_identifier

    found = {}
    for licence in stated:
        name, _, identifier = licence.rpartition("=")
        found[library.find(name).id if name else ""] = checked_identifier(identifier)
    return found


def _plan(state: State, library: Library, request: Request, *, dry_run: bool) -> Plan:
    """Make the plan and print it: as JSON if only that was asked for, else as text."""
    from index.cli import printing
    from index.cli.progress import work_progress
    from index.plugins.publish import publication

    with work_progress("looking for secrets", shown=not state.quiet):
        plan = publication.make_plan(library, request)
    if not state.json:
        _print_plan(plan, verbose=state.verbose)
    elif dry_run:
        printing.print_json(_as_json(plan))
    return plan


def _confirm(plan: Plan, repository: str, target: Path, *, yes: bool) -> None:
    """Ask whether to go on. Raises SecretsFound first, because then there is nothing to decide."""
    from index.errors import SecretsFound

    if plan.refused:
        raise SecretsFound(plan.refused)
    if not yes:
        upload = f" and upload it to the Space {repository}" if repository else ""
        typer.confirm(f"Write {target}{upload}?", abort=True, err=True)


def _write(state: State, library: Library, plan: Plan, target: Path) -> Manifest:
    from index.cli.progress import step_progress
    from index.plugins.publish import publication

    with step_progress(shown=not state.quiet) as watch:
        return publication.write(library, plan, target, progress=watch)


def _print_plan(plan: Plan, *, verbose: bool) -> None:
    """Print what becomes public, with each path that a name replaces, and each secret."""
    documents = plan.listing.documents
    counts = f"{len(documents):,} documents, {plan.listing.passages:,} passages"
    originals = f", original files of {_size(plan.listing.originals)}" if plan.request.originals else ""
    _say(f"This becomes public: {counts}{originals}.")
    for document in documents if verbose else documents[:_LISTED]:
        _say(f"  {', '.join(_described(document))}")
        for path in document.hidden if verbose else ():
            _say(f"    shows instead of {path}")
    if len(documents) > _LISTED and not verbose:
        _say(f"  … and {len(documents) - _LISTED:,} more; --verbose lists them")
    if hidden := sum(len(document.hidden) for document in documents):
        _say(f"Names show in place of {hidden:,} paths; --verbose lists them.")
    for warning in plan.warnings:
        _say(f"Warning: {warning}")
    for found in plan.secrets:
        allowed = " (allowed)" if found.allowed else ""
        _say(f"Secret{allowed}: {found.name}, {found.place}: {found.kind}, {found.excerpt}")


def _described(document: PublicDocument) -> Iterator[str]:
    """Yield the facts about a document that readers will see."""
    yield f"{document.title} [{document.name}]" if document.title else document.name
    yield from filter(None, (document.author, document.date))
    yield f"{document.pages} pages" if document.pages else f"{document.characters:,} characters"
    if document.original is not None:
        yield f"original file of {_size(document.original)}"
    yield f"licence {document.licence}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1_000_000 else f"{size / 1e3:,.1f} kB"


def _say(line: str) -> None:
    from index.cli.printing import printable

    typer.echo(printable(line))


def _as_json(plan: Plan) -> dict[str, Any]:
    return {
        "documents": [asdict(document) for document in plan.listing.documents],
        "secrets": [asdict(found) for found in plan.secrets],
        "warnings": list(plan.warnings),
    }


def _print_result(state: State, target: Path, manifest: Manifest, address: str) -> None:
    from index.cli import printing

    size = sum(facts["bytes"] for facts in manifest.files.values())
    if state.json:
        facts = {"documents": manifest.documents, "passages": manifest.passages, "files": len(manifest.files)}
        printing.print_json(
            {"folder": str(target), "target": manifest.target, **facts, "bytes": size, "address": address}
        )
        return
    _say(f"{manifest.documents:,} documents, {_size(size)} in {target}.")
    _say(f"Uploaded to {address}" if address else _NEXT[manifest.target])
