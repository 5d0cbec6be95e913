"""Stacks that are no labs keep the state of the laptop apart from that of AWS, and are on AWS what they were."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cdktf import App, DataResource, LocalBackend, S3Backend, TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider
from constructs import Construct

import main
import plain_stacks
import project
from stacks.plain import OVERRIDE, keep_states_apart

LAPTOP = "http://127.0.0.1:4630"


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of this test's own, for what cdktf and Terraform keep beside the program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(project, "LOCAL_DIR", tmp_path / ".local")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("LOCAL_AWS_PORT", "4630")
    return tmp_path


class Plain(TerraformStack):
    """A stack that Terraform applies without a provider; its output is there for other stacks."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        keep_as_cdktf_does(self)
        self.thing = DataResource(self, "thing", input={"is": "there"})
        TerraformOutput(self, "said", value=self.thing.id)


def keep_as_cdktf_does(stack: TerraformStack) -> None:
    """The backend that cdktf adds by itself, in this test's folder: cdktf would take that of its Node process."""
    folder = Path(App.of(stack).outdir).parent
    LocalBackend(stack, path=str(folder / f"terraform.{stack.node.id}.tfstate"))


def synth(checkout: Path, *stacks: Any, endpoint: str | None = None) -> Path:
    """Synthesize stacks (functions of the app) for a target; cdktf's output folder."""
    outdir = checkout / "cdktf.out"
    app = App(outdir=str(outdir))
    for stack in stacks:
        stack(app)
    app.synth()
    keep_states_apart(outdir, ["calculator"], endpoint)
    return outdir


def override(outdir: Path, stack: str) -> Any:
    return json.loads((outdir / "stacks" / stack / OVERRIDE).read_text())


def plain(app: App) -> TerraformStack:
    return Plain(app, "plain")


def test_on_aws_a_stack_is_as_it_is_written(checkout: Path) -> None:
    outdir = synth(checkout, plain_stacks.UploadStack, endpoint=LAPTOP)
    written = (outdir / "stacks" / "graded_lab" / "cdk.tf.json").read_bytes()
    assert override(outdir, "graded_lab")
    synth(checkout, plain_stacks.UploadStack)
    assert [path.name for path in (outdir / "stacks" / "graded_lab").glob("*.json")] == ["cdk.tf.json"]
    assert (outdir / "stacks" / "graded_lab" / "cdk.tf.json").read_bytes() == written


def test_on_the_laptop_the_state_is_that_of_the_endpoint(checkout: Path) -> None:
    def two_providers(app: App) -> None:
        stack = TerraformStack(app, "plain")
        S3Backend(stack, bucket="his", key="state")
        AwsProvider(stack, "aws")
        AwsProvider(stack, "west", alias="west", region="us-west-2")

    state = checkout / ".local" / "127.0.0.1-4630" / "terraform.plain.tfstate"
    assert override(synth(checkout, two_providers, endpoint=LAPTOP), "plain") == {
        "terraform": {"backend": {"local": {"path": str(state)}}},
        "provider": {"aws": [{"s3_use_path_style": True}, {"alias": "west", "s3_use_path_style": True}]},
    }


