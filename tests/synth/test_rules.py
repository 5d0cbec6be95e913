"""What holds for every lab, whatever it consists of."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from main import LABS
from stacks.blocks.workflow import LOG_ACTIONS

Synth = Callable[..., Any]
LAB_ROLE = "arn:aws:iam::${data.aws_caller_identity.caller.account_id}:role/LabRole"
KINDS = {"sqs", "lambda", "sns", "events", "events-archive", "dynamodb", "states"}
every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.lab)


def resources(stack: Any, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = stack["resource"].get(kind, {})
    return found


@every_lab
def test_labrole_means_no_iam_resource(lab: Any, synth: Synth) -> None:
    stack = synth(lab)
    assert not [kind for kind in stack["resource"] if kind.startswith("aws_iam")]
    for function in resources(stack, "aws_lambda_function").values():
        assert function["role"] == LAB_ROLE
    for workflow in resources(stack, "aws_sfn_state_machine").values():
        assert workflow["role_arn"] == LAB_ROLE


@every_lab
def test_dedicated_means_a_role_for_each_that_acts_without_wildcards(lab: Any, synth: Synth) -> None:
    stack = synth(lab, role="dedicated")
    targets = resources(stack, "aws_cloudwatch_event_target").values()
    acting = [
        *(function["role"] for function in resources(stack, "aws_lambda_function").values()),
        *(workflow["role_arn"] for workflow in resources(stack, "aws_sfn_state_machine").values()),
        *(target["role_arn"] for target in targets if "role_arn" in target),
        *(delivery["extended_s3_configuration"]["role_arn"] for delivery in deliveries(stack)),
    ]
    assert len(set(acting)) == len(resources(stack, "aws_iam_role")) == len(acting)
    for policy in resources(stack, "aws_iam_role_policy").values():
        for statement in json.loads(policy["policy"])["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            if statement["Action"] == LOG_ACTIONS:  # they know no resources
                continue
            # The streams of the function's own log group, and the objects of the lab's own bucket.
            assert "*" not in statement["Resource"].removesuffix("arn}:*").removesuffix("arn}/*")


def deliveries(stack: Any) -> list[Any]:
    return list(resources(stack, "aws_kinesis_firehose_delivery_stream").values())


@every_lab
def test_both_targets_get_the_same_stack_but_for_s3_addresses_and_state(lab: Any, synth: Synth) -> None:
    aws, local = synth(lab), synth(lab, endpoint="http://127.0.0.1:4566")
    assert local["provider"]["aws"][0].pop("s3_use_path_style") is True
    assert aws == local


@every_lab
def test_queues_are_encrypted_and_closed_to_plain_http(lab: Any, synth: Synth) -> None:
    for queue in resources(synth(lab), "aws_sqs_queue").values():
        assert queue["sqs_managed_sse_enabled"] is True
        denied = json.loads(queue["policy"])["Statement"][0]
        assert denied["Effect"] == "Deny" and denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@every_lab
def test_consumed_queues_have_a_dead_letter_queue_with_an_alarm(lab: Any, synth: Synth) -> None:
    stack = synth(lab)
    queues = resources(stack, "aws_sqs_queue")
    alarmed = {alarm["dimensions"]["QueueName"] for alarm in resources(stack, "aws_cloudwatch_metric_alarm").values()}
    functions = resources(stack, "aws_lambda_function")
    for mapping in resources(stack, "aws_lambda_event_source_mapping").values():
        assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
        if "aws_sqs_queue" not in mapping["event_source_arn"]:
            continue
        queue = queues[mapping["event_source_arn"].split(".")[1]]
        function = functions[mapping["function_name"].split(".")[1]]
        assert queue["visibility_timeout_seconds"] >= 6 * function["timeout"]
        redrive = json.loads(queue["redrive_policy"])
        assert redrive["maxReceiveCount"] == 5
        assert redrive["deadLetterTargetArn"].split(":")[-1] in alarmed


@every_lab
def test_streams_are_encrypted_and_their_consumers_never_stop_at_a_bad_record(lab: Any, synth: Synth) -> None:
    stack = synth(lab)
    for stream in resources(stack, "aws_kinesis_stream").values():
        assert stream["encryption_type"] == "KMS" and stream["kms_key_id"] == "alias/aws/kinesis"
    for mapping in resources(stack, "aws_lambda_event_source_mapping").values():
        if "aws_kinesis" not in mapping["event_source_arn"]:
            continue
        assert mapping["starting_position"] == "TRIM_HORIZON"
        assert mapping["bisect_batch_on_function_error"] is True
        retention_s = stream["retention_period"] * 3600
        assert (mapping["maximum_retry_attempts"], mapping["maximum_record_age_in_seconds"]) == (3, retention_s)
        failures = mapping["destination_config"]["on_failure"]["destination_arn"].split(".")[1]
        assert failures in resources(stack, "aws_sqs_queue")


@every_lab
def test_deliveries_are_compressed_and_say_what_they_could_not_deliver(lab: Any, synth: Synth) -> None:
    for delivery in deliveries(synth(lab)):
        target = delivery["extended_s3_configuration"]
        assert target["compression_format"] == "GZIP" and target["error_output_prefix"]
        assert target["cloudwatch_logging_options"]["enabled"] is True


@every_lab
def test_functions_have_limits_and_a_log_group_that_ends(lab: Any, synth: Synth) -> None:
    stack = synth(lab)
    logs = {group["name"]: group for group in resources(stack, "aws_cloudwatch_log_group").values()}
    for function in resources(stack, "aws_lambda_function").values():
        assert function["runtime"] == "python3.13"
        assert function["timeout"] and function["memory_size"]
        assert "reserved_concurrent_executions" not in function
        assert logs[f"/aws/lambda/{function['function_name']}"]["retention_in_days"] == 14


@every_lab
def test_buckets_are_private_encrypted_and_removable(lab: Any, synth: Synth) -> None:
    stack = synth(lab)
    for name, bucket in resources(stack, "aws_s3_bucket").items():
        assert bucket["force_destroy"] is True
        for kind in ("public_access_block", "server_side_encryption_configuration", "policy"):
            beside = resources(stack, f"aws_s3_bucket_{kind}").values()
            assert f"${{aws_s3_bucket.{name}.id}}" in [resource["bucket"] for resource in beside]


@every_lab
def test_tables_cost_nothing_while_nobody_uses_them(lab: Any, synth: Synth) -> None:
    for table in resources(synth(lab), "aws_dynamodb_table").values():
        assert table["billing_mode"] == "PAY_PER_REQUEST"


@every_lab
def test_everything_is_named_and_tagged_for_the_lab(lab: Any, synth: Synth) -> None:
    stack = synth(lab, prefix="ana")
    assert stack["provider"]["aws"][0]["default_tags"] == [{"tags": {"lab": lab.lab, "project": "serverless-labs"}}]
    for name in names(stack):
        logs = rf"/aws/(lambda|kinesisfirehose|vendedlogs/states)/ana-{lab.lab}-"
        assert re.match(rf"ana-{lab.lab}-|/ana/{lab.lab}/|{logs}|\${{", name), name


def names(stack: Any) -> Iterator[str]:
    for kind in stack["resource"].values():
        for resource in kind.values():
            yield from (resource[key] for key in ("name", "bucket", "function_name", "alarm_name") if key in resource)


KINDS = {"sqs", "lambda", "sns", "events", "events-archive", "dynamodb", "kinesis", "s3", "states"}


@every_lab
def test_ports_say_their_kind(lab: Any, synth: Synth) -> None:
    ports = resources(synth(lab), "aws_ssm_parameter")
    assert {"port-input", "port-output"} <= set(ports)
    for port in ports.values():
        assert json.loads(port["value"])["kind"] in KINDS
    assert json.loads(ports["port-input"]["value"])["example"]
