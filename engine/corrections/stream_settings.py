"""What a stream was created with comes back.

AWS keeps the tags of CreateStream (Kinesis API reference) and describes a delivery stream with its time zone, UTC by
default (Firehose API reference, ExtendedS3DestinationDescription). MiniStack drops the tags and does not say the time
zone: a second plan wants to change both.
"""

from typing import Any

from ministack.services import firehose, kinesis

DEFAULT_TIME_ZONE = "UTC"


def apply() -> None:
    create, describe = kinesis._create_stream, firehose._dest_description

    def create_stream(data: dict[str, Any]) -> Any:
        answer = create(data)
        if answer[0] == 200:
            kinesis._streams[data["StreamName"]]["tags"].update(data.get("Tags", {}))
        return answer

    def dest_description(dest: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = describe(dest)
        for name in ("ExtendedS3DestinationDescription", "S3DestinationDescription"):
            if name in answer:
                answer[name]["CustomTimeZone"] = dest["config"].get("CustomTimeZone", DEFAULT_TIME_ZONE)
        return answer

    kinesis._create_stream, firehose._dest_description = create_stream, dest_description