def test_the_app_does_so_for_all_but_its_labs(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def app_with_a_plain_stack(**options: Any) -> App:
        app = App(outdir=str(checkout / "cdktf.out"), **options)
        plain(app)
        return app

    monkeypatch.setattr(project, "ROOT", Path(main.__file__).parent)
    monkeypatch.setattr(main, "App", app_with_a_plain_stack)
    monkeypatch.setenv("AWS_ENDPOINT_URL", LAPTOP)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", project.EMULATOR_KEY)
    main.main()
    stacks = checkout / "cdktf.out" / "stacks"
    assert {path.parent.name for path in stacks.glob("*/cdk.tf.json")} > {"plain", "calculator"}
    assert [path.parent.name for path in stacks.glob(f"*/{OVERRIDE}")] == ["plain"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed")
def test_what_is_destroyed_on_one_target_lives_on_the_other(checkout: Path) -> None:
    def reader(app: App) -> None:
        first = Plain(app, "plain")
        second = TerraformStack(app, "reader")
        keep_as_cdktf_does(second)
        DataResource(second, "copy", input={"first": first.thing.id})

    def at(endpoint: str | None, *words: str) -> None:
        outdir = synth(checkout, reader, endpoint=endpoint)
        for stack in ("plain", "reader") if words[0] == "apply" else ("reader", "plain"):
            terraform(outdir / "stacks" / stack, "init", "-input=false")
            terraform(outdir / "stacks" / stack, *words, "-auto-approve", "-input=false")

    laptop = {
        stack: checkout / ".local" / "127.0.0.1-4630" / f"terraform.{stack}.tfstate" for stack in ("plain", "reader")
    }
    aws = {stack: checkout / f"terraform.{stack}.tfstate" for stack in ("plain", "reader")}
    at(LAPTOP, "apply")
    assert managed(laptop["plain"]) == managed(laptop["reader"]) == 1 and not aws["plain"].exists()
    at(None, "apply")
    at(None, "destroy")
    assert managed(aws["plain"]) == managed(aws["reader"]) == 0
    assert managed(laptop["plain"]) == managed(laptop["reader"]) == 1
    at(LAPTOP, "destroy")
    assert managed(laptop["plain"]) == managed(laptop["reader"]) == 0


def terraform(folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["terraform", *words], cwd=folder, env={**os.environ, "CHECKPOINT_DISABLE": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def managed(state: Path) -> int:
    return sum(resource["mode"] == "managed" for resource in json.loads(state.read_text())["resources"])


def write_state(path: Path, *accounts: str) -> str:
    """A state that holds a queue in each of the accounts."""
    resources = [
        {
            "mode": "managed",
            "type": "aws_sqs_queue",
            "name": f"q{number}",
            "instances": [{"attributes": {"arn": f"arn:aws:sqs:us-east-1:{account}:q{number}"}}],
        }
        for number, account in enumerate(accounts)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 4, "resources": resources}))
    return path.read_text()


ENGINE, AWS = "000000000000", "147552475298"


@pytest.mark.parametrize("endpoint", [LAPTOP, None])
def test_a_state_of_the_laptop_goes_to_the_laptops_folder(checkout: Path, endpoint: str | None) -> None:
    own = checkout / "terraform.plain.tfstate"
    content = write_state(own, ENGINE, ENGINE)
    state = checkout / ".local" / "127.0.0.1-4630" / "terraform.plain.tfstate"
    write_state(state)  # as a destroy leaves it
    synth(checkout, plain, endpoint=endpoint)
    assert (state.read_text(), own.exists()) == (content, False)


@pytest.mark.parametrize("endpoint", [LAPTOP, None])
def test_a_state_of_aws_stays_where_it_is(checkout: Path, endpoint: str | None) -> None:
    own = checkout / "terraform.plain.tfstate"
    content = write_state(own, AWS)
    synth(checkout, plain, endpoint=endpoint)
    assert own.read_text() == content
    assert not (checkout / ".local" / "127.0.0.1-4630" / "terraform.plain.tfstate").exists()


def test_a_state_in_a_place_of_his_own_is_taken_over_too(checkout: Path) -> None:
    content = write_state(checkout / "cdktf.out" / "stacks" / "plain" / "his.tfstate", ENGINE)
    synth(checkout, lambda app: LocalBackend(TerraformStack(app, "plain"), path="his.tfstate"), endpoint=LAPTOP)
    assert (checkout / ".local" / "127.0.0.1-4630" / "terraform.plain.tfstate").read_text() == content


@pytest.mark.parametrize("endpoint", [LAPTOP, None])
def test_a_state_of_both_is_refused(checkout: Path, endpoint: str | None) -> None:
    own = checkout / "terraform.plain.tfstate"
    content = write_state(own, ENGINE, AWS)
    with pytest.raises(project.ProjectError, match=r"^plain: .*`terraform state rm aws_sqs_queue.q0`$"):
        synth(checkout, plain, endpoint=endpoint)
    assert own.read_text() == content


def test_two_states_of_the_laptop_are_refused(checkout: Path) -> None:
    own, state = (
        checkout / "terraform.plain.tfstate",
        checkout / ".local" / "127.0.0.1-4630" / "terraform.plain.tfstate",
    )
    contents = write_state(own, ENGINE), write_state(state, ENGINE, ENGINE)
    with pytest.raises(project.ProjectError, match="are both of the local engine"):
        synth(checkout, plain, endpoint=LAPTOP)
    assert (own.read_text(), state.read_text()) == contents
