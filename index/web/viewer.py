"""The source viewer: the dialog that shows a citation in its document, and the link to it.

`static/source.js` loads the content of the dialog from `v1/documents/{id}/view`.
"""

from pathlib import Path
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from index.markup import environment

_KEPT = ("q", "in", "write")
"""Query parameters that are kept: the question, its documents, and the writer."""


def dialog() -> str:
    """Return the empty, closed dialog. The page has one, outside the elements that Gradio patches."""
    return environment(Path(__file__).parent / "templates").get_template("viewer.html").render()


def add_citation_route(app: FastAPI) -> None:
    """Add the route of `/d/DOCUMENT#START-END`, the link to a citation. Browsers do not send the part after `#`."""
    app.add_api_route("/d/{document}", _citation, methods=["GET"], include_in_schema=False)


async def _citation(document: str, request: Request) -> RedirectResponse:
    """Redirect to the page, which opens the document: browsers keep the `#START-END` across the redirect.

    The address is relative, because a proxy may serve the page below a path. The viewer reports a missing document.
    """
    kept = [(name, value) for name in _KEPT if (value := request.query_params.get(name))]
    return RedirectResponse(f"../?{urlencode([*kept, ('d', document)])}", status_code=302)
