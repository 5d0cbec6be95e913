"""The promise of fastsynth: the same `cdktf.out`, byte for byte, as stock. A stock synth takes a while.

`assert_identical_synth` serves any cdktf program; a project can call it with its own main.py.
"""

import filecmp
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

PROGRAM = """
from cdktf import App, AssetType, Fn, TerraformAsset, TerraformOutput, TerraformStack
import cdktf_cdktf_provider_aws as aws
from cdktf_cdktf_provider_aws import dynamodb_table, iam_role, s3_bucket
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import LambdaEventSourceMapping
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction, LambdaFunctionEnvironment
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue


class Shared(TerraformStack):
    def __init__(self, scope, id):
        super().__init__(scope, id)
        AwsProvider(self, "aws", region="us-east-1", default_tags=[{"tags": {"project": "fixture"}}])
        me = DataAwsCallerIdentity(self, "me")
        self.topic = aws.sns_topic.SnsTopic(self, "topic", name=f"topic-{me.account_id}")
        self.table = dynamodb_table.DynamodbTable(
            self, "table", name="table", hash_key="id", billing_mode="PAY_PER_REQUEST",
            attribute=[dynamodb_table.DynamodbTableAttribute(name="id", type="S")],
        )
        TerraformOutput(self, "account", value=me.account_id)


class Worker(TerraformStack):
    def __init__(self, scope, id, shared):
        super().__init__(scope, id)
        AwsProvider(self, "aws", region="us-east-1")
        code = TerraformAsset(self, "code", path="code.txt", type=AssetType.FILE)
        bucket = s3_bucket.S3Bucket(self, "bucket", bucket_prefix="code-", force_destroy=True)
        thing = aws.s3_object.S3Object(self, "object", bucket=bucket.id, key=code.file_name, source=code.path)
        trust = Fn.jsonencode({"Version": "2012-10-17"})
        role = iam_role.IamRole(self, "role", name="role", assume_role_policy=trust)
        function = LambdaFunction(
            self, "function", function_name="function", role=role.arn, runtime="python3.13", handler="h.h",
            s3_bucket=bucket.id, s3_key=thing.key,
            environment=LambdaFunctionEnvironment(variables={"TABLE": shared.table.name}),
        )
        queue = SqsQueue(self, "queue", name="queue", visibility_timeout_seconds=60)
        LambdaEventSourceMapping(
            self, "source", event_source_arn=queue.arn, function_name=function.arn, batch_size=5
        )
        aws.sns_topic_subscription.SnsTopicSubscription(
            self, "subscription", topic_arn=shared.topic.arn, protocol="sqs", endpoint=queue.arn
        )


app = App()
Worker(app, "worker", Shared(app, "shared"))
app.synth()
"""


def assert_identical_synth(program: Path, folder: Path, environment: Mapping[str, str]) -> Path:
    """Synthesize `program` stock and fast, compare every file, and return the folder of the stock output.

    `environment` has fastsynth on its PYTHONPATH. Both runs write to `folder`/cdktf.out, because the path
    of a local backend in the output is absolute.
    """
    output = folder / "cdktf.out"
    runs: dict[str, tuple[list[str], str]] = {"stock": ([], "off"), "fast": (["-m", "fastsynth"], "on")}
    for name, (runner, switch) in runs.items():
        done = subprocess.run(
            [sys.executable, *runner, str(program)],
            cwd=program.parent,
            env={**environment, "CDKTF_OUTDIR": str(output), "FASTSYNTH": switch},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        assert "using the stock path" not in done.stderr
        output.rename(folder / name)
    assert differences(folder / "stock", folder / "fast") == []
    return folder / "stock"


def differences(one: Path, other: Path) -> list[str]:
    """The relative paths of the files that only one folder has, or whose bytes differ."""
    files = {file.relative_to(top) for top in (one, other) for file in top.rglob("*") if file.is_file()}
    _, unequal, missing = filecmp.cmpfiles(one, other, sorted(map(os.fspath, files)), shallow=False)
    return sorted(unequal + missing)


def test_differences_sees_what_differs(tmp_path: Path) -> None:
    for folder, text in (("a", "same size 1"), ("b", "same size 2")):
        (tmp_path / folder / "sub").mkdir(parents=True)
        (tmp_path / folder / "equal").write_text("equal")
        (tmp_path / folder / "sub" / "changed").write_text(text)
    (tmp_path / "b" / "only here").touch()
    assert differences(tmp_path / "a", tmp_path / "b") == ["only here", str(Path("sub", "changed"))]
    assert differences(tmp_path / "a", tmp_path / "a") == []


@pytest.mark.slow
def test_fixture_program(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "main.py").write_text(PROGRAM)
    (tmp_path / "cdktf.json").write_text("{}")  # cdktf looks for relative asset paths beside it
    (tmp_path / "code.txt").write_text("print('a file asset')\n")
    stock = assert_identical_synth(tmp_path / "main.py", tmp_path, environment)
    written = {file.name for file in stock.rglob("*") if file.is_file()}
    assert {"manifest.json", "cdk.tf.json", "code.txt"} <= written
    assert {folder.name for folder in (stock / "stacks").iterdir()} == {"shared", "worker"}


LOOK_AROUND = """
import cdktf_cdktf_provider_aws as aws, jsii
before = dir(aws)
from cdktf_cdktf_provider_aws import *
print(before == dir(aws), len(before), before, [name for name in aws.__all__ if name not in globals()])
print(sorted(jsii._reference_map._types), sorted(jsii._reference_map._interfaces))
"""


@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_whole_package_looks_like_the_stock_one(
    python: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    stock = python("-c", LOOK_AROUND)
    fast = python("-c", "import fastsynth; fastsynth.enable()\n" + LOOK_AROUND)
    assert fast.stdout == stock.stdout
    assert fast.stdout.startswith("True 21")
