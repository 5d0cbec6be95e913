"""What a stream and a delivery were made with comes back, so that a second plan has nothing to change."""

from aws import ROLE, Aws


def test_a_stream_keeps_the_tags_that_it_was_made_with(aws: Aws) -> None:
    name = aws.name("tagged")
    aws.kinesis.create_stream(StreamName=name, ShardCount=1, Tags={"lab": "orders"})
    assert aws.kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "lab", "Value": "orders"}]


def test_a_delivery_says_its_time_zone(aws: Aws) -> None:
    name = aws.name("delivery")
    aws.s3.create_bucket(Bucket=name)
    bucket = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{name}"}
    aws.firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=bucket)
    described = aws.firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    target = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert target["CustomTimeZone"] == "UTC"
