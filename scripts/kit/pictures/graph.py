"""The graph of a lab: what matters in it, and who gives what to whom."""

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Node:
    """Something in the picture. `name` is its name in the account, with places for {prefix} {account} {region}."""

    id: str
    type: str
    title: str
    note: str = ""
    name: str = ""
    #: The ports of the lab that lead to it.
    ports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edge:
    """Messages go from one node to another; or, dashed, what failed does."""

    source: str
    target: str
    label: str = ""
    failure: bool = False


@dataclass
class Graph:
    """A lab's nodes and edges, in an order that depends on nothing but the stack."""

    lab: str
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def to_json(self) -> str:
        """The form in which it is kept: a line for each node and edge."""
        lines = ",\n    ".join
        compact = [
            [json.dumps(asdict(item), ensure_ascii=False) for item in items] for items in (self.nodes, self.edges)
        ]
        return (
            f'{{\n  "lab": {json.dumps(self.lab)},\n  "nodes": [\n    {lines(compact[0])}\n  ],\n'
            f'  "edges": [\n    {lines(compact[1])}\n  ]\n}}\n'
        )

    @classmethod
    def from_json(cls, text: str) -> "Graph":
        content = json.loads(text)
        nodes = [Node(**{**node, "ports": tuple(node["ports"])}) for node in content["nodes"]]
        return cls(content["lab"], nodes, [Edge(**edge) for edge in content["edges"]])


@dataclass(frozen=True)
class Satellite:
    """A node that only takes what failed at one other node, and is shown small, below it."""

    node: Node
    edge: Edge
    title: str


def satellites_of(graph: Graph) -> dict[str, list[Satellite]]:
    """Satellites by the id of the node that has them."""
    nodes = {node.id: node for node in graph.nodes}
    found: dict[str, list[Satellite]] = {}
    for node in graph.nodes:
        edges = [edge for edge in graph.edges if node.id in (edge.source, edge.target)]
        if len(edges) == 1 and edges[0].failure and edges[0].target == node.id:
            title = node.title.removeprefix(nodes[edges[0].source].title + "-")
            found.setdefault(edges[0].source, []).append(Satellite(node, edges[0], title))
    return found


def goes_back(graph: Graph, edge: Edge) -> bool:
    """Whether the edge gives back to where its source is given from; of two such, the one from the right."""
    against = any((other.source, other.target) == (edge.target, edge.source) for other in graph.edges)
    return against and not edge.label
