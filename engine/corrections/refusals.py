"""What the engine would take and then forget is refused when it is made.

On AWS each of these delivers. MiniStack stores them, and nothing ever arrives, or something else does; a deployment
passes, and a student looks for the fault in code that has none. The refusal is an error of the service, in its form,
so that Terraform shows it beside the resource. docs/local-engine.md lists what is refused, and what is not done though
it is not refused.
"""

from collections.abc import Mapping
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import apigateway, apigateway_v1, eventbridge, pipes, scheduler

Settings = Mapping[str, Any]

TARGETS = ("lambda", "sqs", "sns", "states", "kinesis", "events")
REACHED = "functions, queues, topics, state machines, streams and event buses"
#: API Gateway names a service in an integration: arn:aws:apigateway:<region>:<service>:<path or action>/<what>.
INTEGRATION = "arn:aws:apigateway:"


def apply() -> None:
    _refuse_targets_of_rules()
    _refuse_schedules()
    _refuse_pipes()
    _refuse_integrations()


def _service(arn: Any) -> str:
    try:
        return str(parse_arn(str(arn)).service)
    except ArnParseError:
        return ""  # which the original says


def _refuse_targets_of_rules() -> None:
    validate = eventbridge._validate_target_arn

    def validate_target_arn(target: dict[str, Any]) -> Any:
        service = _service(target.get("Arn"))
        if service and service not in TARGETS:
            problem = f"the local engine delivers no events to {service}: a rule here reaches {REACHED}"
            return eventbridge.error_response_json("ValidationException", problem, 400)
        return validate(target)

    eventbridge._validate_target_arn = validate_target_arn


def _refuse_schedules() -> None:
    for name in ("_create_schedule", "_update_schedule"):
        setattr(scheduler, name, _unless(_problem_of_schedule, getattr(scheduler, name), scheduler._error))


def _problem_of_schedule(body: Settings) -> str | None:
    target = body.get("Target") or {}
    arn = str(target.get("Arn"))
    service = _service(arn)
    if service == "scheduler":
        action = arn.partition("aws-sdk:")[2] or arn
        return f"the local engine calls no {action}: it has no universal targets; a schedule here reaches {REACHED}"
    if service and service not in TARGETS:
        return f"the local engine does not run {service} by schedule: a schedule here reaches {REACHED}"
    for name in ("EventBridgeParameters", "KinesisParameters"):
        if target.get(name):
            return f"the local engine does not know {name} of a schedule's target"
    return None


def _refuse_pipes() -> None:
    for name in ("_create_pipe", "_update_pipe"):
        setattr(pipes, name, _unless(_problem_of_pipe, getattr(pipes, name), pipes._error))


def _problem_of_pipe(body: Settings) -> str | None:
    source, target = _service(body.get("Source")), _service(body.get("Target"))
    if source and source != "dynamodb":
        return f"the local engine has no pipes from {source}: a pipe here reads the stream of a table"
    if target and target not in ("sns", "states"):
        return f"the local engine has no pipes to {target}: a pipe here reaches topics and state machines"
    if body.get("Enrichment"):
        return "the local engine does not know the enrichment of a pipe"
    if ((body.get("SourceParameters") or {}).get("FilterCriteria") or {}).get("Filters"):
        return "the local engine does not know the filters of a pipe"
    if (body.get("TargetParameters") or {}).get("InputTemplate"):
        return "the local engine does not know the input template of a pipe"
    return None


def _unless(problem_of: Any, make: Any, error: Any) -> Any:
    def make_or_refuse(name: str, body: dict[str, Any]) -> Any:
        problem = problem_of(body)
        return error(400, "ValidationException", problem) if problem else make(name, body)

    return make_or_refuse


def _refuse_integrations() -> None:
    put, update = apigateway_v1._put_integration, apigateway_v1._update_integration
    create = apigateway._create_integration

    def put_integration(api_id: str, resource_id: str, method: str, data: dict[str, Any]) -> Any:
        return _refused(data.get("uri")) or put(api_id, resource_id, method, data)

    def update_integration(api_id: str, resource_id: str, method: str, data: dict[str, Any]) -> Any:
        changed = {change.get("path"): change.get("value") for change in data.get("patchOperations") or []}
        return _refused(changed.get("/uri")) or update(api_id, resource_id, method, data)

    def create_integration(api_id: str, data: dict[str, Any]) -> Any:
        if data.get("integrationSubtype"):
            problem = f"the local engine has no integration {data['integrationSubtype']}: an HTTP API here reaches "
            return apigateway._apigw_error("BadRequestException", problem + "functions and HTTP", 400)
        return create(api_id, data)

    apigateway_v1._put_integration, apigateway_v1._update_integration = put_integration, update_integration
    apigateway._create_integration = create_integration


def _refused(uri: Any) -> Any:
    """The answer to a REST integration with a service that is not reached; None if it is."""
    if not str(uri).startswith(INTEGRATION):
        return None
    service, _, what = str(uri).removeprefix(INTEGRATION).partition(":")[2].partition(":")
    if service == "lambda" or (service == "sqs" and what.startswith("path/")):
        return None
    problem = (
        f"the local engine has no integration with {service}:{what}: a REST API here reaches functions, queues "
        "(sqs:path/ACCOUNT/QUEUE), HTTP and MOCK"
    )
    return apigateway_v1._v1_error("BadRequestException", problem, 400)
