"""What the pinned MiniStack does otherwise than AWS documents, put right; one small module per behaviour.

docs/local-engine.md lists them all, and what remains.
"""

from engine.corrections import (
    alarms,
    boxes,
    branch_history,
    bucket_listings,
    describe_alarms,
    durability,
    event_invocations,
    function_destinations,
    function_errors,
    function_logs,
    invoke_payloads,
    log_queries,
    machine_deletion,
    message_attributes,
    pauses,
    permissions,
    queue_failures,
    queue_locks,
    queue_scans,
    queue_sources,
    refusals,
    resharding,
    rule_targets,
    service_metrics,
    service_roles,
    shard_limits,
    stream_settings,
    streams,
    topic_dead_letters,
    unknown_services,
)

#: In the order in which they are put on: a later one may build on an earlier one.
ALL = (
    permissions,
    unknown_services,
    describe_alarms,
    branch_history,
    machine_deletion,
    bucket_listings,
    pauses,
    message_attributes,
    queue_scans,
    queue_locks,
    queue_sources,
    queue_failures,
    stream_settings,
    resharding,
    streams,
    boxes,
    function_errors,
    function_logs,
    invoke_payloads,
    log_queries,
    function_destinations,
    event_invocations,
    topic_dead_letters,
    rule_targets,
    refusals,
    service_roles,
    shard_limits,
    alarms,
    service_metrics,
    durability,
)


def apply() -> None:
    """Correct the engine in this process; to be called before it serves."""
    for correction in ALL:
        correction.apply()
