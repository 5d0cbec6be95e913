"""A workflow is deleted when none of its executions runs any more.

AWS (Step Functions API reference, DeleteStateMachine): the status becomes DELETING, a running execution is ended at its
next transition, and the workflow goes with the last of them; meanwhile StateMachineDeleting is all that can be had of
it. A task that waits for a callback may so keep it for long. Express workflows go within a minute. MiniStack deletes
workflow and executions at once, while the latter run on.
"""

import json
import threading
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import stepfunctions

DELETING = "DELETING"

_lock = threading.RLock()


def apply() -> None:
    _delete_when_idle()
    _refuse_while_deleting()
    _end_at_the_next_transition()
    _go_on_after_a_restart()


def _delete_when_idle() -> None:
    delete, run, stop = (
        stepfunctions._delete_state_machine,
        stepfunctions._run_execution,
        stepfunctions._stop_execution,
    )

    def delete_state_machine(data: dict[str, Any]) -> Any:
        with _lock:
            machine = stepfunctions._state_machines.get(data.get("stateMachineArn"))
            if machine is None or machine["type"] == "EXPRESS" or not _is_running(machine["stateMachineArn"]):
                return delete(data)
            machine["status"] = DELETING
            return stepfunctions.json_response({})

    def run_execution(execution_arn: str) -> None:
        machine = _machine_of(execution_arn)
        try:
            run(execution_arn)
        finally:
            _delete_if_due(machine)

    def stop_execution(data: dict[str, Any]) -> Any:
        machine = _machine_of(data.get("executionArn", ""))
        answer = stop(data)
        _delete_if_due(machine)
        return answer

    stepfunctions._delete_state_machine = delete_state_machine
    stepfunctions._run_execution = run_execution
    stepfunctions._stop_execution = stop_execution


def _machine_of(execution_arn: str) -> str:
    return str((stepfunctions._executions.get(execution_arn) or {}).get("stateMachineArn", ""))


def _is_running(machine_arn: str) -> bool:
    return any(
        execution["status"] == "RUNNING" and execution["stateMachineArn"] == machine_arn
        for execution in list(stepfunctions._executions.values())
    )


def _is_deleting(machine_arn: str) -> bool:
    return (stepfunctions._state_machines.get(machine_arn) or {}).get("status") == DELETING


def _delete_if_due(machine_arn: str) -> None:
    with _lock:
        if _is_deleting(machine_arn):
            stepfunctions._delete_state_machine({"stateMachineArn": machine_arn})  # which waits if one still runs


def _refuse_while_deleting() -> None:
    def refusing(name: str) -> None:
        original = getattr(stepfunctions, name)

        def operation(data: dict[str, Any]) -> Any:
            with _lock:
                arn = data.get("stateMachineArn", "").partition("#")[0] or _arn(data.get("name", ""))
                machine = stepfunctions._resolve_state_machine_arn(arn)
                if machine and _is_deleting(machine):
                    text = f"State Machine is being deleted: '{machine}'"
                    return stepfunctions.error_response_json("StateMachineDeleting", text, 400)
                return original(data)

        setattr(stepfunctions, name, operation)

    for name in ("_create_state_machine", "_update_state_machine", "_start_execution"):
        refusing(name)


def _arn(name: str) -> str:
    return f"arn:aws:states:{stepfunctions.get_region()}:{stepfunctions.get_account_id()}:stateMachine:{name}"


def _end_at_the_next_transition() -> None:
    """After `branch_history`, which numbers the events."""
    add_event = stepfunctions._add_event

    def add_event_and_end(execution: dict[str, Any], kind: str, details: Any = None) -> Any:
        event = add_event(execution, kind, details)
        left = (details or {}).get("stateExitedEventDetails") or {}
        # States inside of branches are recorded without their output: a branch is left to its end.
        if "output" in left and _is_deleting(execution["stateMachineArn"]) and not _is_last(execution, left["name"]):
            end = {
                "executionArn": execution["executionArn"],
                "error": "",
                "cause": "The state machine is being deleted",
            }
            stepfunctions._stop_execution(end)
        return event

    stepfunctions._add_event = add_event_and_end


def _is_last(execution: dict[str, Any], name: str) -> bool:
    definition = json.loads(stepfunctions._state_machines[execution["stateMachineArn"]]["definition"])
    state = definition["States"].get(name, {})
    return bool(state.get("End")) or state.get("Type") == "Succeed"


def _go_on_after_a_restart() -> None:
    """What ran then does not run any more."""
    restore = stepfunctions._restore_state

    def restore_state(data: Any) -> None:
        restore(data)
        for (account, region, arn), machine in list(stepfunctions._state_machines._data.items()):
            if machine.get("status") == DELETING:
                with request_scope(account, region):
                    _delete_if_due(arn)

    stepfunctions._restore_state = restore_state
