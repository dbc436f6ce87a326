"""The states and steps of an instance as files for other tools: Aldebaran, DOT, GraphML, Mermaid."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from attorn.checker.report.map_model import StateMap

if TYPE_CHECKING:
    import networkx

__all__ = ["aldebaran", "graphml", "map_dot", "map_mermaid", "states_dot"]


def aldebaran(graph: networkx.MultiDiGraph[int]) -> str:
    """All states and steps as a labelled transition system, for mCRL2, CADP and LTSmin.

    State 0 leads to the initial states by ``tau`` where there are several; else it is the initial one. The others keep
    their numbers, one higher in the first case.
    """
    starts = [node for node, about in graph.nodes(data=True) if about["depth"] == 0]
    shift = 0 if len(starts) == 1 else 1
    lines = [(0, "tau", node + shift) for node in starts if shift]
    lines += [(source + shift, about["label"], target + shift) for source, target, about in graph.edges(data=True)]
    head = f"des (0,{len(lines)},{len(graph) + shift})"
    return "\n".join([head, *(f'({source},"{label}",{target})' for source, label, target in lines)]) + "\n"


def graphml(graph: networkx.MultiDiGraph[int]) -> str:
    """All states and steps for Gephi, Cytoscape and yEd: a node has its depth and every cell, an edge its action."""
    import networkx

    plain: networkx.MultiDiGraph[int] = networkx.MultiDiGraph(name=str(graph.graph.get("name", "")))
    for node, about in graph.nodes(data=True):
        plain.add_node(node, depth=about["depth"], initial=about["depth"] == 0, **about["state"])
    for source, target, about in graph.edges(data=True):
        plain.add_edge(source, target, action=about["action"], label=about["label"])
    out = io.BytesIO()
    networkx.write_graphml(plain, out, encoding="utf-8", prettyprint=True)
    return out.getvalue().decode("utf-8")


def states_dot(graph: networkx.MultiDiGraph[int]) -> str:
    """All states and steps for graphviz; a state has a line for each cell that is not as in the first one."""
    states: dict[int, dict[str, str]] = {node: about["state"] for node, about in graph.nodes(data=True)}
    first = next(iter(states.values()), {})
    lines = ["digraph states {", '  node [shape=box, fontname="sans-serif", fontsize=10];']
    lines.append('  edge [fontname="sans-serif", fontsize=9];')
    for node, state in states.items():
        told = [f"{cell} = {value}" for cell, value in state.items() if value != first[cell]]
        initial = ", peripheries=2" if graph.nodes[node]["depth"] == 0 else ""
        text = r"\n".join(map(_quotable, told)) or "as at first"
        lines.append(f'  {node} [label="{node}\\n{text}"{initial}];')
    for one, other, about in graph.edges(data=True):
        lines.append(f'  {one} -> {other} [label="{_quotable(about["label"])}"];')
    return "\n".join([*lines, "}"]) + "\n"


def map_dot(drawn: StateMap) -> str:
    """A map for graphviz; the way into the first violation in red, by the numbers of its steps."""
    red = drawn.way
    bad = {way[-1] for _, way in drawn.ends}
    lines = ["digraph map {", '  node [shape=box, style=rounded, fontname="sans-serif", fontsize=10];']
    lines.append('  edge [fontname="sans-serif", fontsize=9, color=gray50];')
    for place, node in enumerate(drawn.nodes):
        text = r"\n".join(map(_quotable, (*node.label, f"{node.states:,} states")))
        more = (", peripheries=2" if node.initial else "") + (", color=red, penwidth=2" if place in bad else "")
        lines.append(f'  n{place} [label="{text}"{more}];')
    for edge in drawn.edges:
        names = ", ".join(action for action, _ in edge.actions)
        step = red.get((edge.source, edge.target))
        label = f"{step}. {names}" if step else names
        lines.append(
            f'  n{edge.source} -> n{edge.target} [label="{label}"{", color=red, penwidth=2" if step else ""}];'
        )
    return "\n".join([*lines, "}"]) + "\n"


def map_mermaid(drawn: StateMap) -> str:
    """A map as a Mermaid flowchart; the way into the first violation in red, by the numbers of its steps."""
    red = drawn.way
    bad = [f"n{way[-1]}" for _, way in drawn.ends]
    lines = ["flowchart TD"]
    for place, node in enumerate(drawn.nodes):
        text = "<br>".join((*node.label, f"{node.states:,} states")).replace('"', "#quot;")
        lines.append(f'    n{place}["{text}"]')
    marked = []
    for number, edge in enumerate(drawn.edges):
        step = red.get((edge.source, edge.target))
        names = ", ".join(action for action, _ in edge.actions)
        lines.append(f'    n{edge.source} -->|"{f"{step}. {names}" if step else names}"| n{edge.target}')
        marked += [str(number)] if step else []
    if marked:
        lines.append(f"    linkStyle {','.join(marked)} stroke:#b42318,stroke-width:2px")
    if bad:
        lines.append("    classDef violated stroke:#b42318,stroke-width:2px")
        lines.append(f"    class {','.join(dict.fromkeys(bad))} violated")
    return "\n".join(lines) + "\n"


def _quotable(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
