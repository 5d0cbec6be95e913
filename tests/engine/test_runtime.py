"""How a function is loaded and run: what AWS's runtime says where that fails, what it is given, what it leaves."""

import json
import re
import time
from typing import Any

import pytest
from test_functions import arn, log_of, run_machine

from aws import Aws, packed

LOAD_ERRORS = {
    "a wrong handler's module": (
        {"code.py": ""},
        {"Handler": "index.handler"},
        ("Runtime.ImportModuleError", "Unable to import module 'index': No module named 'index'"),
    ),
    "a missing module": (
        {"code.py": "import pandas"},
        {},
        ("Runtime.ImportModuleError", "Unable to import module 'code': No module named 'pandas'"),
    ),
    "a wrong handler's name": (
        {"code.py": "def lambda_handler(event, context): pass"},
        {},
        ("Runtime.HandlerNotFound", "Handler 'handler' missing on module 'code'"),
    ),
    "a syntax error": (
        {"code.py": "def handler(event, context)\n    pass\n"},
        {},
        ("Runtime.UserCodeSyntaxError", "Syntax error in module 'code': expected ':' (code.py, line 1)"),
    ),
    "an exception while loading": (
        {"code.py": "import os\nTABLE = os.environ['TABLE']"},
        {},
        ("KeyError", "'TABLE'"),
    ),
}


@pytest.mark.parametrize("case", LOAD_ERRORS)
def test_a_function_that_cannot_be_loaded_says_why(aws: Aws, case: str) -> None:
    """In the answer, in the log, and by name for a workflow; and again at every invocation, as it may be mended."""
    files, settings, (name, message) = LOAD_ERRORS[case]
    function = aws.packaged(files, **settings)
    for _ in range(2):
        answer = aws.invoke(function)
        assert (answer["errorType"], answer["errorMessage"]) == (name, message)
    lines = aws.wait_for(lambda: log_of(aws, function, "[ERROR]"))
    assert len(lines) == 2
    assert lines[0].startswith(f"[ERROR] {name}: {message}\nTraceback (most recent call last):")
    end = run_machine(aws, {"Resource": arn(aws, function), "Catch": [{"ErrorEquals": [name], "Next": "caught"}]})
    assert end["status"] == "SUCCEEDED"


def test_a_function_is_loaded_once_it_can_be(aws: Aws) -> None:
    body = {"code.py": "import os\nTABLE = os.environ['TABLE']\ndef handler(event, context): return {'table': TABLE}"}
    function = aws.packaged(body)
    assert aws.invoke(function)["errorType"] == "KeyError"
    variables = {"Variables": {"TABLE": "orders"}}
    aws.lambda_.update_function_configuration(FunctionName=function, Environment=variables)
    assert aws.invoke(function) == {"table": "orders"}


