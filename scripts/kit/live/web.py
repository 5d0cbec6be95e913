"""The console's server: the page, pictures, and one stream of events for each open page.

It has no passwords, because it serves this machine only: it listens on the loopback address, refuses other names of
hosts (so that no foreign name can be made to point here, DNS rebinding), and takes orders only from its own page
(OWASP, "Cross-Site Request Forgery Prevention": verifying the origin).
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kit.approvals import Request as Approval
from kit.approvals import answer, waiting
from kit.aws_errors import explain
from kit.cli import Exit, Stop
from kit.live.clients import Clients
from kit.live.collector import Collector
from kit.live.rejected import Rejected
from kit.live.sending import as_bodies, graphs_of, send
from kit.pictures.album import IMAGES, graph_of_lab
from kit.pictures.graph import Graph
from kit.ports import labs_at
from kit.senders import example_of
from kit.target import Target

from project import ProjectError

PAGE = Path(__file__).resolve().parents[2] / "console_page"
FILES = {"/": "index.html"} | {
    f"/{name}": name for name in ("console.js", "exact.js", "picture.js", "console.css", "icon.svg")
}
#: Several changes at once become one event; and how often a page is told that the console is still there.
TOGETHER_S = 0.1
ALIVE_S = 15
#: How often it is looked for labs that have been deployed since.
LABS_S, LABS_AWS_S = 3.0, 15.0
#: The largest order: more than any message may have.
MAX_BODY = 2_000_000
#: Nothing of the page comes from elsewhere (MDN, "Content-Security-Policy").
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def application(target: Target, labs: Sequence[str], url: str) -> Starlette:
    """The console for these labs, or all that are deployed, at its own address. Raises Stop."""
    clients = Clients(target)
    console = Console(clients, graphs_of(target, labs), all_labs=not labs)
    routes = [
        *(Route(path, _file(name)) for path, name in FILES.items()),
        Route("/labs", console.labs),
        Route("/labs/{lab}/picture.svg", console.picture),
        Route("/labs/{lab}/events", console.events),
        Route("/labs/{lab}/rejected", console.rejected),
        Route("/labs/{lab}/messages", console.send, methods=["POST"]),
        Route("/labs/{lab}/rejected/{port}/{message_id}", console.send_back, methods=["POST"]),
        Route("/labs/{lab}/approvals", console.approvals),
        Route("/labs/{lab}/approvals/{execution}", console.approve, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {Exception: _problem, Stop: _problem, ProjectError: _problem}
    return Starlette(
        routes=routes,
        middleware=[Middleware(OwnPageOnly, url=url)],
        exception_handlers=handlers,
        lifespan=console.lifespan,
    )


class Json(Response):
    """An answer in ASCII: a message may hold what UTF-8 cannot, such as half of a character."""

    media_type = "application/json"

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
    """What the pages are given, and what they may ask for. `all_labs`: also those that are deployed later."""

    def __init__(self, clients: Clients, graphs: Sequence[Graph], *, all_labs: bool) -> None:
        self._clients = clients
        self._all_labs = all_labs
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pages: dict[str, set[asyncio.Event]] = {}
        self._collectors: dict[str, Collector] = {}
        for graph in graphs:
            self._add(graph, len(graphs))

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        for collector in self._collectors.values():
            collector.start()
        looking = asyncio.create_task(self._look_for_labs())
        yield
        looking.cancel()
        for collector in self._collectors.values():
            collector.stop()

    async def labs(self, request: Request) -> Response:
        return Json({"target": str(self._clients.target), "labs": list(self._collectors)}, headers=HEADERS)

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
        if not isinstance(content.get("message"), str):
            raise HTTPException(400)
        outcome = await run_in_threadpool(send, collector, as_bodies(content["message"]))
        return Json({"sent": outcome.sent, "refused": outcome.refused}, status_code=422 if outcome.refused else 200)

    async def rejected(self, request: Request) -> Response:
        messages = await run_in_threadpool(self._rejected(request).all)
        return Json(messages, headers=HEADERS)

    async def send_back(self, request: Request) -> Response:
        port, message_id = request.path_params["port"], request.path_params["message_id"]
        where = await run_in_threadpool(self._rejected(request).send_back, port, message_id)
        return Json({"sent_to": where})

    async def approvals(self, request: Request) -> Response:
        """What waits for a person's approval, the longest waiting first."""
        requests = await run_in_threadpool(self._waiting, self._collector(request))
        waits = [{"execution": name, "since": one["since"], "order": one["order"]} for name, one in requests.items()]
        return Json(waits, headers=HEADERS)

    async def approve(self, request: Request) -> Response:
        """Approve what waits, or refuse it."""
        collector, execution = self._collector(request), request.path_params["execution"]
        content = await self._content(request)
        if not isinstance(content.get("approved"), bool):
            raise HTTPException(400)
        told = await run_in_threadpool(self._answer, collector, execution, content["approved"])
        return Json({"answered": told})

    def _waiting(self, collector: Collector) -> dict[str, Approval]:
        if "approvals" not in collector.ports:
            raise Stop(f"lab {collector.lab} asks nobody for an approval", Exit.USAGE)
        return waiting(self._clients["dynamodb"], collector.ports["approvals"])

    def _answer(self, collector: Collector, execution: str, approved: bool) -> str:
        return answer(self._clients["stepfunctions"], self._waiting(collector), execution, approved)

    async def _look_for_labs(self) -> None:
        """Add each lab that is deployed while the console runs, and tell the pages."""
        target = self._clients.target
        while self._all_labs:
            await asyncio.sleep(LABS_S if target.endpoint else LABS_AWS_S)
            # When the target does not answer, the labs' own collectors say so.
            with contextlib.suppress(BotoCoreError, ClientError, Stop, ProjectError):
                for lab in await run_in_threadpool(labs_at, target):
                    if lab not in self._collectors and (graph := graph_of_lab(lab)):
                        self._add(graph, len(self._collectors) + 1).start()
                        for other in self._pages:
                            self._tell(other)

    def _add(self, graph: Graph, views: int) -> Collector:
        self._pages[graph.lab] = set()
        self._collectors[graph.lab] = Collector(self._clients, graph, partial(self._tell, graph.lab), views)
        return self._collectors[graph.lab]

    async def _stream(self, collector: Collector) -> AsyncIterator[str]:
        changed = asyncio.Event()
        pages = self._pages[collector.lab]
        pages.add(changed)
        collector.focused = True
        try:
            while True:
                changed.clear()
                more = {
                    "labs": list(self._collectors),
                    "example": example_of(collector.ports.get("input", {})),
                    "asks": "approvals" in collector.ports,
                }
                yield f"data: {json.dumps(collector.to_json() | more)}\n\n"
                try:
                    await asyncio.wait_for(changed.wait(), ALIVE_S)
                    await asyncio.sleep(TOGETHER_S)
                except asyncio.TimeoutError:
                    yield ": still there\n\n"
        finally:
            pages.discard(changed)
            collector.focused = bool(pages)

    def _tell(self, lab: str) -> None:
        """Tell a lab's pages that there is something new; from any thread."""
        for changed in list(self._pages[lab]):
            if self._loop and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(changed.set)

    def _collector(self, request: Request) -> Collector:
        lab = request.path_params["lab"]
        if lab not in self._collectors:
            raise HTTPException(404)
        return self._collectors[lab]

    def _rejected(self, request: Request) -> Rejected:
        collector = self._collector(request)
        return Rejected(self._clients, collector.graph, collector.ports)

    async def _content(self, request: Request) -> dict[str, Any]:
        """The order, which is a JSON object."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                raise HTTPException(413)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise HTTPException(400)
        return content


def _file(name: str) -> Callable[[Request], Any]:
    async def serve(request: Request) -> Response:
        return FileResponse(PAGE / name, headers=HEADERS)

    return serve


async def _problem(request: Request, error: Exception) -> Response:
    """What went wrong, in one line."""
    if isinstance(error, Stop | ProjectError):
        return Json({"problem": str(error)}, status_code=409)
    try:
        return Json({"problem": explain(error)[0]}, status_code=502)
    except Exception:
        return Json({"problem": f"{type(error).__name__}: {error}"}, status_code=500)
