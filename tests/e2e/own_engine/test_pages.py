"""Real pages in a real browser at the engine's doors: what each may do, by every way in that a page has."""

import base64
import http.server
import io
import json
import os
import threading
import urllib.parse
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from kit.engines import engine_on
from kit.target import Target

import browser
from engine.process import Engine, free_port
from engine.student_account import ROLE

SCRIPT = (Path(__file__).parent / "attempts.js").read_text()
#: How long everything together may take on a slow machine.
WAIT_S = 120
#: The ways in that leave something on the engine, and those by which a page reads something.
LEAVE = {
    *("fetch", "fetch-post", "fetch-blind", "fetch-blind-post", "function", "function-blind", "put"),
    *("presigned-put", "presigned-post", "api", "api-post", "api-by-name", "image", "image-api", "script", "style"),
    *("frame", "frame-api", "form", "form-post", "link", "socket"),
}
READ = {"get", "get-by-name", "presigned-get", "api", "api-post", "api-by-name"}
#: Says in the queue under which name it was called: the end of the path, or a WebSocket's `name`.
TELLS = """
import boto3, os
def handler(event, context):
    name = event.get("rawPath", "").rpartition("/")[2] or event["queryStringParameters"]["name"]
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=name)
    return {"statusCode": 200, "body": "the secret", "headers": {"Access-Control-Allow-Origin": "*"}}
"""


class Pages(http.server.BaseHTTPRequestHandler):
    """An empty page; `/to?ADDRESS` sends the browser on to another."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.send_response(302 if path == "/to" else 200)
        if path == "/to":
            self.send_header("Location", urllib.parse.unquote(query))
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None: ...


@pytest.fixture(scope="module")
def command() -> str:
    found = browser.find()
    if not found:
        assert not os.environ.get("CI"), "CI installs Chromium; see .ci/run"
        pytest.skip("there is no Chromium on this machine")
    return found


@pytest.fixture(scope="module")
def pages_port() -> Iterator[int]:
    """Where any page is served, under any name."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def running(pages_port: int, bare: bool) -> Iterator["Account"]:
    """An engine with what pages are after. It allows the page at 127.0.0.1, and not that at localhost."""
    port = free_port()
    engine = Engine(port, engine_on(port).folder, bare=bare)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_ALLOWED_ORIGINS", f"http://127.0.0.1:{pages_port}")
        engine.start()
    try:
        yield Account(engine)
    finally:
        engine.stop()
        engine.remove()


@pytest.fixture(scope="module")
def account(command: str, pages_port: int) -> Iterator["Account"]:
    yield from running(pages_port, bare=False)


@pytest.fixture
def bare_account(command: str, pages_port: int) -> Iterator["Account"]:
    yield from running(pages_port, bare=True)


@pytest.fixture
def page(command: str, tmp_path: Path) -> Iterator[browser.Browser]:
    page = browser.Browser(command, tmp_path / "browser")
    yield page
    page.close()


