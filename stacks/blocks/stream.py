"""A Kinesis stream, encrypted, and its consumers: functions with retries that end, and failures that are kept."""

from typing import Any

from cdktf_cdktf_provider_aws.kinesis_stream import KinesisStream, KinesisStreamStreamModeDetails
from cdktf_cdktf_provider_aws.kinesis_stream_consumer import KinesisStreamConsumer
from cdktf_cdktf_provider_aws.lambda_event_source_mapping import (
    LambdaEventSourceMapping,
    LambdaEventSourceMappingDestinationConfig,
    LambdaEventSourceMappingDestinationConfigOnFailure,
)
from constructs import Construct

from stacks.blocks.function import Function
from stacks.blocks.queue import DeadLetterQueue
from stacks.blocks.role import ExecutionRole, allow
from stacks.lab import LabStack

#: Kinesis Developer Guide, "Quotas and limits": the default, and 7 days, the most before long-term retention.
MIN_RETENTION_H, MAX_RETENTION_H = 24, 168
#: Lambda Developer Guide, "Kinesis parameters": the default; the most is 10,000, and a batch ends at 6 MB as well. A
#: record may be an aggregate of many events, so that a batch of more would take longer than a function may.
BATCH_SIZE = 100
#: Same page: without a bound, a record that always fails would block its shard until it expires.
MAX_RETRIES = 3
#: What reading takes (Kinesis Developer Guide, "Controlling access": policies for consumers).
READ = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)


class Stream(Construct):
    """A stream, encrypted with Kinesis's own key. `retention_h` is in hours.

    A shard takes 1 MB/s and 1,000 records/s; without a number of `shards` the stream has as many as it needs
    (on demand).
    """

    def __init__(self, lab: LabStack, id: str, *, shards: int | None = 1, retention_h: int = MIN_RETENTION_H) -> None:
        super().__init__(lab, id)
        self.lab = lab
        self.name = lab.name(id)
        self.retention_h = retention_h
        mode = "PROVISIONED" if shards else "ON_DEMAND"
        self.resource = KinesisStream(
            self,
            "Default",
            name=self.name,
            shard_count=shards,
            stream_mode_details=KinesisStreamStreamModeDetails(stream_mode=mode),
            retention_period=retention_h,
            encryption_type="KMS",
            kms_key_id="alias/aws/kinesis",
            # Registered consumers would keep `cdktf destroy` from deleting it.
            enforce_consumer_deletion=True,
        )
        self.arn = self.resource.arn

    def grant_read(self, role: ExecutionRole) -> None:
        """Allow the role to read all records."""
        role.grant(f"read-from-{self.node.id}", allow(list(READ), self.arn))

    def grant_put(self, role: ExecutionRole) -> None:
        """Allow the role to put records on the stream."""
        role.grant(f"put-on-{self.node.id}", allow(["kinesis:PutRecords"], self.arn))

    def consumed_by(
        self, function: Function, *, failures: DeadLetterQueue, enhanced_fan_out: bool = False
    ) -> LambdaEventSourceMapping:
        """Hand all records to the function, in batches, in order per partition key.

        A batch that fails is halved until the bad record is alone; after three retries the place of that record in the
        stream goes to `failures`. None is too old while the stream has it: a consumer that was paused goes on where it
        stopped. With `enhanced_fan_out` the function has 2 MB/s of each shard for itself.
        """
        source = self.arn
        self.grant_read(function.role)
        if enhanced_fan_out:
            consumer = KinesisStreamConsumer(function, "enhanced-fan-out", name=function.name, stream_arn=self.arn)
            subscribe = ["kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer"]
            function.role.grant("subscribe-to-shards", allow(subscribe, consumer.arn))
            source = consumer.arn
        failures.grant_send(function)
        return LambdaEventSourceMapping(
            function,
            "event-source",
            event_source_arn=source,
            function_name=function.resource.arn,
            starting_position="TRIM_HORIZON",  # nothing that was put before the mapping works is passed over
            batch_size=BATCH_SIZE,
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=MAX_RETRIES,
            maximum_record_age_in_seconds=self.retention_h * 3600,
            function_response_types=["ReportBatchItemFailures"],
            destination_config=LambdaEventSourceMappingDestinationConfig(
                on_failure=LambdaEventSourceMappingDestinationConfigOnFailure(destination_arn=failures.resource.arn)
            ),
            depends_on=function.role.grants or None,
        )

    def publish(self, port: str, **details: Any) -> None:
        """Publish the stream as a port of the lab."""
        self.lab.publish(port, "kinesis", stream=self.name, **details)
