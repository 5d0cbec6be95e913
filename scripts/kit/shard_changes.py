"""Changes of a stream's shards that AWS refuses, seen before a deployment begins that would stop in the middle.

Kinesis API reference, UpdateShardCount: at most double and at least half of the shards that are open now, ten times in
24 hours, which cannot be asked for. A stream that was on demand keeps the shards that it had.
"""

from collections.abc import Iterator, Sequence

from botocore.exceptions import ClientError

from kit.cli import Exit, Stop
from kit.inventory import LABS
from kit.synthesized import Resource, Stack
from kit.target import Target


def check(target: Target, stacks: Sequence[Stack]) -> None:
    """Raises Stop with a line for each deployed stream whose next number of shards is too far away."""
    problems = [problem for stack in stacks for problem in _problems(target, stack)]
    if problems:
        raise Stop("\n  ".join(["nothing was deployed, for these reasons:", *problems]), Exit.USAGE)


def next_step(now: int, wanted: int) -> int:
    """The number of shards to deploy next on the way from `now` to `wanted`; `wanted` itself where AWS takes it."""
    return max(min(wanted, 2 * now), -(-now // 2))


def _problems(target: Target, stack: Stack) -> Iterator[str]:
    for stream in stack.of("aws_kinesis_stream"):
        wanted = stream.values.get("shard_count")
        if not isinstance(wanted, int) or not stream.name or "${" in stream.name:
            continue  # on demand, or known to Terraform alone
        now = _open_shards(target, stream.name)
        step = next_step(now, wanted) if now else wanted
        if step != wanted:
            most = "double" if wanted > step else "half"
            shards = "1 open shard" if now == 1 else f"{now} open shards"
            yield (
                f"{stack.lab}: stream {stream.name} has {shards}, and AWS goes to {most} of that at a time, not to "
                f"{wanted}: deploy {_option(stream)}={step} first"
            )


def _open_shards(target: Target, name: str) -> int:
    """How many there are now; 0 where the stream is not deployed."""
    try:
        found = target.client("kinesis").describe_stream_summary(StreamName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return 0
        raise
    return int(found["StreamDescriptionSummary"]["OpenShardCount"])


def _option(stream: Resource) -> str:
    return f"{stream.lab}.shards" if stream.lab in LABS else f"{stream.address}.shard_count"
