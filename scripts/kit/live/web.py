"""The console's server: the page, pictures, and one stream of events for each open page.

It has no passwords, because it serves this machine only: it listens on the loopback address, refuses other names of
hosts (so that no foreign name can be made to point here, DNS rebinding), and takes orders only from its own page
(OWASP, "Cross-Site Request Forgery Prevention": verifying the origin).
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kit.aws_errors import explain
from kit.cli import Stop
from kit.live.clients import Clients
from kit.live.collector import Collector
from kit.live.rejected import Rejected
from kit.live.sending import as_bodies, graphs_of, send
from kit.pictures.album import IMAGES
from kit.pictures.graph import Graph
from kit.senders import example_of
from kit.target import Target

from project import ProjectError

PAGE = Path(__file__).resolve().parents[2] / "console_page"
FILES = {"/": "index.html", "/console.js": "console.js", "/console.css": "console.css"}
#: Several changes at once become one event; and how often a page is told that the console is still there.
TOGETHER_S = 0.1
ALIVE_S = 15
#: The largest order: more than any message may have.
MAX_BODY = 2_000_000
#: Nothing of the page comes from elsewhere (MDN, "Content-Security-Policy").
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def application(target: Target, labs: Sequence[str], url: str) -> Starlette:
    """The console for these labs, or all that are deployed, at its own address. Raises Stop."""
    clients = Clients(target)
    console = Console(clients, graphs_of(target, labs))
    routes = [
        *(Route(path, _file(name)) for path, name in FILES.items()),
        Route("/labs", console.labs),
        Route("/labs/{lab}/picture.svg", console.picture),
        Route("/labs/{lab}/events", console.events),
        Route("/labs/{lab}/rejected", console.rejected),
        Route("/labs/{lab}/messages", console.send, methods=["POST"]),
        Route("/labs/{lab}/rejected/{port}/{message_id}", console.send_back, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {Exception: _problem, Stop: _problem, ProjectError: _problem}
    return Starlette(
        routes=routes,
        middleware=[Middleware(OwnPageOnly, url=url)],
        exception_handlers=handlers,
        lifespan=console.lifespan,
    )


class AsciiJson(JSONResponse):
    """JSON in ASCII: a message may hold half a character, which UTF-8 cannot."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


class OwnPageOnly:
    """Refuses requests for other hosts, and orders from other pages."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        port = url.rpartition(":")[2]
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            if refusal := self._refusal(request):
                await Response(refusal, status_code=403, headers=HEADERS)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> str:
        if request.headers.get("host") not in self._hosts:
            return "this console serves 127.0.0.1 only"
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._origins:
            return "this console takes nothing from other pages"
        if request.method not in ("GET", "HEAD") and origin is None:
            return "an order must say which page it comes from (Origin)"
        return ""


class Console:
    """What the pages are given, and what they may ask for."""

    def __init__(self, clients: Clients, graphs: Sequence[Graph]) -> None:
        self._clients = clients
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pages: dict[str, set[asyncio.Event]] = {graph.lab: set() for graph in graphs}
        self._collectors = {
            graph.lab: Collector(clients, graph, self._teller(graph.lab), len(graphs)) for graph in graphs
        }

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        for collector in self._collectors.values():
            collector.start()
        yield
        for collector in self._collectors.values():
            collector.stop()

    async def labs(self, request: Request) -> Response:
        labs = [{"lab": lab, "problem": bool(one.view().problem)} for lab, one in self._collectors.items()]
        return JSONResponse({"target": str(self._clients.target), "labs": labs}, headers=HEADERS)

    async def picture(self, request: Request) -> Response:
        path = IMAGES / f"{self._collector(request).lab}.svg"
        return FileResponse(path, media_type="image/svg+xml", headers=HEADERS)

    async def events(self, request: Request) -> Response:
        """Server-sent events: the lab as it is, again whenever it has changed."""
        collector = self._collector(request)
        return StreamingResponse(self._stream(collector), media_type="text/event-stream", headers=HEADERS)

    async def send(self, request: Request) -> Response:
        """Send what the form holds."""
        collector = self._collector(request)
        content = await self._content(request)
        outcome = await run_in_threadpool(send, collector, as_bodies(content["message"]))
        return AsciiJson(
            {"sent": outcome.sent, "refused": outcome.refused}, status_code=422 if outcome.refused else 200
        )

    async def rejected(self, request: Request) -> Response:
        messages = await run_in_threadpool(self._rejected(request).all)
        return AsciiJson(messages, headers=HEADERS)

    async def send_back(self, request: Request) -> Response:
        port, message_id = request.path_params["port"], request.path_params["message_id"]
        where = await run_in_threadpool(self._rejected(request).send_back, port, message_id)
        return JSONResponse({"sent_to": where})

    async def _stream(self, collector: Collector) -> AsyncIterator[str]:
        changed = asyncio.Event()
        pages = self._pages[collector.lab]
        pages.add(changed)
        collector.focused = True
        try:
            while True:
                changed.clear()
                example = example_of(collector.ports.get("input", {}))
                yield f"data: {json.dumps({**collector.to_json(), 'example': example})}\n\n"
                try:
                    await asyncio.wait_for(changed.wait(), ALIVE_S)
                    await asyncio.sleep(TOGETHER_S)
                except asyncio.TimeoutError:
                    yield ": still there\n\n"
        finally:
            pages.discard(changed)
            collector.focused = bool(pages)

    def _teller(self, lab: str) -> Callable[[], None]:
        """What a collector's thread calls when there is something new."""

        def tell() -> None:
            for changed in list(self._pages[lab]):
                if self._loop and not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(changed.set)

        return tell

    def _collector(self, request: Request) -> Collector:
        lab = request.path_params["lab"]
        if lab not in self._collectors:
            raise HTTPException(404)
        return self._collectors[lab]

    def _rejected(self, request: Request) -> Rejected:
        collector = self._collector(request)
        return Rejected(self._clients, collector.graph, collector.ports)

    async def _content(self, request: Request) -> dict[str, Any]:
        """The order as JSON with a message in it."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                raise HTTPException(413)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or not isinstance(content.get("message"), str):
            raise HTTPException(400)
        return content


def _file(name: str) -> Callable[[Request], Any]:
    async def serve(request: Request) -> Response:
        return FileResponse(PAGE / name, headers=HEADERS)

    return serve


async def _problem(request: Request, error: Exception) -> Response:
    """What went wrong, in one line."""
    if isinstance(error, Stop | ProjectError):
        return JSONResponse({"problem": str(error)}, status_code=409)
    try:
        return JSONResponse({"problem": explain(error)[0]}, status_code=502)
    except Exception:
        return JSONResponse({"problem": f"{type(error).__name__}: {error}"}, status_code=500)
