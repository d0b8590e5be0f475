"""The source of a citation, opened at its words: the dialog that shows it, and the address that leads to it.

What stands in the dialog comes from `v1/documents/{id}/view`; `static/source.js` fetches it.
"""

from pathlib import Path
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from index.markup import environment

_KEPT = ("q", "in", "write")
"""Of the query: what was asked, of which documents, and who writes the answer."""


def dialog() -> str:
    """The viewer, empty and closed. One for the page, outside of all that Gradio patches."""
    return environment(Path(__file__).parent / "templates").get_template("viewer.html").render()


def add_citation_route(app: FastAPI) -> None:
    """Serve `/d/DOCUMENT#START-END`, the link to one citation. A browser never sends what follows the `#`."""
    app.add_api_route("/d/{document}", _citation, methods=["GET"], include_in_schema=False)


async def _citation(document: str, request: Request) -> RedirectResponse:
    """Lead to the page, which opens that document: browsers carry the `#START-END` over to where they are sent.

    The address is a relative one, for a proxy may serve the page below a path of its own. Whether there is such a
    document the viewer finds out, and says.
    """
    kept = [(name, value) for name in _KEPT if (value := request.query_params.get(name))]
    return RedirectResponse(f"../?{urlencode([*kept, ('d', document)])}", status_code=302)
