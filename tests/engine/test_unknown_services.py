"""What the engine does not have, it says in the protocol of whoever asks."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws import Aws


@pytest.mark.parametrize(
    "service, protocol, operation, request_",
    [
        ("comprehend", "json", "detect_sentiment", {"Text": "good", "LanguageCode": "en"}),
        ("polly", "rest-json", "describe_voices", {}),
        ("xray", "rest-json", "get_groups", {}),
        ("redshift", "query", "describe_clusters", {}),
        ("compute-optimizer-automation", "smithy-rpc-v2-cbor", "get_enrollment_configuration", {}),
    ],
)
def test_a_service_that_is_not_there(
    aws: Aws, service: str, protocol: str, operation: str, request_: dict[str, Any]
) -> None:
    client = aws.once(service)
    assert client.meta.service_model.metadata["protocol"] == protocol
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**request_)
    error = refused.value.response["Error"]
    assert error["Message"] == f"the local engine has no service {client.meta.service_model.signing_name}"
    assert error["Code"] == ("InvalidAction" if protocol == "query" else "UnknownOperationException")


def test_an_action_that_a_service_does_not_have(corrected: Aws) -> None:
    for ask in (
        corrected.logs.describe_query_definitions,  # JSON
        lambda: corrected.sns.get_data_protection_policy(ResourceArn="arn:aws:sns:us-east-1:000000000000:t"),  # query
        corrected.cloudwatch.list_metric_streams,  # CBOR
        lambda: corrected.apigateway.get_documentation_versions(restApiId="x"),  # REST with JSON
    ):
        with pytest.raises(ClientError, match="nknown"):
            ask()
