"""The pages outside of a library: sign-in, the list of libraries, and the account's menu in the header."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from index.citations.readable import environment
from index.server.http import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

_environment = environment(Path(__file__).parent / "templates", Path(problems.__file__).parent / "templates")


@dataclass(frozen=True, slots=True)
class Link:
    """A library in a list."""

    name: str
    title: str
    is_current: bool = False


def sign_in(
    start: str, provider: str, *, signed_out: bool = False, problem: str = "", status: int = 200
) -> HTMLResponse:
    """Return the sign-in page; without a provider it says how else to get in."""
    values = {"start": start, "provider": provider, "signed_out": signed_out, "problem": problem}
    return _page("sign_in.html", status, **values)


def libraries(links: Sequence[Link], name: str, *, can_sign_out: bool) -> HTMLResponse:
    """Return the list of the libraries that a person may read."""
    return _page("libraries.html", 200, links=links, name=name, can_sign_out=can_sign_out)


def menu(links: Sequence[Link], name: str, role: str, root: str, *, can_sign_out: bool) -> HTMLResponse:
    """Return the account's menu for the header of a library's page; `root` is the way from there to the server's root.

    A visitor with one library gets no list: there is nothing to switch to.
    """
    values = {"links": links, "name": name, "role": role, "root": root, "can_sign_out": can_sign_out}
    return HTMLResponse(_environment.get_template("menu.html").render(**values), headers={"Cache-Control": "no-store"})


def _page(template: str, status: int, **values: Any) -> HTMLResponse:
    return HTMLResponse(_environment.get_template(template).render(**values), status, problems.PAGE_HEADERS)
