"""What the engine would take and forget: refused when it is made, in words that name the engine."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws import ROLE, Aws

ACCOUNT = "us-east-1:000000000000"
QUEUE = f"arn:aws:sqs:{ACCOUNT}:queue"
TABLE = f"arn:aws:dynamodb:{ACCOUNT}:table/t/stream/2025-01-01T00:00:00.000"
TOPIC = f"arn:aws:sns:{ACCOUNT}:topic"


def refusal(make: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        make()
    assert refused.value.response["Error"]["Code"] in ("ValidationException", "BadRequestException")
    return str(refused.value.response["Error"]["Message"])


@pytest.mark.parametrize(
    "arn",
    [f"arn:aws:logs:{ACCOUNT}:log-group:/aws/events/all", f"arn:aws:firehose:{ACCOUNT}:deliverystream/all"],
)
def test_a_rule_with_a_target_that_it_does_not_reach(aws: Aws, arn: str) -> None:
    name = aws.name("rule")
    aws.events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    said = refusal(lambda: aws.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, "RoleArn": ROLE}]))
    assert said.startswith("the local engine delivers no events to ")
    assert aws.events.list_targets_by_rule(Rule=name)["Targets"] == []


@pytest.mark.parametrize(
    "target, words",
    [
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": "{}"}, "calls no sqs:sendMessage"),
        ({"Arn": f"arn:aws:ecs:{ACCOUNT}:cluster/c"}, "does not run ecs by schedule"),
        (
            {
                "Arn": f"arn:aws:events:{ACCOUNT}:event-bus/default",
                "EventBridgeParameters": {"DetailType": "t", "Source": "s"},
            },
            "does not know EventBridgeParameters",
        ),
    ],
)
def test_a_schedule_with_a_target_that_it_does_not_reach(aws: Aws, target: dict[str, Any], words: str) -> None:
    settings = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    name = aws.name("schedule")
    wanted = {**settings, "Target": {**target, "RoleArn": ROLE}}
    assert words in refusal(lambda: aws.scheduler.create_schedule(Name=name, **wanted))
    aws.scheduler.create_schedule(Name=name, **settings, Target={"Arn": QUEUE, "RoleArn": ROLE})
    assert words in refusal(lambda: aws.scheduler.update_schedule(Name=name, **wanted))


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"Source": QUEUE, "Target": TOPIC}, "no pipes from sqs"),
        ({"Source": TABLE, "Target": QUEUE}, "no pipes to sqs"),
        ({"Enrichment": f"arn:aws:lambda:{ACCOUNT}:function:f"}, "the enrichment"),
        ({"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}}, "the filters"),
        ({"TargetParameters": {"InputTemplate": "<$.dynamodb>"}}, "the input template"),
    ],
)
def test_a_pipe_that_delivers_nothing_or_something_else(aws: Aws, settings: dict[str, Any], words: str) -> None:
    wanted = {"Source": TABLE, "Target": TOPIC, "RoleArn": ROLE, **settings}
    assert words in refusal(lambda: aws.pipes.create_pipe(Name=aws.name("pipe"), **wanted))


def method(aws: Aws) -> dict[str, str]:
    """A method of a new REST API, without an integration."""
    api = aws.apigateway.create_rest_api(name=aws.name("api"))["id"]
    root = aws.apigateway.get_resources(restApiId=api)["items"][0]["id"]
    aws.apigateway.put_method(restApiId=api, resourceId=root, httpMethod="POST", authorizationType="NONE")
    return {"restApiId": api, "resourceId": root, "httpMethod": "POST"}


@pytest.mark.parametrize(
    "service", ["states:action/StartExecution", "events:action/PutEvents", "dynamodb:action/Query"]
)
def test_a_rest_api_with_a_service_that_it_does_not_reach(aws: Aws, service: str) -> None:
    uri = f"arn:aws:apigateway:us-east-1:{service}"
    integration = {"type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE}
    there = method(aws)
    said = refusal(lambda: aws.apigateway.put_integration(**there, **integration, uri=uri))
    assert said.startswith(f"the local engine has no integration with {service}: ")
    queue = "arn:aws:apigateway:us-east-1:sqs:path/000000000000/queue"
    aws.apigateway.put_integration(**there, **integration, uri=queue)
    change = [{"op": "replace", "path": "/uri", "value": uri}]
    assert said == refusal(lambda: aws.apigateway.update_integration(**there, patchOperations=change))


def test_an_http_api_with_a_service(aws: Aws) -> None:
    api = aws.apigatewayv2.create_api(Name=aws.name("api"), ProtocolType="HTTP")["ApiId"]
    integration = {"IntegrationType": "AWS_PROXY", "IntegrationSubtype": "SQS-SendMessage", "CredentialsArn": ROLE}
    said = refusal(lambda: aws.apigatewayv2.create_integration(ApiId=api, PayloadFormatVersion="1.0", **integration))
    assert said.startswith("the local engine has no integration SQS-SendMessage")


def test_what_is_reached_is_not_refused(corrected: Aws) -> None:
    corrected.pipes.create_pipe(
        Name=corrected.name("pipe"),
        Source=TABLE,
        Target=TOPIC,
        RoleArn=ROLE,
        SourceParameters={"DynamoDBStreamParameters": {"StartingPosition": "LATEST"}},
    )
    uri = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:{ACCOUNT}:function:f/invocations"
    )
    corrected.apigateway.put_integration(**method(corrected), type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api = corrected.apigatewayv2.create_api(Name=corrected.name("api"), ProtocolType="HTTP")["ApiId"]
    corrected.apigatewayv2.create_integration(
        ApiId=api,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="GET",
        IntegrationUri="http://127.0.0.1:1/",
        PayloadFormatVersion="1.0",
    )
