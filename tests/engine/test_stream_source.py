"""A source against a small model of a stream: any failures, batch sizes, parts and retries; no server, no threads."""

import json
from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import request_scope
from ministack.services import kinesis, lambda_svc

from engine.corrections import delivery
from engine.corrections.streams import source
from engine.corrections.streams.source import Part, Source

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/modelled"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(source, "FIRST_PAUSE_S", 0)
    with request_scope("000000000000", "us-east-1"):
        yield
    kinesis.reset()
    lambda_svc.reset()


class Model:
    """A stream of `keys`, and a function in which record `i` fails its first `failures[i]` times."""

    def __init__(self, keys: Sequence[str], failures: Sequence[int], **settings: Any) -> None:
        kinesis.reset()
        kinesis._create_stream({"StreamName": "modelled", "ShardCount": 1})
        kinesis._streams["modelled"]["StreamStatus"] = "ACTIVE"
        for key in keys:
            kinesis._put_record({"StreamName": "modelled", "PartitionKey": key, "Data": "eA=="})
        (self.shard_id,) = kinesis._streams["modelled"]["shards"]
        records = kinesis._streams["modelled"]["shards"][self.shard_id]["records"]
        self.keys = {record["SequenceNumber"]: record["PartitionKey"] for record in records}
        self.left = dict(zip(self.keys, failures, strict=True))
        self.batches: list[list[str]] = []
        self.handled: list[str] = []
        self.given_up: list[str] = []
        self.esm = {"UUID": "modelled", "EventSourceArn": ARN, "FunctionName": "f", "FunctionArn": "f", **settings}
        lambda_svc._esms["modelled"] = self.esm
        lambda_svc._kinesis_positions.pop("modelled", None)

    def execute(self, function: Any, event: dict[str, Any]) -> dict[str, Any]:
        numbers = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        self.batches.append(numbers)
        failed = [number for number in numbers if self.left[number] > 0][:1]
        for number in failed:
            self.left[number] -= 1
        if not self.esm["FunctionResponseTypes"]:
            self.handled += [] if failed else numbers
            return {"error": True} if failed else {"body": None}
        self.handled += numbers[: numbers.index(failed[0])] if failed else numbers
        return {"body": {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}}

    def give_up(self, arn: str, body: str) -> None:
        """The destination is told which records; the model counts them from its own knowledge of the part."""
        batch = json.loads(body)["KinesisBatchInfo"]
        first, last = batch["startSequenceNumber"], batch["endSequenceNumber"]
        part = next(part for part in self.parts() if part.holds(self.keys[first]))
        between = [n for n in self.keys if first <= n <= last and part.holds(self.keys[n])]
        assert len(between) == batch["batchSize"]
        self.given_up += between

    def parts(self) -> list[Part]:
        factor = self.esm["ParallelizationFactor"]
        return [Part(self.shard_id, number, factor) for number in range(factor)]

    def run(self) -> None:
        for part in self.parts():
            reader = Source(self.esm, part, Event())
            while reader.run_next() is not None:
                pass


@given(
    keys=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30),
    data=st.data(),
    batch_size=st.integers(1, 12),
    factor=st.integers(1, 4),
    retries=st.integers(0, 3),
    bisect=st.booleans(),
    reports=st.booleans(),
)
def test_every_record_ends_once_and_keys_keep_their_order(
    keys: list[str], data: st.DataObject, batch_size: int, factor: int, retries: int, bisect: bool, reports: bool
) -> None:
    failures = data.draw(st.lists(st.sampled_from([0, 0, 1, 2, 99]), min_size=len(keys), max_size=len(keys)))
    model = Model(
        keys,
        failures,
        BatchSize=batch_size,
        ParallelizationFactor=factor,
        MaximumRetryAttempts=retries,
        BisectBatchOnFunctionError=bisect,
        FunctionResponseTypes=["ReportBatchItemFailures"] if reports else [],
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:failed"}},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambda_svc, "_execute_function", model.execute)
        patch.setattr(lambda_svc, "_get_func_record_for_qualifier", lambda name, qualifier: ({"config": {}}, {}))
        patch.setattr(delivery, "deliver", model.give_up)
        model.run()
    assert sorted(model.handled + model.given_up) == sorted(model.keys)
    assert all(len(batch) <= batch_size for batch in model.batches)
    for key in set(keys):
        of_key = [number for number in model.handled if model.keys[number] == key]
        assert of_key == sorted(of_key)
    if bisect:
        assert {n for n, fails in zip(model.keys, failures, strict=True) if not fails} <= set(model.handled)