@dataclass(frozen=True)
class Account:
    engine: Engine

    def client(self, service: str) -> Any:
        return Target(local=True, endpoint=self.engine.url, region="us-east-1", prefix="lab").client(service)

    @cached_property
    def found(self) -> dict[str, Any]:
        """What the page is told about it, as it is made."""
        queue = self.client("sqs").create_queue(QueueName="names")["QueueUrl"]
        s3 = self.client("s3")
        s3.create_bucket(Bucket="names")
        s3.put_object(Bucket="names", Key="secret.txt", Body=b"the secret", ContentType="text/plain")
        s3.put_object(Bucket="names", Key="page.html", Body=b"<title>own</title>", ContentType="text/html")
        function = self.client("lambda").create_function(
            FunctionName="tells",
            Runtime="python3.13",
            Handler="code.handler",
            Role=f"arn:aws:iam::000000000000:role/{ROLE}",
            Code={"ZipFile": _zipped(TELLS)},
            Environment={"Variables": {"QUEUE": queue}},
            Timeout=20,
        )["FunctionArn"]
        cors = {"AllowOrigins": ["*"], "AllowMethods": ["*"], "AllowHeaders": ["*"]}
        return {
            "engine": self.engine.url,
            "port": self.engine.port,
            "queue": queue,
            "bucket": "names",
            "api": self._api(function, "$default", Name="http", ProtocolType="HTTP", CorsConfiguration=cors),
            "socketApi": self._api(
                function, "$connect", Name="socket", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body"
            ),
            "code": base64.b64encode(_zipped("")).decode(),
            "presigned": self.presigned(),
        }

    def presigned(self) -> dict[str, Any]:
        s3 = Target(local=True, endpoint=self.engine.url, region="us-east-1", prefix="lab").session.client(
            "s3", endpoint_url=self.engine.url, config=Config(signature_version="s3v4", s3={"addressing_style": "path"})
        )
        put = {"Bucket": "names", "Key": "presigned-put", "ContentType": "text/csv"}
        return {
            "get": s3.generate_presigned_url("get_object", {"Bucket": "names", "Key": "secret.txt"}),
            "put": s3.generate_presigned_url("put_object", put),
            "post": s3.generate_presigned_post("names", "presigned-post"),
        }

    def _api(self, function: str, route: str, **settings: Any) -> str:
        gateway = self.client("apigatewayv2")
        api = str(gateway.create_api(**settings)["ApiId"])
        integration = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        gateway.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{integration}")
        gateway.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)
        return api

    def taken(self) -> set[str]:
        """The names that attempts have left since the last time."""
        left = set()
        sqs, s3, functions = self.client("sqs"), self.client("s3"), self.client("lambda")
        queue = self.found["queue"]
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                left.add(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        keys = {one["Key"] for one in s3.list_objects_v2(Bucket="names")["Contents"]} - {"secret.txt", "page.html"}
        for key in keys:
            s3.delete_object(Bucket="names", Key=key)
        names = {one["FunctionName"] for one in functions.list_functions()["Functions"]} - {"tells"}
        for name in names:
            functions.delete_function(FunctionName=name)
        return left | keys | names


def _zipped(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", code)
    return packed.getvalue()


def tried(page: browser.Browser, account: Account, engine: str = "") -> dict[str, str]:
    """What the page could read, having tried everything."""
    known = json.dumps({**account.found, **({"engine": engine} if engine else {})})
    page.run(f"{SCRIPT}; attempts({known}).then((read) => {{ window.read = read; }}); 0")
    read: dict[str, str] = page.wait("window.read", WAIT_S)
    return read


def opened(page: browser.Browser, url: str) -> None:
    page.open(url)
    page.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")


def sandboxed(page: browser.Browser, account: Account) -> dict[str, str]:
    """The same for a frame in this page that has no origin of its own."""
    script = f"{SCRIPT}; attempts({json.dumps(account.found)}).then((read) => parent.postMessage(read, '*'))"
    encoded = base64.b64encode(script.encode()).decode()
    page.run(f"""{{
        addEventListener("message", (event) => {{ window.read = event.data; }}, {{ once: true }});
        const frame = document.createElement("iframe");
        frame.sandbox = "allow-scripts allow-forms";
        frame.srcdoc = `<script src="data:text/javascript;base64,{encoded}"></` + `script>`;
        document.documentElement.append(frame);
    }}""")
    read: dict[str, str] = page.wait("window.read", WAIT_S)
    return read


def read_by(attempts: dict[str, str]) -> set[str]:
    return {name for name, text in attempts.items() if "the secret" in text}


def test_without_doors_any_page_gets_in(page: browser.Browser, bare_account: Account, pages_port: int) -> None:
    """The attempts are real, and this is what the doors are for."""
    opened(page, f"http://evil.example:{pages_port}/")
    attempts = tried(page, bare_account)
    assert (bare_account.taken(), read_by(attempts)) == (LEAVE, READ)
    page.run(f"fetch('{bare_account.engine.url}/_ministack/reset', {{method: 'POST', mode: 'no-cors', body: 'text'}})")
    assert not bare_account.client("sqs").list_queues().get("QueueUrls")


@pytest.mark.parametrize("kind", ["evil", "other-port", "sandboxed", "rebound"])
def test_a_foreign_page_leaves_nothing_and_reads_nothing(
    page: browser.Browser, account: Account, pages_port: int, kind: str
) -> None:
    """Of another site, of another port of this machine, of no origin, and of a name that points to the engine."""
    rebound = f"http://rebound.example:{account.engine.port}"
    urls = {"evil": f"http://evil.example:{pages_port}", "rebound": rebound}
    opened(page, urls.get(kind, f"http://localhost:{pages_port}"))
    if kind == "sandboxed":
        attempts = sandboxed(page, account)
    else:
        attempts = tried(page, account, rebound if kind == "rebound" else account.engine.url)
    assert (account.taken(), read_by(attempts)) == (set(), set())
    assert attempts.keys() >= READ  # it did try
    base = rebound if kind == "rebound" else account.engine.url
    page.run(f"fetch('{base}/_ministack/reset', {{method: 'POST', mode: 'no-cors', body: 'text'}}).catch(() => 0)")
    assert account.client("sqs").list_queues()["QueueUrls"] == [account.found["queue"]]


@pytest.mark.parametrize("kind", ["allowed", "own"])
def test_a_page_that_is_allowed_and_one_of_the_engine_may_do_everything(
    page: browser.Browser, account: Account, pages_port: int, kind: str
) -> None:
    assert account.found
    own = f"{account.engine.url}/names/page.html"
    opened(page, own if kind == "own" else f"http://127.0.0.1:{pages_port}/")
    attempts = tried(page, account, account.engine.url)
    assert (account.taken(), read_by(attempts)) == (LEAVE, READ)
    page.run(f"fetch('{account.engine.url}/_ministack/reset', {{method: 'POST'}}).catch(() => 0)")
    assert account.client("sqs").list_queues()["QueueUrls"] == [account.found["queue"]]


def test_an_address_that_is_typed_may_look_and_not_act(
    page: browser.Browser, account: Account, pages_port: int
) -> None:
    """Also one that sends the browser on, as a link in a mail may: the engine sees no difference."""
    opened(page, account.found["presigned"]["get"])
    assert page.run("document.body.innerText") == "the secret"
    action = {"Action": "SendMessage", "QueueUrl": account.found["queue"], "MessageBody": "typed"}
    url = f"{account.engine.url}/?{urllib.parse.urlencode(action)}"
    for address in (url, f"http://evil.example:{pages_port}/to?{urllib.parse.quote(url, safe='')}"):
        page.open("about:blank")
        page.open(address)
        page.wait("document.body?.innerText.includes('cannot call an action')")
    page.open("about:blank")
    page.open(f"{account.engine.url}/_ministack/health")
    page.wait("document.body?.innerText.includes('not for browsers')")
    assert account.taken() == set()


def test_a_link_of_a_foreign_page_leads_nowhere(page: browser.Browser, account: Account, pages_port: int) -> None:
    """As a whole page, not in a frame."""
    opened(page, f"http://evil.example:{pages_port}/")
    url = json.dumps(account.found["presigned"]["get"])
    link = f"Object.assign(document.body.appendChild(document.createElement('a')), {{href: {url}}})"
    page.run(f"setTimeout(() => {link}.click()); 0")
    page.wait("document.body?.innerText.includes('takes nothing from other pages')")
