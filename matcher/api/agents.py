"""The service for agents (智能体接口): tools of the Model Context Protocol at ``/mcp``, each a request to the service itself.

A tool asks the application as its caller would over HTTP, with the caller's own key, name of the host and address. So keys, roles, limits,
turns and the audit log hold for tools as they hold for everybody, and a tool can do nothing that has no address of its own. Sessions are
not kept: any worker answers any message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.api.access import COUNTED, Caller
from matcher.api.models import RankBody, ResolveBody, ScoreBody
from matcher.api.problems import problem
from matcher.api.words import RULESET, RUN_ID
from matcher.runs import library_versions
from matcher.store.keys import MOST_BODY

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"
"""Where the tools are (地址)."""
NAME = "mcp"
"""The operation under which the door knows it (操作名)."""
_HANDED_ON = (b"authorization", b"host", b"origin", b"user-agent", b"x-forwarded-for", b"forwarded", b"via")
_WORD = {"type": "string", "maxLength": 200, "pattern": "^[^/\\s]+$"}
_ZONE = {**_WORD, "description": "园区，见 zones"}
_RULES = {"type": "string", "pattern": RULESET, "description": "draft、published 或版本号；默认 draft"}


@dataclass(frozen=True)
class AgentTool:
    """A tool and the operation that it is (工具).

    Attributes:
        operation: Operation id: who may do that, may use the tool.
        path: With the names of arguments in it.
        told: What it does, for the agent.
        body: The model of the request's body, which takes all other arguments; None for a query.
        asks: Arguments beside those of the body, as JSON Schema.
        needs: Those of them that must be there.
    """

    operation: str
    method: str
    path: str
    told: str
    body: type[BaseModel] | None = None
    asks: Mapping[str, Any] | None = None
    needs: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """What the tool takes (参数)."""
        taken: dict[str, Any] = {"type": "object", "properties": {}} if self.body is None else self.body.model_json_schema()
        taken["properties"] = {**(self.asks or {}), **taken["properties"]}
        return {**taken, "required": [*self.needs, *taken.get("required", ())], "additionalProperties": False}


_OF_A_ZONE: dict[str, Any] = {"zone": _ZONE}
TOOLS: dict[str, AgentTool] = {
    "zones": AgentTool("list_zones", "GET", "/v1/zones", "有哪些园区"),
    "chains": AgentTool(
        "get_chains", "GET", "/v1/zones/{zone}/chains", "一个园区的产业链、环节与需求",
        asks={"zone": _ZONE, "ruleset": _RULES}, needs=("zone",),
    ),
    "gaps": AgentTool(
        "get_gaps", "GET", "/v1/zones/{zone}/gaps", "按留存的本地名录，各环节缺什么、该补链、强链还是延链",
        asks={"zone": _ZONE, "ruleset": _RULES, "register": {"type": "string", "maxLength": 200}, "chain": _WORD}, needs=("zone",),
    ),
    "rank": AgentTool(
        "rank_companies", "POST", "/v1/zones/{zone}/rank", "下一站该拜访谁：给企业排序，每家附理由；批次留存，可再用 explain 追问",
        RankBody, _OF_A_ZONE, ("zone",),
    ),
    "score": AgentTool(
        "score_companies", "POST", "/v1/zones/{zone}/score", "给所写的企业评分；explain 为真时逐条规则说明命中、没有命中及原因",
        ScoreBody, _OF_A_ZONE, ("zone",),
    ),
    "explain": AgentTool(
        "explain_run_company", "GET", "/v1/runs/{run}/companies/{uscc}",
        "批次里的一家企业为什么在、或为什么不在名单上：位次、每条规则、得分区间、最该先问什么",
        asks={"run": {"type": "string", "pattern": RUN_ID, "description": "rank 给的 run.id"}, "uscc": {**_WORD, "maxLength": 64}},
        needs=("run", "uscc"),
    ),
    "resolve": AgentTool("resolve_names", "POST", "/v1/resolve", "简称、品牌、代码各是哪家企业", ResolveBody),
}  # fmt: skip
"""Name → tool (工具表)."""


class Agents:
    """The end of ``/mcp`` (智能体入口): what the protocol's own package makes of it, if that is installed.

    Args:
        app: The whole application, which the tools ask.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._manager: StreamableHTTPSessionManager | None = None

    @property
    def route(self) -> Route:
        """Its address (路由), in no OpenAPI document: the protocol describes itself.

        Without sessions there is nothing to listen for and nothing to end: the protocol lets GET and DELETE be refused. A GET would be
        a stream without an end, one held connection for everybody who asks.
        """
        return Route(PATH, self, name=NAME, methods=["POST"])

    def made(self) -> StreamableHTTPSessionManager | None:
        """What answers from now on (建立); its ``run`` lasts as long as the application. None if the package is missing."""
        if find_spec("mcp") is None:
            return None
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        self._manager = StreamableHTTPSessionManager(
            self._server(), json_response=True, stateless=True, max_request_body_size=MOST_BODY
        )  # whose host, whose page, how large: the doors have settled that before
        return self._manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one message."""
        if self._manager is None:
            request_id = scope["state"].get("request_id")
            told = problem("not-found", "没有装智能体组件：请安装 lianzhao[mcp]，再启动服务", request_id=request_id)
            await told(scope, receive, send)
            return
        await self._manager.handle_request(scope, receive, send)

    def _server(self) -> Any:
        from mcp.server.lowlevel import Server
        from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool

        async def listed(context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
            caller: Caller = context.request.state.caller
            shown = [(name, tool) for name, tool in TOOLS.items() if caller.may(tool.operation)]
            return ListToolsResult(tools=[Tool(name=name, description=tool.told, input_schema=tool.schema) for name, tool in shown])

        async def called(context: Any, params: CallToolRequestParams) -> CallToolResult:
            status, told = await self._asked(context.request.scope, params.name, params.arguments or {})
            is_object = status < 400 and isinstance(told, dict)
            return CallToolResult(
                content=[TextContent(text=json.dumps(told, ensure_ascii=False))],
                structured_content=told if is_object else None,
                is_error=status >= 400,
            )

        return Server("lianzhao", version=library_versions()["lianzhao"], on_list_tools=listed, on_call_tool=called)

    async def _asked(self, scope: Scope, name: str, arguments: dict[str, Any]) -> tuple[int, Any]:
        """What the service answers to a tool's request."""
        tool = TOOLS.get(name)
        if tool is None:
            return 404, f"没有工具 {name[:40]}，有 {'、'.join(TOOLS)}"
        left, path = dict(arguments), tool.path
        for part in tool.needs:
            value = left.pop(part, "")
            if not isinstance(value, str) or not value or "/" in value or value in (".", ".."):
                return 422, f"{part} 应为不含 / 的文字"
            path = path.replace(f"{{{part}}}", value)
        body = b"" if tool.body is None else json.dumps(left).encode()
        query = urlencode({key: str(value) for key, value in left.items()}).encode() if tool.body is None else b""
        return await self._sent(scope, (tool.method, path, query), body)

    async def _sent(self, scope: Scope, line: tuple[str, str, bytes], body: bytes) -> tuple[int, Any]:
        """Sends a request to the application as whoever sent the message would."""
        method, path, query = line
        root = scope.get("root_path", "")
        headers = [(key, value) for key, value in scope["headers"] if key in _HANDED_ON]
        asked = {
            "type": "http", "asgi": scope.get("asgi", {"version": "3.0"}), "http_version": "1.1", "scheme": scope["scheme"],
            "method": method, "path": root + path, "raw_path": quote(root + path).encode(), "root_path": root, "query_string": query,
            "headers": [*headers, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
            "client": scope["client"], "server": scope["server"],
            "state": {COUNTED: scope["state"].pop(COUNTED, False)},  # the message was; a second request of the same one would not be free
        }  # fmt: skip
        given, status, parts = False, 500, bytearray()

        async def receive() -> Message:
            nonlocal given
            if given:
                return {"type": "http.disconnect"}
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, parts
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                parts += message.get("body", b"")

        await self._app(asked, receive, send)
        return status, json.loads(bytes(parts)) if parts else None
