"""The engine's doors as they stand: what comes in through each, by real requests; who may is in tests/unit."""

import http.client
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from aws import Aws, Queue
from engine.process import Engine, EngineError, free_port

PAGE = "http://127.0.0.1:8800"
EVIL = "http://evil.example"


@pytest.fixture(scope="module", autouse=True)
def allowed_page() -> Iterator[None]:
    """The engines of this file allow one page. Their environment is this process's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_ALLOWED_ORIGINS", PAGE)
        yield


@pytest.fixture(scope="module")
def queue(aws: Aws) -> Queue:
    return aws.queue()


def ask(aws: Aws, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPResponse:
    """The answer, its body not read; `_` in names of headers stands for `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", aws.engine.port, timeout=20)
    connection.request(method, path, body or None, {name.replace("_", "-"): text for name, text in headers.items()})
    return connection.getresponse()


@pytest.fixture(
    params=[
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Referer": "http://127.0.0.1:1/"},
    ],
    ids=["origin", "sandboxed", "rebound", "image", "local-page"],
)
def foreign(request: pytest.FixtureRequest) -> dict[str, str]:
    return dict(request.param)


def test_a_foreign_page_changes_nothing(aws: Aws, queue: Queue, foreign: dict[str, str]) -> None:
    queue.send(["kept"])
    bucket = aws.name("bucket")
    aws.s3.create_bucket(Bucket=bucket)
    function = {"FunctionName": "evil", "Runtime": "python3.13", "Handler": "code.handler", "Role": "evil", "Code": {}}
    answers = [
        ask(aws, "GET", f"/?Action=PurgeQueue&QueueUrl={queue.url}", **foreign),
        ask(aws, "POST", "/2015-03-31/functions", json.dumps(function), **foreign),
        ask(aws, "POST", "/_ministack/config", '{"stepfunctions._SFN_WAIT_SCALE": 0}', **foreign),
        ask(aws, "PUT", f"/{bucket}/page.html", "evil", **foreign),
        ask(aws, "OPTIONS", f"/{bucket}/page.html", **foreign, Access_Control_Request_Method="PUT"),
        ask(aws, "GET", "/_aws/execute-api/0a1b2c3d/$default/", **foreign),
    ]
    assert [answer.status for answer in answers] == [403] * len(answers)
    for answer in answers:
        assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control-")]
        assert answer.read().decode().startswith("refused: ")
    assert len(queue.messages()) == 1
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=bucket)


def test_a_foreign_page_does_not_make_it_forget(aws: Aws, foreign: dict[str, str]) -> None:
    """On the bare engine it forgets everything."""
    name = aws.queue().name
    assert ask(aws, "POST", "/_ministack/reset", "text", **foreign).status == 403
    assert name in aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]


def test_a_foreign_page_opens_no_websocket(corrected: Aws, foreign: dict[str, str]) -> None:
    # On the bare engine there is no such API, and so no socket: the page in a browser shows the difference.
    headers = {name.replace("_", "-"): text for name, text in foreign.items() if name != "Host"}
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(
            f"ws://127.0.0.1:{corrected.engine.port}/_aws/execute-api/0a1b2c3d/dev",
            additional_headers={**headers, **({"Origin": EVIL} if "Host" in foreign else {})},
        ),
    ):
        pass
    assert refused.value.response.status_code == 403
    assert b"refused: " in (refused.value.response.body or b"")


def test_an_allowed_page_may_read_what_it_is_answered_and_no_other(aws: Aws, queue: Queue) -> None:
    asked = ask(aws, "OPTIONS", f"/{queue.name}", Origin=PAGE, Access_Control_Request_Method="PUT")
    assert (asked.status, asked.getheader("Access-Control-Allow-Origin")) == (200, PAGE)
    listed = ask(aws, "GET", "/?Action=ListQueues", Origin=PAGE)
    assert (listed.status, listed.getheader("Access-Control-Allow-Origin"), listed.getheader("Vary")) == (
        200,
        PAGE,
        "Origin",
    )
    assert ask(aws, "GET", "/?Action=ListQueues").getheader("Access-Control-Allow-Origin") is None


def test_an_api_says_itself_which_pages_read_its_answers(corrected: Aws) -> None:
    """As on AWS: what a function answers arrives unchanged, also to a program."""
    open_to_all = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "hello"}
    function = corrected.function(f"return {open_to_all!r}")
    arn = corrected.lambda_.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    api = corrected.apigatewayv2.create_api(Name="open", ProtocolType="HTTP", Target=arn)["ApiId"]
    integration = corrected.apigatewayv2.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    corrected.apigatewayv2.create_route(ApiId=api, RouteKey="GET /", Target=f"integrations/{integration}")
    corrected.apigatewayv2.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)
    for path, headers in (
        (f"/_aws/execute-api/{api}/dev/", {}),
        (f"/_aws/execute-api/{api}/dev/", {"Origin": PAGE}),
        ("/dev/", {"Host": f"{api}.execute-api.localhost:{corrected.engine.port}"}),
    ):
        answer = ask(corrected, "GET", path, **headers)
        assert (answer.status, answer.getheader("Access-Control-Allow-Origin")) == (200, "*")
        assert answer.read() == b"hello"


def test_programs_come_in_by_all_names(corrected: Aws) -> None:
    """What SDKs, Terraform and curl send; the tests of the labs use the rest."""
    port, name = corrected.engine.port, corrected.name("photos")
    corrected.s3.create_bucket(Bucket=name)
    signed = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    by_name = {"Host": f"{name}.s3.localhost:{port}"}
    assert ask(corrected, "PUT", "/cat.txt", "cat", **by_name).status == 200
    assert ask(corrected, "GET", "/cat.txt", **by_name).read() == b"cat"
    of_aws = {"Host": f"{name}.s3.us-east-1.amazonaws.com"}
    assert ask(corrected, "GET", "/cat.txt", **of_aws).status == 403
    assert ask(corrected, "GET", "/cat.txt", **of_aws, Authorization=signed).read() == b"cat"
    url = corrected.s3.generate_presigned_url("get_object", {"Bucket": name, "Key": "cat.txt"})
    typed = urllib.request.Request(url, headers={"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"})
    with urllib.request.urlopen(typed) as answer:
        assert answer.read() == b"cat"


def test_the_option_says_what_is_wrong_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LAB_ALLOWED_ORIGINS", "*")
    with pytest.raises(EngineError, match=r"LAB_ALLOWED_ORIGINS: expected addresses like http://127.0.0.1:8800, not"):
        Engine(free_port(), tmp_path).start()


def test_a_page_that_is_refused_does_not_fill_the_log(corrected: Aws) -> None:
    long = {"Origin": f"http://{'x' * 5000}.example"}

    def lines() -> list[str]:
        return [line for line in corrected.engine.log.read_text().splitlines() if "/full/" in line]

    asked, began = 0, time.monotonic()
    while asked < 300 or not lines():
        assert ask(corrected, "GET", f"/full/{asked}/{'x' * 5000}", **long).status == 403
        asked += 1
    assert len(lines()) <= time.monotonic() - began + 2
    assert max(map(len, lines())) < 1000
