"""The engine's doors: programs come in, web pages do not, except its own and those that the user names.

The engine has no passwords and runs what it is given, so a page in the user's browser must not reach it. A browser
says for whom it asks, in headers that no page can change: `Origin` (RFC 6454), or where there is none, as for images,
links and frames, `Sec-Fetch-Site` (W3C, "Fetch Metadata Request Headers") and `Referer`. `Host` says under which name:
a foreign one has been made to point here (DNS rebinding), and then the other headers say nothing. Whoever sends none
of them, such as an SDK, Terraform or curl, is a program, which can do to this machine what it likes anyway.

Names that only ever are this machine's: 127/8, ::1 (RFC 1122, RFC 4291), `localhost` and all below it (RFC 6761), where
buckets, APIs and distributions have names of their own. Names under amazonaws.com come from Node functions whose SDK
was turned to the engine, which leaves `Host` as it was. AWS alone decides where these names point, so nobody else can
rebind them; as some belong to AWS's customers, they are served only to requests that a page cannot send without being
asked for its `Origin`: signed ones, or those of an SDK (WHATWG Fetch, "CORS protocol"; `Authorization` and
`X-Amz-Target` are no CORS-safelisted headers).

What a user types, or opens from another program, has `Sec-Fetch-Site: none`, also when the address that was typed
redirects here. So it may look, but not call an action by its address (`/?Action=PurgeQueue`).
"""

import ipaddress
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

#: Names the pages that may use the engine, by their origins, such as `http://127.0.0.1:8800`.
VARIABLE = "LAB_ALLOWED_ORIGINS"
#: What belongs to the engine and not to AWS: forgetting everything, other settings, code of functions.
OWN_PATH = "/_ministack/"
AWS_NAMES = (".amazonaws.com", ".amazonaws.com.cn")
#: Actions that AWS takes without a signature, by an address that people are sent (SNS API Reference).
OPEN_ACTIONS = {"ConfirmSubscription", "Unsubscribe"}
#: APIs, function URLs, distributions and load balancers say themselves which pages may read their answers.
_OWN_CORS_PATH = re.compile(r"/_aws/(execute-api|lambda-url)/|/_alb/|/restapis/[^/]+/[^/]+/_user_request_")
_OWN_CORS_HOST = re.compile(r"\.(execute-api|lambda-url|cloudfront|alb|elb)\.")
#: `name` or `name:port`, as `Host` has it.
_HOST = re.compile(r"(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?", re.ASCII)
#: How much of a request is repeated in a line, and how often the log gets one: no page may fill the disk.
_SHOWN = 200
_LOG_EVERY_S = 1.0
_READ = {b"host", b":authority", b"origin", b"referer", b"authorization", b"x-amz-target"}

_logger = logging.getLogger(__name__)


def origins_of(text: str) -> frozenset[str]:
    """The origins in a list with commas or spaces, as a browser writes them. Raises ValueError."""
    origins = set()
    for word in re.split(r"[,\s]+", text.strip()):
        if word:
            origin = _origin(word)
            if not origin or word.count("/") != 2:
                raise ValueError(f"{VARIABLE}: expected addresses like http://127.0.0.1:8800, not {word!r}")
            origins.add(origin)
    return frozenset(origins)


