"""Pictures show the stacks as they are: each is drawn again here, and must be the one that is kept."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from kit.pictures.album import IMAGES, Picture, draw_all, is_made_from
from kit.pictures.graph import Graph
from kit.pictures.stack_reader import graph_of

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
