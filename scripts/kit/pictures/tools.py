"""What a person's tools do to a lab beside sending and reading: a port that says so, `filled_by`, gets its filler."""

from typing import Any

from kit.pictures.graph import Edge, Graph, Node
from kit.pictures.kinds import CLIENT
from kit.synthesized import document


def with_tools(graph: Graph, stack: dict[str, Any]) -> Graph:
    """The graph of this Terraform JSON, with the tools that its ports name."""
    nodes, edges = list(graph.nodes), list(graph.edges)
    for parameter in stack.get("resource", {}).get("aws_ssm_parameter", {}).values():
        port = str(parameter.get("name")).rpartition("/")[2]
        tool = str(document(parameter.get("value")).get("filled_by") or "")
        for node in graph.nodes if tool else []:
            if port in node.ports:
                client = Node(f"client-{port}", CLIENT.short, tool, "you")
                nodes.append(client)
                edges.append(Edge(client.id, node.id))
    return Graph(graph.lab, nodes, edges)
