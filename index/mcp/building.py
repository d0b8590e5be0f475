"""The tools as a server of the Model Context Protocol, for any transport.

It uses the SDK's low-level `Server`. The high-level `MCPServer` (2.3) would change what clients see: it always
announces prompts and resources, accepts unknown arguments in silence, repeats the given values in validation errors,
reports an unknown tool as a result and not as an error of the protocol, and configures logging when it is made.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from mcp.server import Server
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

import index
from index.errors import PinciteError, TooBusy
from index.mcp import failing
from index.mcp.tools import INSTRUCTIONS, Tool, tools
from index.serving.abandonment import Abandoned, unless_gone
from index.serving.slots import Slots, client_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.context import ServerRequestContext
    from starlette.requests import Request

    from index.library import Library
    from index.settings import Settings

AT_ONCE = 4
"""The number of calls that run at once, where they share no slots with REST."""
CHECKS = 2
"""The same, for texts that are checked."""
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_log = logging.getLogger(__name__)


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
        tool = offered.get(called.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"There is no such tool. There are: {', '.join(offered)}.")
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
        return await (unless_gone(request.receive, work, gone.set) if request else work())
    except TooBusy as error:
        return _failed(failing.message(error))
    except Abandoned:
        return _failed("Nobody waits for this any more.")


def _result(tool: Tool, arguments: dict[str, Any], is_gone: Callable[[], bool]) -> CallToolResult:
    """Return the tool's result. An error is a result, too: the assistant reads it, not the transport."""
    try:
        result = tool.work(tool.takes.model_validate(arguments), is_gone)
    except ValidationError as error:
        return _failed(failing.argument_mistakes(error))
    except PinciteError as error:
        if not failing.is_shown(error):
            _log.error("%s: %s", tool.name, error)
        return _failed(failing.message(error))
    except Abandoned:
        raise
    except Exception:  # the outermost edge: an unexpected error may hold secrets, so the client does not see it
        _log.exception("%s failed.", tool.name)
        return _failed(failing.UNEXPECTED)
    return CallToolResult(content=[TextContent(type="text", text=result.text)], structured_content=result.content)


def _failed(words: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=words)], is_error=True)
