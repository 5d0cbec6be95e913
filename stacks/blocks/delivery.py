"""Firehose: every record of a stream, as objects in a bucket."""

from typing import Any

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_log_stream import CloudwatchLogStream
from cdktf_cdktf_provider_aws.kinesis_firehose_delivery_stream import (
    KinesisFirehoseDeliveryStream,
    KinesisFirehoseDeliveryStreamExtendedS3Configuration,
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptions,
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfiguration,
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessors,
    KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorsParameters,
    KinesisFirehoseDeliveryStreamKinesisSourceConfiguration,
)
from constructs import Construct

from stacks.blocks.bucket import Bucket
from stacks.blocks.function import LOG_RETENTION_DAYS
from stacks.blocks.role import ExecutionRole, allow
from stacks.blocks.stream import Stream
from stacks.lab import LabStack

#: Firehose API reference, BufferingHints: an object is written after so long, or at so much, whichever comes first.
BUFFER_S = 60
BUFFER_MB = 5
PREFIX, FAILED_PREFIX = "events/", "undelivered/"


class Delivery(Construct):
    """Delivers a stream to `events/` of a bucket: compressed, a record a line, in a folder for each hour (UTC).

    What it could not deliver is under `undelivered/`.
    """

    def __init__(self, lab: LabStack, id: str, *, stream: Stream, bucket: Bucket) -> None:
        super().__init__(lab, id)
        self.lab = lab
        self.bucket = bucket
        name = lab.name(id)
        self.role = ExecutionRole(lab, f"{id}-role", name=name, service="firehose.amazonaws.com")
        stream.grant_read(self.role)
        self._grant_delivery(bucket)
        self.resource = KinesisFirehoseDeliveryStream(
            self,
            "Default",
            name=name,
            destination="extended_s3",
            kinesis_source_configuration=KinesisFirehoseDeliveryStreamKinesisSourceConfiguration(
                kinesis_stream_arn=stream.arn, role_arn=self.role.arn
            ),
            extended_s3_configuration=KinesisFirehoseDeliveryStreamExtendedS3Configuration(
                bucket_arn=bucket.resource.arn,
                role_arn=self.role.arn,
                prefix=PREFIX + "!{timestamp:yyyy/MM/dd/HH}/",
                error_output_prefix=FAILED_PREFIX + "!{firehose:error-output-type}/",
                buffering_interval=BUFFER_S,
                buffering_size=BUFFER_MB,
                compression_format="GZIP",
                processing_configuration=_a_record_a_line(),
                cloudwatch_logging_options=self._logs(name),
            ),
            depends_on=self.role.grants or None,
        )

    def publish(self, port: str, **details: Any) -> None:
        """Publish the bucket, and where in it the records are, as a port of the lab."""
        self.lab.publish(port, "s3", bucket=self.bucket.name, prefix=PREFIX, **details)

    def _grant_delivery(self, bucket: Bucket) -> None:
        """Firehose Developer Guide, "Grant Firehose access to an Amazon S3 destination", without what others need."""
        uploads = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        listing = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        self.role.grant(
            f"deliver-to-{bucket.node.id}",
            allow(uploads, f"{bucket.resource.arn}/*"),
            allow(listing, bucket.resource.arn),
        )

    def _logs(self, name: str) -> KinesisFirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptions:
        """Where Firehose says why it could not deliver."""
        group = CloudwatchLogGroup(
            self, "logs", name=f"/aws/kinesisfirehose/{name}", retention_in_days=LOG_RETENTION_DAYS
        )
        stream = CloudwatchLogStream(self, "log-stream", name=name, log_group_name=group.name)
        self.role.grant("write-logs", allow(["logs:PutLogEvents"], f"{group.arn}:*"))
        return KinesisFirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptions(
            enabled=True, log_group_name=group.name, log_stream_name=stream.name
        )


def _a_record_a_line() -> KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfiguration:
    """Firehose Developer Guide, "Use a new line delimiter": without it, records stand end to end."""
    delimiter = KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorsParameters(
        parameter_name="Delimiter", parameter_value="\\n"
    )
    processor = KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessors(
        type="AppendDelimiterToRecord", parameters=[delimiter]
    )
    return KinesisFirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfiguration(
        enabled=True, processors=[processor]
    )
