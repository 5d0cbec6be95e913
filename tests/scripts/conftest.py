"""What the tests of the scripts share: real processes, and endpoints that answer as AWS would."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import project

SCRIPTS = project.ROOT / "scripts"


@pytest.fixture
def tool(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a script in an environment without any AWS configuration but the one given.

    `redirect` is the end of a shell's command line, such as `>/dev/full`, `before` what comes in front of it.
    """

    def run(
        script: str, *arguments: str, stdin: str | bytes = "", redirect: str = "", before: str = "", **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        ours = ("AWS_", "LOCAL_AWS", "LAB_", "NODE_OPTIONS")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        # Nothing answers at the discard service's port.
        nothing = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "LOCAL_AWS_PORT": "9"}
        done = subprocess.run(
            ["/bin/sh", "-c", f'{before}exec "$@" {redirect}', "sh", sys.executable, str(SCRIPTS / script), *arguments],
            env={**clean, **nothing, **environ},
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=120,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return run


@pytest.fixture
def stub() -> Iterator[Callable[..., str]]:
    """An endpoint that answers each request with what a function of its body says: status, content type, body."""
    servers: list[http.server.HTTPServer] = []

    def start(answer: Callable[[str], tuple[int, str, str]]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                status, content_type, text = answer(self.rfile.read(length).decode())
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *arguments: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def proxy() -> Iterator[tuple[dict[str, str], list[bytes]]]:
    """The variables that make a listener the proxy for everything, and the beginning of all that was sent to it."""
    received: list[bytes] = []

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                received.append(connection.recv(200))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        variables = dict.fromkeys([*names, *map(str.upper, names)], url)
        yield {**variables, "NO_PROXY": "", "no_proxy": ""}, received
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


class QueueService:
    """An SQS with one queue that holds what it is given, and the SSM that names it as the ports of the calculator.

    With `moved`, the messages came from a queue whose consumer had failed on each three times.
    """

    def __init__(self, *bodies: str, moved: bool = False) -> None:
        self.moved = moved
        self.bodies = {f"id-{number}": body for number, body in enumerate(bodies)}
        self.looks: dict[str, int] = dict.fromkeys(self.bodies, 0)
        self.hidden: set[str] = set()
        #: Whether what is sent is answered at once, in the same queue.
        self.replies = False

    def answer(self, request: str) -> tuple[int, str, str]:
        asked = json.loads(request)
        if "Path" in asked:
            port = json.dumps({"kind": "sqs", "url": "http://queue"})
            names = ("input", "output", "rejected")
            found: object = {"Parameters": [{"Name": f"/lab/calculator/{name}", "Value": port} for name in names]}
        elif "MaxNumberOfMessages" in asked:
            names = asked["MessageSystemAttributeNames"]
            found = {"Messages": [self._received(id, names) for id in self._visible()[: asked["MaxNumberOfMessages"]]]}
        elif "QueueName" in asked:
            found = {"QueueUrl": f"http://{asked['QueueName']}"}
        elif "AttributeNames" in asked:
            assert asked["QueueUrl"] == "http://input"
            found = {"Attributes": {"RedrivePolicy": json.dumps({"maxReceiveCount": 3})}}
        elif "VisibilityTimeout" in asked["Entries"][0]:
            self.hidden -= {entry["ReceiptHandle"] for entry in asked["Entries"]}
            found = {}
        elif "ReceiptHandle" in asked["Entries"][0]:
            for entry in asked["Entries"]:
                del self.bodies[entry["ReceiptHandle"]]
            found = {}
        else:
            sent = {entry["Id"]: f"id-{len(self.bodies) + int(entry['Id'])}" for entry in asked["Entries"]}
            if self.replies:
                self.bodies |= {id: json.dumps({"correlation_id": id}) for id in sent.values()}
                self.looks |= dict.fromkeys(sent.values(), 0)
            found = {"Successful": [{"Id": id, "MessageId": sent[id], "MD5OfMessageBody": ""} for id in sent]}
        return 200, "application/x-amz-json-1.0", json.dumps(found)

    def _visible(self) -> list[str]:
        return [id for id in self.bodies if id not in self.hidden]

    def _received(self, id: str, names: list[str]) -> dict[str, Any]:
        self.hidden.add(id)
        self.looks[id] += 1
        count = 4 * self.moved + self.looks[id]  # the fourth time it is moved instead
        attributes = {"SentTimestamp": "1000", "ApproximateReceiveCount": str(count)}
        if self.moved:
            attributes["DeadLetterQueueSourceArn"] = "arn:aws:sqs:us-east-1:000000000000:input"
        attributes = {name: value for name, value in attributes.items() if name in names}
        return {"MessageId": id, "ReceiptHandle": id, "Body": self.bodies[id], "Attributes": attributes}


@pytest.fixture
def queue(stub: Callable[..., str]) -> Callable[..., tuple[QueueService, str]]:
    """A queue with these bodies in it, and its address."""

    def start(*bodies: str, moved: bool = False) -> tuple[QueueService, str]:
        service = QueueService(*bodies, moved=moved)
        return service, stub(service.answer)

    return start
