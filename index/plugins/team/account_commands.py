"""`pincite key`: creates, lists and revokes the keys of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from index.cli.options import Command

if TYPE_CHECKING:
    from index.cli.options import State
    from index.plugins.team.accounts import ApiKey, ApiKeys
    from index.plugins.team.audit_log import AuditLog


keys = typer.Typer(
    name="key",
    short_help="Manage the keys of programs.",
    help="Create, list and revoke the keys with which programs use a server with accounts.",
    epilog="Example: pincite key create nightly-report",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_NameArgument = Annotated[str, typer.Argument(help="A name by which you recognise the key.")]


@keys.command(cls=Command, epilog="Example: pincite key create nightly-report --role reader --expires 90d")
def create(
    context: typer.Context,
    name: _NameArgument,
    role: Annotated[str, typer.Option(help="reader, curator or admin.")] = "reader",
    expires: Annotated[str, typer.Option(help="12h, 90d, 52w or never.")] = "90d",
    libraries: Annotated[
        list[str] | None,
        typer.Option("--only", help="The key works only for this library of the server; repeat it for others."),
    ] = None,
) -> None:
    """Create a key and show it, once: only its hash is stored. Running servers accept it at once."""
    from index.cli import printing

    opened, audit = _opened(context.obj)
    key = opened.create(name, role, expires, libraries or ())
    audit.record("create key", who="command line", what=[name], role=role)
    if context.obj.json:
        printing.print_json({"name": name, "role": role, "key": key})
        return
    typer.echo(key)
    if not context.obj.quiet:
        typer.echo("Keep it now: it cannot be shown again. Send it as: Authorization: Bearer KEY", err=True)


@keys.command(name="list", cls=Command, epilog="Example: pincite key list --json")
def list_keys(context: typer.Context) -> None:
    """List all keys with their roles, ends and last uses, but not the keys themselves."""
    from index.cli import printing

    found = _opened(context.obj)[0].listed()
    if context.obj.json:
        printing.print_json([_facts(key) for key in found])
        return
    for key in found:
        facts = _facts(key)
        scope = ", ".join(key.libraries) if key.libraries else "all libraries"
        line = f"{key.name}: {facts['role']} of {scope}, expires {facts['expires']}, last used {facts['used']}"
        typer.echo(printing.printable(line))


@keys.command(cls=Command, epilog="Example: pincite key revoke nightly-report")
def revoke(context: typer.Context, name: _NameArgument) -> None:
    """Delete a key. Running servers refuse it from now on."""
    opened, audit = _opened(context.obj)
    opened.revoke(name)
    audit.record("revoke key", who="command line", what=[name])
    if not context.obj.quiet:
        typer.echo("The key is revoked.", err=True)


def _opened(state: State) -> tuple[ApiKeys, AuditLog]:
    from index.plugins.team.accounts import ApiKeys
    from index.plugins.team.audit_log import AuditLog

    settings = state.settings()
    folder = settings.accounts.expanduser()
    return ApiKeys(folder), AuditLog(folder, settings.audit_megabytes)


def _facts(key: ApiKey) -> dict[str, object]:
    """Return the facts of a key as JSON values."""
    return {
        "name": key.name,
        "role": key.role.word,
        "libraries": list(key.libraries) if key.libraries else None,
        "created": key.created.isoformat(timespec="seconds"),
        "expires": key.expires.isoformat(timespec="minutes") if key.expires else "never",
        "used": key.used.isoformat(timespec="minutes") if key.used else "never",
    }
