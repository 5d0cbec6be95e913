"""CloudWatch DescribeAlarms answers a query-protocol client in full.

AWS (CloudWatch API reference, MetricAlarm): every setting of an alarm comes back. MiniStack stores them all, and
returns them to clients that speak JSON or CBOR, but leaves out a dozen of them in XML, which the Terraform provider
speaks: every second plan wants to change every alarm. Here the XML is written from AWS's own model of the answer.
"""

import json
from datetime import datetime, timezone
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ListShape, Shape, StructureShape
from ministack.services import cloudwatch


def apply() -> None:
    original = cloudwatch._describe_alarms
    shape = (
        botocore.session.get_session().get_service_model("cloudwatch").operation_model("DescribeAlarms").output_shape
    )

    def describe_alarms(params: dict[str, Any], cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if is_cbor or is_json:
            return original(params, cbor_data, is_cbor, is_json)
        status, _, body = original({}, _as_json(params), False, True)
        if status != 200:
            return original(params, cbor_data, is_cbor, is_json)
        result = _xml(shape, json.loads(body))
        return cloudwatch._xml(200, "DescribeAlarmsResponse", f"<DescribeAlarmsResult>{result}</DescribeAlarmsResult>")

    cloudwatch._describe_alarms = describe_alarms


def _as_json(params: dict[str, Any]) -> dict[str, Any]:
    """The query protocol's `AlarmNames.member.1=x` as the JSON protocol's `{"AlarmNames": ["x"]}`."""
    request: dict[str, Any] = {}
    for key in sorted(params, key=lambda key: [int(part) if part.isdigit() else 0 for part in key.split(".")]):
        value = params[key][0] if isinstance(params[key], list) else params[key]
        name, *rest = key.split(".")
        if rest:
            request.setdefault(name, []).append(value)
        else:
            request[name] = value
    return request


def _xml(shape: Shape, value: Any) -> str:
    """`value` in the query protocol's XML (Smithy, "AWS query protocol")."""
    if isinstance(shape, StructureShape):
        return "".join(
            f"<{name}>{_xml(member, value[name])}</{name}>"
            for name, member in shape.members.items()
            if value.get(name) not in (None, "")
        )
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_xml(shape.member, item)}</member>" for item in value)
    if shape.type_name == "boolean":
        return "true" if value in (True, "true", "True") else "false"
    if shape.type_name == "timestamp" and isinstance(value, int | float):
        return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(str(value))
