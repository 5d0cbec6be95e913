"""A second opinion: Checkov, which knows nothing of this project, finds only what is listed here with a reason."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.inventory import LABS

import kept

#: Findings that stay, by Checkov's number of the check, and why. One that does not occur any more must go.
EXCEPTIONS = {
    "CKV_AWS_18": "access logs of a bucket would need a second bucket that outlives the lab",
    "CKV_AWS_21": "the buckets hold code that every deployment uploads anew; versions would outlive a destroy",
    "CKV_AWS_28": "what a lab's table holds is worth as much as the lab; backups cost",
    "CKV_AWS_50": "LabRole is not trusted by X-Ray, and the local engine has no X-Ray",
    "CKV_AWS_115": "a Learner Lab refuses reserved concurrency; the event sources are bounded instead",
    "CKV_AWS_116": "event source mappings, rules and workflows keep what failed in queues of their own",
    "CKV_AWS_117": "the functions reach nothing in a VPC; a NAT gateway would cost 32 USD a month",
    "CKV_AWS_119": "tables are encrypted with the key that AWS owns; a key of one's own costs 1 USD a month",
    "CKV_AWS_144": "the code of a lab needs no copy in another region",
    "CKV_AWS_145": "buckets are encrypted with S3's key; a key of one's own costs 1 USD a month",
    "CKV_AWS_158": "log groups are encrypted with CloudWatch's key; a key of one's own costs 1 USD a month",
    "CKV_AWS_173": "the variables hold names and addresses, no secrets, and are encrypted with Lambda's key",
    "CKV_AWS_272": "signing needs a signing profile, which a Learner Lab does not have",
    "CKV_AWS_284": "LabRole is not trusted by X-Ray; the history of an execution says more",
    "CKV_AWS_338": "logs of a course of some weeks end after 14 days",
    "CKV2_AWS_34": "the parameters publish names and addresses, no secrets",
    "CKV2_AWS_61": "the buckets are emptied and deleted with the lab",
    "CKV2_AWS_62": "nothing has to happen when code is uploaded",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkov() -> Path:
    """The folder of Checkov's command."""
    return kept.commands("checkov==3.3.30")


def scan(checkov: Path, folder: Path) -> dict[str, Any]:
    options = ["--framework", "terraform_json", "--skip-download", "--quiet", "--compact", "--output", "json"]
    command = [str(checkov / "python"), str(checkov / "checkov"), "--directory", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    result: dict[str, Any] = json.loads(done.stdout)
    assert not result["results"].get("parsing_errors")
    return result


def test_checkov_finds_nothing_but_the_exceptions(checkov: Path, synthesized: Callable[[str], Path]) -> None:
    found: dict[str, set[str]] = {}
    for context in ("", "role=dedicated"):
        result = scan(checkov, synthesized(context))
        assert result["summary"]["passed"] > 100  # it has seen the stacks
        for finding in result["results"]["failed_checks"]:
            if Path(finding["file_path"]).parent.name not in LABS:  # a stack of the user's own
                continue
            place = f"{finding['check_name']}: {finding['file_path']} {finding['resource']}"
            found.setdefault(finding["check_id"], set()).add(place)
    assert {check: places for check, places in found.items() if check not in EXCEPTIONS} == {}
    assert set(EXCEPTIONS) - set(found) == set(), "these exceptions are not needed any more"


def test_checkov_would_see_a_public_queue(checkov: Path, synthesized: Callable[[str], Path], tmp_path: Path) -> None:
    content = json.loads((synthesized("") / "stacks" / "calculator" / "cdk.tf.json").read_text())
    content["resource"]["aws_sqs_queue"]["output"]["sqs_managed_sse_enabled"] = False
    (tmp_path / "cdk.tf.json").write_text(json.dumps(content))
    failed = scan(checkov, tmp_path)["results"]["failed_checks"]
    assert [each["resource"] for each in failed if each["check_id"] == "CKV_AWS_27"] == ["resource.output"]
