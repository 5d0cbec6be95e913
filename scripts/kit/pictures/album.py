"""All pictures of the project: what belongs to which file under docs/img, and how it gets there."""

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.pictures import architecture, machine
from kit.pictures.graph import Graph
from kit.pictures.layout import Plan, place
from kit.pictures.node import pngs
from kit.pictures.stack_reader import graph_of
from kit.pictures.tools import with_tools

import project

IMAGES = project.ROOT / "docs" / "img"
WORKFLOWS = project.ROOT / "stacks" / "workflows"
#: Under this keyword a PNG says which SVG it was made from (PNG specification, "tEXt Textual data").
MADE_FROM = "svg-sha256"


@dataclass(frozen=True)
class Picture:
    """A picture, and for a lab the graph behind it."""

    name: str
    svg: str
    graph: Graph | None = None

    def path(self, suffix: str) -> Path:
        return IMAGES / f"{self.name}.{suffix}"


def draw_all(stacks: Mapping[str, Any]) -> list[Picture]:
    """The pictures of these labs (name -> Terraform JSON with dedicated roles), and of their workflows."""
    graphs = {lab: with_tools(graph_of(lab, stack), stack) for lab, stack in stacks.items()}
    files = {lab: WORKFLOWS / f"{lab}.asl.json" for lab in stacks}
    workflows = {f"{lab}-workflow": json.loads(path.read_text()) for lab, path in files.items() if path.exists()}
    plans: dict[str, Plan] = {lab: architecture.plan_of(graph) for lab, graph in graphs.items()}
    placed = place(plans | {name: machine.plan_of(workflow) for name, workflow in workflows.items()})
    return [
        *(Picture(lab, architecture.draw(graph, placed[lab]), graph) for lab, graph in graphs.items()),
        *(Picture(name, machine.draw(name, workflow, placed[name])) for name, workflow in workflows.items()),
    ]


def write(picture: Picture) -> None:
    """Put the picture under docs/img, as SVG and PNG."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.path("svg").write_text(picture.svg)
    picture.path("png").write_bytes(_signed(pngs({"it": picture.svg})["it"], picture.svg))
    if picture.graph:
        picture.path("json").write_text(picture.graph.to_json())


def is_made_from(png: bytes, svg: str) -> bool:
    """Whether the PNG was made from this SVG."""
    return _signature(svg) in png


def graph_of_lab(lab: str) -> Graph | None:
    """The graph of a lab as it was drawn last, or None."""
    path = IMAGES / f"{lab}.json"
    return Graph.from_json(path.read_text()) if path.exists() else None


def _signed(png: bytes, svg: str) -> bytes:
    """The PNG with a remark, right before its end, which SVG it was made from."""
    end = png.rindex(b"IEND") - 4
    return png[:end] + _signature(svg) + png[end:]


def _signature(svg: str) -> bytes:
    data = b"tEXt" + f"{MADE_FROM}\0{hashlib.sha256(svg.encode()).hexdigest()}".encode()
    return struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