def test_a_function_that_ends_while_it_is_loaded_says_so(aws: Aws) -> None:
    function = aws.packaged({"code.py": "import os\nprint('the end')\nos._exit(3)"})
    answer = aws.invoke(function)
    assert answer["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(r"RequestId: \S+ Error: Runtime exited with error: exit status 3", answer["errorMessage"])
    assert log_of(aws, function, "the end") and log_of(aws, function, "exit status 3")


def test_what_a_handler_raises_is_one_event_of_the_log(aws: Aws) -> None:
    function = aws.function("{}['x']")
    aws.invoke(function)
    (event,) = aws.wait_for(lambda: log_of(aws, function, "KeyError"))
    lines = event.splitlines()
    assert lines[:2] == ["[ERROR] KeyError: 'x'", "Traceback (most recent call last):"]
    assert re.fullmatch(r"\u00a0\u00a0File \"/var/task/code.py\", line \d+, in handler", lines[2])
    assert lines[3] == "\u00a0" * 4 + "{}['x']"


def test_bytes_are_the_answer_as_they_are(aws: Aws) -> None:
    function = aws.function("return b'plain text'")
    assert aws.lambda_.invoke(FunctionName=function)["Payload"].read() == b"plain text"


def test_decimals_are_numbers(aws: Aws) -> None:
    function = aws.function("from decimal import Decimal\nreturn {'price': Decimal('1.50'), 'count': Decimal('3')}")
    assert aws.invoke(function) == {"price": 1.5, "count": 3}


def test_too_much_memory_ends_the_environment(aws: Aws) -> None:
    function = aws.function("return len([bytearray(b'x') * (1 << 20) for _ in range(200)])", MemorySize=128)
    answer = aws.invoke(function)
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert log_of(aws, function, "signal: killed")


def test_the_report_says_how_much_memory_was_used(aws: Aws) -> None:
    large = aws.function("kept = bytearray(100 << 20)\nreturn len(kept)", MemorySize=256)
    small = aws.function("return 1", MemorySize=256)
    assert 100 < used(aws, large) < 256
    assert used(aws, small) < 100


def used(aws: Aws, function: str) -> int:
    aws.lambda_.invoke(FunctionName=function)["Payload"].read()
    (report,) = aws.wait_for(lambda: log_of(aws, function, "REPORT"))
    return int(re.findall(r"Max Memory Used: (\d+) MB", report)[0])


def test_tmp_is_the_environments_own(aws: Aws) -> None:
    body = "left = os.listdir('/tmp')\nopen('/tmp/mine', 'w').close()\nreturn {'left': left}"
    first, second = aws.function(body), aws.function(body)
    assert aws.invoke(first) == {"left": []}
    assert aws.invoke(second) == {"left": []}
    assert aws.invoke(first) == {"left": ["mine"]}, "kept while the environment is"


def test_the_size_of_tmp_is_the_functions(aws: Aws) -> None:
    body = "found = os.statvfs('/tmp')\nreturn {'mb': found.f_blocks * found.f_frsize >> 20}"
    assert aws.invoke(aws.function(body)) == {"mb": 512}
    assert aws.invoke(aws.function(body, EphemeralStorage={"Size": 1024})) == {"mb": 1024}


def test_everything_stands_where_aws_has_it(aws: Aws) -> None:
    layers = [layer(aws, python="one", shared="one"), layer(aws, both="two", shared="two")]
    body = (
        "import boto3, python, both, shared\nfound = {m.__name__: m.__file__ for m in (boto3, python, both, shared)}\n"
    )
    function = aws.function(body + "return {**found, 'code': __file__, 'shared is': shared.NAME}", Layers=layers)
    found = aws.invoke(function)
    assert found.pop("boto3") == "/var/runtime/boto3/__init__.py"
    assert found == {
        "python": "/opt/python/python.py",
        "both": "/opt/python/both.py",
        "shared": "/opt/python/shared.py",
        "code": "/var/task/code.py",
        "shared is": "two",
    }


def layer(aws: Aws, **modules: str) -> str:
    files = {f"python/{module}.py": f"NAME = '{name}'" for module, name in modules.items()}
    name = aws.name("layer")
    made = aws.lambda_.publish_layer_version(LayerName=name, Content={"ZipFile": packed(files)})
    return str(made["LayerVersionArn"])


def test_the_environment_is_aws_and_the_stacks(aws: Aws) -> None:
    variables = {"Variables": {"TABLE": "orders", "LOG_LEVEL": "DEBUG"}}
    found = aws.invoke(aws.function("return dict(os.environ)", Environment=variables))
    assert found["TABLE"] == "orders" and found["LOG_LEVEL"] == "DEBUG"
    assert found["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert found["LAMBDA_TASK_ROOT"] == "/var/task" and found["_HANDLER"] == "code.handler"
    allowed = r"AWS_\w+|LAMBDA_\w+|_\w+|PATH|PYTHONPATH|NODE_PATH|LANG|TZ|TABLE|LOG_LEVEL"
    assert [name for name in found if not re.fullmatch(allowed, name)] == []
    assert "AWS_SHARED_CREDENTIALS_FILE" not in found


def test_what_a_time_out_leaves_running_is_ended(corrected: Aws) -> None:
    """A child in a session of its own would go on counting; on AWS the environment ends, and with it all in it."""
    reports = corrected.queue()
    body = """
import subprocess
script = "import boto3, os, time; q = boto3.client('sqs')\\nwhile True:\\n    time.sleep(0.3)\\n"
script += "    q.send_message(QueueUrl=os.environ['REPORTS'], MessageBody='1')"
subprocess.Popen(['python3', '-c', script], start_new_session=True)
time.sleep(60)
"""
    function = corrected.function(body, reports, Timeout=3)
    assert "timed out" in corrected.invoke(function)["errorMessage"]
    time.sleep(0.5)
    told = reports.take_for(0.1)
    assert told, "it has run"
    assert reports.take_for(1.5) == []


NODE = (
    "exports.handler = async (event) => ({ root: process.env.LAMBDA_TASK_ROOT, tmp: require('fs').readdirSync('/tmp'), "
)
NODE += "home: require('fs').existsSync(event.home), opt: require('shared').name })"


def test_node_runs_in_a_box_too(aws: Aws) -> None:
    files = {"nodejs/node_modules/shared/index.js": "exports.name = 'layer'"}
    made = aws.lambda_.publish_layer_version(LayerName=aws.name("layer"), Content={"ZipFile": packed(files)})
    settings = {"Runtime": "nodejs20.x", "Handler": "index.handler", "Layers": [made["LayerVersionArn"]]}
    function = aws.packaged({"index.js": NODE}, **settings)
    payload = json.dumps({"home": str(aws.engine.folder)})
    answer = json.loads(aws.lambda_.invoke(FunctionName=function, Payload=payload)["Payload"].read())
    assert answer == {"root": "/var/task", "tmp": [], "home": False, "opt": "layer"}


BOOTSTRAP = """#!/usr/bin/env python3
import json, os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as answer:
        event, request = json.load(answer), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    told = {"root": os.environ["LAMBDA_TASK_ROOT"], "tmp": os.listdir("/tmp"), "home": os.path.exists(event["home"])}
    urllib.request.urlopen(f"{api}/{request}/response", json.dumps(told).encode())
"""


def test_a_custom_runtime_runs_in_a_box_too(aws: Aws) -> None:
    function = aws.packaged({"bootstrap": BOOTSTRAP}, Runtime="provided.al2023", Handler="any")
    payload = json.dumps({"home": str(aws.engine.folder)})
    answer = json.loads(aws.lambda_.invoke(FunctionName=function, Payload=payload)["Payload"].read())
    assert answer == {"root": "/var/task", "tmp": [], "home": False}


def test_other_runtimes_are_refused(aws: Aws) -> None:
    function = aws.packaged({"Main.class": ""}, Runtime="java21", Handler="Main::run")
    answer: dict[str, Any] = aws.invoke(function)
    assert answer["errorMessage"] == "the local engine runs functions in Python, Node.js and provided.*, not java21"


def test_a_load_that_does_not_end_is_given_up(corrected: Aws) -> None:
    """The bare engine would wait for ever. AWS gives a load 10 s, and then once more the function's own time."""
    function = corrected.packaged({"code.py": "import time\ntime.sleep(1000)"}, Timeout=1)
    answer = corrected.invoke(function)
    assert (answer["errorType"], answer["errorMessage"]) == ("Sandbox.Timedout", "Task timed out after 1.00 seconds")


def test_functions_that_call_each_other_for_ever_are_stopped(corrected: Aws) -> None:
    """AWS stops such a loop after about 16 rounds (Lambda Developer Guide, "Recursive loop detection")."""
    reports = corrected.queue()
    body = "tell(round=event)\nboto3.client('lambda').invoke(FunctionName=context.function_name, "
    body += "InvocationType='Event', Payload=json.dumps(event + 1))"
    function = corrected.function(body, reports)
    corrected.lambda_.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    corrected.lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=b"0")
    rounds = {report["round"] for report in reports.take_for(6)}
    assert rounds == set(range(len(rounds)))
    assert 10 < len(rounds) < 25


def test_a_function_does_not_read_what_the_engine_says(corrected: Aws) -> None:
    function = corrected.function("import sys\nreturn {'read': sys.stdin.read(), 'n': event['n']}")
    assert [corrected.invoke(function, {"n": n}) for n in (1, 2)] == [{"read": "", "n": 1}, {"read": "", "n": 2}]


def test_the_last_line_of_a_log_is_not_lost(corrected: Aws) -> None:
    """However busy the machine is: also without a line end, and after nothing was logged for a while."""
    function = corrected.function("print('line', event['n'], end='')")
    for n in range(60):
        corrected.lambda_.invoke(FunctionName=function, Payload=json.dumps({"n": n}))
    lines = [line for line in log_of(corrected, function, "line") if not line.startswith("START")]
    assert lines == [f"line {n}" for n in range(60)]
