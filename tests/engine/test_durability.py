"""What was accepted before the engine was killed is there when it starts again."""

import os
import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from aws import Aws, saved


def kill(aws: Aws) -> None:
    assert aws.engine.pid
    os.killpg(aws.engine.pid, signal.SIGKILL)


def bodies(aws: Aws, url: str, count: int) -> list[str]:
    taken: list[str] = []
    deadline = time.monotonic() + aws.patience_s
    while len(taken) < count and time.monotonic() < deadline:
        for message in aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken.append(message["Body"])
    return taken


def records(aws: Aws, stream: str) -> list[str]:
    (shard,) = aws.kinesis.list_shards(StreamName=stream)["Shards"]
    iterator = aws.kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return [record["Data"].decode() for record in aws.kinesis.get_records(ShardIterator=iterator)["Records"]]


def test_everything_accepted_under_load_survives_a_kill(aws: Aws) -> None:
    queue, fanned_out, stream = aws.queue(), aws.queue(), aws.stream()
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=fanned_out.arn, Attributes=raw)
    queue.send(["before"])
    saved(aws)
    accepted: list[str] = []

    def load() -> None:
        try:
            for number in range(100_000):
                text = str(number)
                aws.sqs.send_message(QueueUrl=queue.url, MessageBody=text)
                aws.sns.publish(TopicArn=topic, Message=text)
                aws.kinesis.put_record(StreamName=stream, Data=text.encode(), PartitionKey="k")
                accepted.append(text)
        except (BotoCoreError, ClientError):
            pass

    sender = threading.Thread(target=load)
    sender.start()
    time.sleep(2)
    aws.wait_for(lambda: len(accepted) > 50)  # on a busy machine that takes longer
    kill(aws)
    sender.join()
    aws.engine.start()
    assert len(accepted) > 50
    # One more of each may have been accepted whose answer the kill cut off.
    assert set(bodies(aws, queue.url, len(accepted) + 1)) >= {"before", *accepted}
    assert set(bodies(aws, fanned_out.url, len(accepted))) >= set(accepted)
    assert records(aws, stream)[: len(accepted)] == accepted


def test_an_event_source_goes_on_after_a_kill(aws: Aws) -> None:
    queue, stream, reports = aws.queue(), aws.stream(), aws.queue()
    function = aws.function("tell(batch=bodies(event))", reports)
    aws.map(function, queue.arn)
    aws.map(function, aws.stream_arn(stream), StartingPosition="TRIM_HORIZON")
    saved(aws)
    kill(aws)
    aws.engine.start()
    queue.send(["queued"])
    aws.put(stream, "streamed")
    assert sorted(text for report in reports.take(2) for text in report["batch"]) == ["queued", "streamed"]


def test_a_purged_or_recreated_queue_stays_empty(corrected: Aws) -> None:
    queue = corrected.queue()
    saved(corrected)
    queue.send(["a", "b"])
    corrected.sqs.purge_queue(QueueUrl=queue.url)
    queue.send(["c"])
    kill(corrected)
    corrected.engine.start()
    assert bodies(corrected, queue.url, 1) == ["c"]
    assert bodies(Aws(corrected.engine, 0.5), queue.url, 1) == []


def test_a_stop_leaves_no_journal(corrected: Aws) -> None:
    queue = corrected.queue()
    queue.send(["a"])
    corrected.engine.stop()
    assert [path.stat().st_size for path in (corrected.engine.folder / "state").glob("journal.*")] == [0]
    corrected.engine.start()
    assert bodies(corrected, queue.url, 1) == ["a"]


def test_a_reset_forgets_the_journal_too(corrected: Aws) -> None:
    queue = corrected.queue()
    saved(corrected)
    queue.send(["a"])
    corrected.engine.reset()
    kill(corrected)
    corrected.engine.start()
    assert not corrected.sqs.list_queues().get("QueueUrls")


def delete(folder: Path) -> None:
    """Delete a folder in which somebody is still writing."""
    shutil.rmtree(folder.rename(folder.with_suffix(".deleted")))


def test_an_engine_whose_state_is_deleted_saves_it_again(aws: Aws) -> None:
    queue = aws.queue()
    saved(aws)
    delete(aws.engine.folder / "state")
    queue.send(["a"])
    saved(aws)
    assert "was deleted while the engine ran" in aws.engine.log.read_text()
    kill(aws)
    aws.engine.start()
    assert bodies(aws, queue.url, 1) == ["a"]


def test_an_engine_whose_folder_is_deleted_can_still_be_stopped(aws: Aws) -> None:
    queue = aws.queue()
    saved(aws)
    pid = aws.engine.pid
    assert pid
    delete(aws.engine.folder)
    try:
        queue.send(["a"])
        assert aws.wait_for(lambda: aws.engine.pid) == pid
    except AssertionError:
        os.killpg(pid, signal.SIGKILL)
        raise
    aws.engine.stop()
    aws.engine.start()
    assert bodies(aws, queue.url, 1) == ["a"]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits the files of a running process")
def test_what_cannot_be_written_down_is_refused(aws: Aws) -> None:
    """A process whose files may not grow stands for a full disk: the system refuses each of its writes."""
    queue, fanned_out, stream = aws.queue(), aws.queue(), aws.stream()
    topic = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=fanned_out.arn, Attributes=raw)
    saved(aws)
    sqs, sns, kinesis = (aws.once(name) for name in ("sqs", "sns", "kinesis"))
    accepted: dict[str, list[str]] = {"sent": [], "published": [], "put": []}
    ways: dict[str, Callable[[str], Any]] = {
        "sent": lambda text: sqs.send_message(QueueUrl=queue.url, MessageBody=text),
        "published": lambda text: sns.publish(TopicArn=topic, Message=text),
        "put": lambda text: kinesis.put_record(StreamName=stream, Data=text.encode(), PartitionKey="k"),
    }
    for text, most_bytes in (("before", -1), ("full", 0), ("still full", 0), ("room again", -1), ("full again", 0)):
        assert aws.engine.pid
        resource.prlimit(aws.engine.pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
        for name, send in ways.items():
            try:
                send(text)
            except ClientError as refused:
                assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 503
                assert "the local engine cannot write down" in refused.response["Error"]["Message"]
            else:
                accepted[name].append(text)
    kill(aws)
    aws.engine.start()
    assert set(bodies(aws, queue.url, len(accepted["sent"]))) >= set(accepted["sent"])
    assert set(bodies(aws, fanned_out.url, len(accepted["published"]))) >= set(accepted["published"])
    assert set(records(aws, stream)) >= set(accepted["put"])
    assert accepted == {name: ["before", "room again"] for name in ways}
