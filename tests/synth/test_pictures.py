"""Pictures show the stacks as they are: each is drawn again here, and must be the one that is kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cdktf import TerraformStack

from kit.pictures.album import IMAGES, Picture, draw_all, is_made_from
from kit.pictures.graph import Graph
from kit.pictures.stack_reader import graph_of

import plain_stacks
from main import LABS
from stacks.calculator import CalculatorStack
from stacks.fanout import FanoutStack

Synth = Callable[..., Any]
STALE = "draw it again with `scripts/draw.py all`"


@pytest.fixture
def pictures(synth: Synth) -> list[Picture]:
    return draw_all({lab.lab: synth(lab, role="dedicated") for lab in LABS})


def test_no_picture_is_stale(pictures: list[Picture]) -> None:
    for picture in pictures:
        svg = picture.path("svg")
        assert svg.exists() and svg.read_text() == picture.svg, f"{svg.name} is stale: {STALE}"
        assert is_made_from(picture.path("png").read_bytes(), picture.svg), f"{picture.name}.png is stale: {STALE}"
        if picture.graph:
            kept = picture.path("json").read_text()
            assert kept == picture.graph.to_json(), f"{picture.name}.json is stale: {STALE}"
            assert Graph.from_json(kept) == picture.graph


def test_no_picture_is_left_over(pictures: list[Picture]) -> None:
    drawn = {picture.name for picture in pictures}
    kept = {path.stem for pattern in ("*.json", "*-workflow.*") for path in IMAGES.glob(pattern)}
    assert kept == drawn, STALE


def test_a_changed_stack_changes_its_picture(synth: Synth) -> None:
    before = synth(CalculatorStack, role="dedicated")
    after = json.loads(json.dumps(before))
    del after["resource"]["aws_lambda_event_source_mapping"]
    pictures = [draw_all({"calculator": stack})[0] for stack in (before, after)]
    assert pictures[0].svg != pictures[1].svg
    lost = set(graph_of("calculator", before).edges) - set(graph_of("calculator", after).edges)
    assert {(edge.source, edge.target) for edge in lost} == {("queue-input", "function-calculate")}


def test_no_station_is_alone(pictures: list[Picture]) -> None:
    for picture in pictures:
        if picture.graph:
            connected = {end for edge in picture.graph.edges for end in (edge.source, edge.target)}
            assert {node.id for node in picture.graph.nodes} == connected, picture.name


def test_what_a_graph_says(synth: Synth) -> None:
    graph = graph_of("fanout", synth(FanoutStack, role="dedicated"))
    ports = {node.id: node.ports for node in graph.nodes if node.ports}
    assert ports["topic-events"] == ("input",) and ports["queue-output"] == ("output",)
    edges = {(edge.source, edge.target): edge for edge in graph.edges}
    assert edges["topic-events", "queue-billing-queue"].label == "type = order"
    assert edges["queue-audit-queue", "function-audit"].label == "batches of 10"
    assert edges["bucket-claims", "function-billing"].label == "reads"
    assert edges["queue-audit-queue", "queue-audit-queue-dead-letters"].failure
    assert not edges["function-audit", "queue-output"].failure
    assert not any("code" in node.id or "log" in node.id for node in graph.nodes), "helpers are folded away"


#: The nodes and edges of a student's own stacks.
PLAIN: list[tuple[type[TerraformStack], set[str], set[tuple[str, str, str]]]] = [
    (
        plain_stacks.LambdaStack,
        {"function-first-lambda", "queue-input-queue", "queue-output-queue"},
        {("queue-input-queue", "function-first-lambda", "batches of 10")},
    ),
    (
        plain_stacks.UploadStack,
        {"bucket-bucket", "function-lambda", "table-postagram"},
        {("function-lambda", "table-postagram", "")},
    ),
    (plain_stacks.NothingStack, set(), set()),
    (
        plain_stacks.ForeignStack,
        {"queue-failed", "queue-retried", "topic-topic", "rule-rule", "subscriber-email"},
        {("topic-topic", "subscriber-email", "all"), ("topic-topic", "queue-retried", "all")},
    ),
    (plain_stacks.ServerStack, set(), set()),
]


@pytest.mark.parametrize(("stack", "nodes", "edges"), PLAIN, ids=[each[0].__name__ for each in PLAIN])
def test_a_plain_stack_is_drawn_as_far_as_it_says_what_it_is(
    tmp_path: Path, stack: type[TerraformStack], nodes: set[str], edges: set[tuple[str, str, str]]
) -> None:
    (picture,) = draw_all(plain_stacks.synthesized(tmp_path / "cdktf.out", stack))
    assert picture.graph and picture.svg.startswith("<svg")
    assert {node.id for node in picture.graph.nodes} == nodes
    assert not [node.note for node in picture.graph.nodes if node.note.startswith("lab ")]
    assert {(edge.source, edge.target, edge.label) for edge in picture.graph.edges} == edges
