"""The MCP server: the tools for any transport, one route for HTTP, and errors as assistants see them.

It uses the SDK's low-level `Server`. The high-level `MCPServer` (2.3) would change what clients see: it always
announces prompts and resources, silently accepts unknown arguments, repeats the given values in validation errors,
reports an unknown tool as a result and not as an error of the protocol, and configures logging when it is made.
"""

from __future__ import annotations

import logging
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as OfferedTool
from pydantic import ValidationError
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import index
from index import errors
from index.errors import PinciteError, RateLimited, TooBusy
from index.server.limits import SERVICE_KEY, ClientDisconnected, Slots, client_of, run_unless_disconnected
from index.server.mcp.tools import INSTRUCTIONS, Tool, tools
from index.server.permissions import READER, Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mcp.server.context import ServerRequestContext
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from index.library.library import Library
    from index.settings import Settings

_OPERATOR = "Tell the reader that the server's operator finds the details in its log."
_OTHERWISE: dict[type[PinciteError], tuple[str, str]] = {
    errors.SettingsError: ("The server is misconfigured.", _OPERATOR),
    errors.EncoderError: ("The encoder cannot be used.", _OPERATOR),
    errors.LibraryError: ("The library cannot be used.", _OPERATOR),
    errors.AmbiguousDocument: (
        "Several documents have that name.",
        "Name one by its id, which search results and citations give.",
    ),
}
"""Errors whose messages may name folders of the server, and the words that are shown instead."""
_HINTS: dict[type[PinciteError], str] = {
    errors.DocumentNotFound: "Name it by the id that search results and citations give.",
}
"""Hints for assistants where the error's own hint is for the command line."""
UNEXPECTED = f"Something went wrong here. {_OPERATOR}"
AT_ONCE = 4
"""Maximum number of calls that run at once, unless they share slots with REST."""
CHECKS = 2
"""The same for checks of texts."""
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_log = logging.getLogger(__name__)
PATH = "/mcp"
_UNGUARDED = TransportSecuritySettings(enable_dns_rebinding_protection=False)
"""The SDK checks host names against a fixed list only; the guard checks them before this route is reached."""


def message(error: PinciteError) -> str:
    """Return the message and the hint of one of our errors."""
    kinds = type(error).__mro__
    words, hint = next((_OTHERWISE[kind] for kind in kinds if kind in _OTHERWISE), (error.message, error.hint))
    return f"{words} {next((_HINTS[kind] for kind in kinds if kind in _HINTS), hint)}".strip()


def is_shown(error: PinciteError) -> bool:
    """Return whether the error's own message is shown; if not, it belongs in the log."""
    return not any(kind in _OTHERWISE for kind in type(error).__mro__)


def argument_mistakes(error: ValidationError) -> str:
    """Return what is wrong with a tool's arguments, without repeating their values."""
    mistakes = (f"{'.'.join(map(str, mistake['loc'])) or 'arguments'}: {mistake['msg']}" for mistake in error.errors())
    return f"The arguments do not fit the tool. {'; '.join(mistakes)}."


def build(
    library: Library, settings: Settings, questions: Slots | None = None, checks: Slots | None = None
) -> Server[Any]:
    """Return the server. `questions` and `checks` are the slots that it shares with REST, if any."""
    offered = {tool.name: tool for tool in tools(library, settings)}
    listed = [_offered(tool) for tool in offered.values()]
    schemas = {tool.name: tool.input_schema for tool in listed}
    questions, checks = questions or Slots(AT_ONCE), checks or Slots(CHECKS)

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=listed)

    async def call_tool(context: ServerRequestContext[Any], called: CallToolRequestParams) -> CallToolResult:
        if called.name not in offered:
            raise MCPError(INVALID_PARAMS, f"There is no such tool. There are: {', '.join(offered)}.")
        try:
            tool = _visitors_tool(context.request, called.name) or offered[called.name]
        except RateLimited as error:
            return _failed(message(error))
        return await _in_turn(tool, called.arguments or {}, checks if tool.is_long else questions, context.request)

    return Server(
        "pincite",
        title="Pincite",
        version=index.__version__,
        description="Ask a reader's own documents; see the exact words each answer rests on.",
        instructions=INSTRUCTIONS,
        get_tool_input_schema=schemas.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _visitors_tool(request: Request | None, name: str) -> Tool | None:
    """Return the tool of the visitor's own library; None if the server has only one library.

    Each call counts as a question already. Raises RateLimited if it is a check, and there were too many.
    """
    service = request.scope.get(SERVICE_KEY) if request else None
    if service is None:
        return None
    tool = next(tool for tool in tools(service.library, service.settings) if tool.name == name)
    if tool.is_long:
        service.admit("check")
    return tool


def _offered(tool: Tool) -> OfferedTool:
    return OfferedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.gives.model_json_schema(mode="serialization"),
        annotations=_READS,
    )


async def _in_turn(tool: Tool, arguments: dict[str, Any], slots: Slots, request: Request | None) -> CallToolResult:
    """Call the tool when it is this client's turn. Over HTTP the client may disconnect, which ends the work."""
    gone = threading.Event()
    client = client_of(request.scope) if request else ""

    async def work() -> CallToolResult:
        return await slots.run(client, _result, tool, arguments, gone.is_set)

    try:
        return await (run_unless_disconnected(request.receive, work, gone.set) if request else work())
    except TooBusy as error:
        return _failed(message(error))
    except ClientDisconnected:
        return _failed("The client has disconnected.")


def _result(tool: Tool, arguments: dict[str, Any], is_gone: Callable[[], bool]) -> CallToolResult:
    """Return the tool's result. An error is a result, too: the assistant reads it, not the transport."""
    try:
        result = tool.work(tool.takes.model_validate(arguments), is_gone)
    except ValidationError as error:
        return _failed(argument_mistakes(error))
    except PinciteError as error:
        if not is_shown(error):
            _log.error("%s: %s", tool.name, error)
        return _failed(message(error))
    except ClientDisconnected:
        raise
    except Exception:  # outermost level: an unexpected error may contain secrets, so the client does not see it
        _log.exception("%s failed.", tool.name)
        return _failed(UNEXPECTED)
    return CallToolResult(content=[TextContent(type="text", text=result.text)], structured_content=result.content)


def _failed(words: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=words)], is_error=True)


@Permission(READER, counts_as="question")
class Endpoint:
    """An ASGI application at one path. It answers requests within `running`."""

    def __init__(self, server: Server[Any], settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._manager: StreamableHTTPSessionManager | None = None

    @property
    def route(self) -> Route:
        """The route for the parent application. It accepts only POST, because there are no streams and no sessions."""
        return Route(PATH, self, methods=["POST"], name="mcp", include_in_schema=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept requests within this context, which the parent's lifespan enters. Its end cancels running calls."""
        manager = StreamableHTTPSessionManager(
            self._server,
            json_response=True,
            stateless=True,
            security_settings=_UNGUARDED,
            max_request_body_size=self._settings.max_body_megabytes * 1_000_000,
        )
        async with manager.run():
            self._manager = manager
            try:
                yield
            finally:
                self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; outside of `running`, with 503."""
        manager = self._manager
        if manager is None:
            await PlainTextResponse("Not running", status_code=503)(scope, receive, send)
        else:
            await manager.handle_request(scope, receive, send)
