"""Shapes of answers and events: which keys there are and of what types, without any value."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from typing import Any

from kit.target import Target

#: A word for each type, or what is inside: {key: shape}, [shape].
Shape = str | dict[str, Any] | list[Any]

#: The answers that handlers and tools read fields of. The rest is not kept: a listing tells what else is there.
ANSWERS = frozenset(
    {
        *("sqs.SendMessageBatch", "sqs.ReceiveMessage", "sqs.DeleteMessageBatch", "sns.PublishBatch"),
        *("lambda.Invoke", "lambda.GetFunctionConfiguration", "lambda.GetAccountSettings"),
        *("kinesis.PutRecords", "kinesis.DescribeStreamSummary", "events.PutEvents"),
        *("sfn.StartExecution", "sfn.DescribeExecution", "sfn.GetExecutionHistory"),
        *("dynamodb.BatchGetItem", "ssm.GetParametersByPath", "logs.FilterLogEvents", "iam.GetRole"),
    }
)


def shape_of(value: object) -> Shape:
    """The shape of a value of JSON, or of an answer of boto3. A list has the shape of all its items together."""
    if isinstance(value, Mapping):
        return {str(key): shape_of(each) for key, each in sorted(value.items(), key=lambda item: str(item[0]))}
    if isinstance(value, list | tuple):
        shapes: list[Shape] = [shape_of(each) for each in value]
        return [reduce(together, shapes)] if shapes else []
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, int | float):
        return "number"
    words = {str: "string", bytes: "bytes", datetime: "time"}
    return next((word for kind, word in words.items() if isinstance(value, kind)), "stream")


def together(first: Shape, second: Shape) -> Shape:
    """The shape that has what either has; where the two differ in type, both words."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {key: together(shape, second[key]) for key, shape in first.items() if key in second}
        return dict(sorted({**first, **second, **both}.items()))
    if isinstance(first, list) and isinstance(second, list):
        return [together(first[0], second[0])] if first and second else first or second
    if first == second:
        return first
    return " or ".join(sorted({*_words(first), *_words(second)}))


def _words(shape: Shape) -> list[str]:
    return shape.split(" or ") if isinstance(shape, str) else ["object" if isinstance(shape, dict) else "list"]


def record_answers(target: Target, kept: dict[str, Shape]) -> None:
    """From now on the shape of every answer of ANSWERS that the target's clients get is added to `kept`."""

    def keep(model: Any, parsed: Mapping[str, Any], **_: object) -> None:
        name = f"{model.service_model.service_id.hyphenize()}.{model.name}"
        if name in ANSWERS and "Error" not in parsed:
            shape = shape_of({key: value for key, value in parsed.items() if key != "ResponseMetadata"})
            kept[name] = together(kept[name], shape) if name in kept else shape

    target.session.events.register("after-call.*.*", keep)


def logged_event(line: str) -> dict[str, Any] | None:
    """The event that a function was given, out of a line in which Powertools has logged it; or None.

    Powertools for AWS Lambda, Logger, "Logging incoming event": with POWERTOOLS_LOGGER_LOG_EVENT=true the event is
    the `message` of a line of its own.
    """
    try:
        event = json.loads(line)["message"]
    except (ValueError, KeyError, TypeError):
        return None
    return event if isinstance(event, dict) else None
