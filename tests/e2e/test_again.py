"""Deploying again what is deployed: there is nothing to change, and no drift."""

import shlex
import shutil

import pytest

from main import LABS
from shell import Shell
from stacks.lab import LabStack


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.lab)
def test_every_lab_answers_its_own_example(labs: Shell, lab: type[LabStack]) -> None:
    assert labs.records("send_message.py", lab.lab, "--example", "--wait", "60")


def test_a_second_deployment_typed_by_hand_says_no_changes(labs: Shell) -> None:
    """`cdktf deploy` in a shell that took its environment from `local_aws.py env`; on AWS, in any shell."""
    environ = dict(labs.environ)
    if labs.port:
        lines = labs.run(["scripts/local_aws.py", "env"], labs.environ).stdout.splitlines()
        words = [shlex.split(line) for line in lines if line.startswith("export ")]
        environ |= dict(word.split("=", 1) for _, word in words)
    npx = shutil.which("npx")
    assert npx
    done = labs.run([npx, "cdktf", "deploy", "*", "--auto-approve"], environ)
    assert done.stdout.count("No changes.") == len(LABS)