@dataclass(frozen=True)
class Doors:
    """Who may come in to an engine on `port`: besides programs and its own pages, the pages of `origins`."""

    port: int
    origins: frozenset[str] = field(default_factory=frozenset)

    def refusal(self, path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Why a request is refused, in one line; nothing if it is not. Names of headers are in lower case."""
        read: dict[bytes, str] = {}
        fetch: dict[bytes, str] = {}
        for name, value in headers:
            into = read if name in _READ else fetch if name.startswith(b"sec-fetch-") else None
            if into is not None:
                text = value.decode("latin-1")
                into[name] = f"{into[name]}, {text}" if name in into else text
        host = _host(read)
        origin = read.get(b"origin")
        from_browser = origin is not None or bool(fetch)
        if host.endswith(AWS_NAMES):
            if from_browser or not (b"authorization" in read or b"x-amz-target" in read):
                return f"under the name {host[:_SHOWN]} this engine serves only what an SDK has signed"
        elif not self._serves(read):
            return f"this engine serves the names of this machine, not {host[:_SHOWN] or 'a request without one'}"
        if from_browser and path.startswith(OWN_PATH):
            return f"{OWN_PATH} is not for browsers"
        page = origin if origin is not None else _origin(read.get(b"referer", ""))
        known = page is not None and self._is_known(page, read)
        if origin is not None and not known:
            return f"this engine takes nothing from the page {origin[:_SHOWN]}; {VARIABLE} names those that may use it"
        site = fetch.get(b"sec-fetch-site", "same-origin")
        if site == "none":
            actions = set(parse_qs(query.decode("latin-1"), keep_blank_values=True).get("Action", []))
            if not actions <= OPEN_ACTIONS:
                return "a browser's address line cannot call an action"
        elif site != "same-origin" and not known:
            return f"this engine takes nothing from other pages; {VARIABLE} names those that may use it"
        return ""

    def _serves(self, read: dict[bytes, str]) -> bool:
        """Whether all that the request says of its host is a name of this machine, or of a page that may use it."""
        hosts = [read[name] for name in (b"host", b":authority") if name in read]
        return bool(hosts) and all(
            _is_loopback(host) or host.lower() in {origin.partition("://")[2] for origin in self.origins}
            for host in hosts
        )

    def _is_known(self, page: str, read: dict[bytes, str]) -> bool:
        """Whether the origin is of a page that comes from the engine itself, or that the user has named.

        The engine's own have its port, or the one under which it was asked, which a forwarded port changes.
        """
        if page in self.origins:
            return True
        scheme, _, host = page.partition("://")
        if scheme not in ("http", "https") or not _is_loopback(host):
            return False
        return host == _host(read) or _port(host) == self.port


def guarded(app: App, doors: Doors) -> App:
    """The ASGI application behind these doors."""

    logged_at = -_LOG_EVERY_S

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal logged_at
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        headers = scope["headers"]
        if refusal := doors.refusal(scope["path"], scope["query_string"], headers):
            if (now := time.monotonic()) - logged_at >= _LOG_EVERY_S:
                logged_at = now
                _logger.warning("refused %s: %s", ascii(scope["path"][:_SHOWN]), ascii(refusal))
            await _refuse(scope, send, refusal)
            return
        named = dict(headers)
        if scope["type"] == "http" and not _has_own_cors(named.get(b"host", b"").decode("latin-1"), scope["path"]):
            send = _sending(send, named.get(b"origin"))
        await app(scope, receive, send)

    return guard


async def _refuse(scope: Message, send: Send, refusal: str) -> None:
    """Answer 403. A WebSocket is refused before it is one (ASGI, "WebSocket Denial Response")."""
    kind = "http.response" if scope["type"] == "http" else "websocket.http.response"
    body = f"refused: {refusal}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": f"{kind}.start", "status": 403, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


def _sending(send: Send, origin: bytes | None) -> Send:
    """Sends without the leave that MiniStack gives every page to read its answers: with leave for this one, or none."""

    async def send_without(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _for_page(message.get("headers", []), origin)}
        await send(message)

    return send_without


def _for_page(headers: Iterable[tuple[bytes, bytes]], origin: bytes | None) -> list[tuple[bytes, bytes]]:
    headers = [(name.lower(), value) for name, value in headers]
    if (b"access-control-allow-origin", b"*") not in headers:
        return headers
    if origin is None:
        return [(name, value) for name, value in headers if not name.startswith(b"access-control-")]
    rest = [(name, value) for name, value in headers if name != b"access-control-allow-origin"]
    return [*rest, (b"access-control-allow-origin", origin), (b"vary", b"Origin")]


def _has_own_cors(host: str, path: str) -> bool:
    return bool(_OWN_CORS_PATH.match(path) or _OWN_CORS_HOST.search(host))


def _host(read: dict[bytes, str]) -> str:
    return read.get(b"host", read.get(b":authority", "")).lower()


def _is_loopback(host: str) -> bool:
    """Whether `name` or `name:port` can only be this machine."""
    match = _HOST.fullmatch(host.lower())
    if not match:
        return False
    name = match[1]
    if name in ("127.0.0.1", "localhost") or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _port(host: str) -> int:
    """The port in `name:port`; of http where there is none."""
    match = _HOST.fullmatch(host)
    return int(match[2] or 80) if match else 0


def _origin(url: str) -> str | None:
    """The origin of an address, as a browser writes it; None if it has none."""
    match = re.match(r"(https?)://([^/?#]+)", url.lower())
    if not match or not _HOST.fullmatch(match[2]):
        return None
    scheme, host = match.groups()
    return f"{scheme}://{host.removesuffix(':80' if scheme == 'http' else ':443')}"
