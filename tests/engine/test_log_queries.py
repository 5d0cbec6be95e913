"""Queries of CloudWatch Logs Insights: answered as asked, or refused."""

import time

import pytest
from botocore.exceptions import ClientError

from aws import Aws

LINES = ("one", "two", "three")


def log_group(aws: Aws) -> str:
    """A log group with three lines, one second apart."""
    group = aws.name("group")
    aws.logs.create_log_group(logGroupName=group)
    aws.logs.create_log_stream(logGroupName=group, logStreamName="stream")
    began = int(time.time() * 1000) - 10_000
    events = [{"timestamp": began + 1000 * at, "message": line} for at, line in enumerate(LINES)]
    aws.logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=events)
    return group


def ask(aws: Aws, group: str, query: str, **settings: str) -> list[str]:
    """The messages that a query brings."""
    now = int(time.time())
    started = aws.logs.start_query(
        logGroupName=group, startTime=now - 60, endTime=now + 1, queryString=query, **settings
    )
    rows = aws.logs.get_query_results(queryId=started["queryId"])["results"]
    return [cell["value"] for row in rows for cell in row if cell["field"] == "@message"]


@pytest.mark.parametrize(
    "stage",
    [
        "stats count(*) by bin(5m)",
        "parse @message '* *' as a, b",
        "filter level = 'ERROR'",
        "filter @message like 'one'",
        "filter @message like /(/",
        "filter @message like /one/ and @logStream = 'stream'",
        "dedup @message",
        "display @message",
        "fields strlen(@message) as length",
        "limit 1 | sort @timestamp desc",
        "# how many?",
    ],
)
def test_what_the_engine_cannot_answer_is_refused(aws: Aws, stage: str) -> None:
    with pytest.raises(ClientError) as refused:
        ask(aws, log_group(aws), stage)
    assert refused.value.response["Error"]["Code"] == "MalformedQueryException"
    assert "the local engine" in refused.value.response["Error"]["Message"]


def test_another_query_language_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError, match="does not know the query language SQL"):
        ask(aws, log_group(aws), "SELECT count(*) FROM logs", queryLanguage="SQL")


@pytest.mark.parametrize(
    "query, found",
    [
        ("fields @timestamp, @message | sort @timestamp desc | limit 2", ["three", "two"]),
        ("fields @message\n| filter @message like /^T/i\n| sort @timestamp asc", ["two", "three"]),
        ("filter @message = 'one'", ["one"]),
        ("filter @message like /a|b|n/", ["one"]),
        ("filter @logStream = 'other'", []),
        ("", list(LINES)),
    ],
)
def test_what_it_knows_it_answers(corrected: Aws, query: str, found: list[str]) -> None:
    assert ask(corrected, log_group(corrected), query) == found
