"""The map of an instance as a drawing: a row for each depth, steps onward as arrows down, ways back at the side."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from attorn.checker.report import svg
from attorn.checker.report.lines import counted
from attorn.checker.report.map_model import MapEdge, StateMap

__all__ = ["map_svg"]

LETTER, LINE, PAD, GAP, ROW, MARGIN = 6.6, 14.0, 10.0, 24.0, 46.0, 12.0
SWEEPS = 12


@dataclass
class _Box:
    """Where a node is: its middle, and its size."""

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class _Chain:
    """An edge onward, and the places that it passes: its ends, and one in each row between them."""

    edge: MapEdge
    places: tuple[int, ...]


def map_svg(drawn: StateMap, title: str) -> Markup:
    """A map as SVG. The same map gives the same drawing."""
    boxes = [
        _Box(
            max(LETTER * max(map(len, (*node.label, counted(node.states, "state")))), 60) + 2 * PAD,
            LINE * (len(node.label) + 1) + PAD,
        )
        for node in drawn.nodes
    ]
    between = [each for each in drawn.edges if each.source != each.target]
    back = [each for each in between if drawn.nodes[each.target].depth <= drawn.nodes[each.source].depth]
    rows = _rows(drawn)
    chains = _chains([each for each in between if each not in back], rows, boxes)
    near = _neighbours(chains)
    _order(rows, *near)
    _place(rows, boxes, *near)
    reach = max((_bulge(boxes, each) for each in back), default=0.0)
    left, top = min(box.x - box.width / 2 for box in boxes) - MARGIN, -MARGIN
    for box in boxes:
        box.x, box.y = box.x - left, box.y - top
    width = max(box.x + box.width / 2 for box in boxes) + MARGIN + reach
    height = max(box.y + box.height / 2 for box in boxes) + MARGIN
    marked = drawn.way
    violated = {way[-1]: name for name, way in reversed(drawn.ends)}
    parts = [_back(boxes, each, marked) for each in back]
    parts += [_onward(boxes, each, marked) for each in chains]
    parts += [_node(drawn, place, boxes[place], violated.get(place, "")) for place in range(len(drawn.nodes))]
    return svg.drawing(width, height, title, parts, "map")


def _rows(drawn: StateMap) -> list[list[int]]:
    depths = sorted({node.depth for node in drawn.nodes})
    return [[place for place, node in enumerate(drawn.nodes) if node.depth == depth] for depth in depths]


def _chains(onward: Sequence[MapEdge], rows: list[list[int]], boxes: list[_Box]) -> list[_Chain]:
    """Every edge with a narrow place kept free for it in each row that it passes."""
    row_of = {node: at for at, row in enumerate(rows) for node in row}
    found = []
    for edge in onward:
        passed = []
        for at in range(row_of[edge.source] + 1, row_of[edge.target]):
            passed.append(len(boxes))
            rows[at].append(len(boxes))
            boxes.append(_Box(6.0, 1.0))
        found.append(_Chain(edge, (edge.source, *passed, edge.target)))
    return found


def _neighbours(chains: Sequence[_Chain]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """What lies above each place, and what below it."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for chain in chains:
        for one, other in itertools.pairwise(chain.places):
            above.setdefault(other, []).append(one)
            below.setdefault(one, []).append(other)
    return above, below


def _order(rows: list[list[int]], above: dict[int, list[int]], below: dict[int, list[int]]) -> None:
    """Sort each row by where its neighbours are, down and up again, so that few arrows cross."""
    for sweep in range(SWEEPS):
        near, walked = (above, rows[1:]) if sweep % 2 == 0 else (below, rows[-2::-1])
        for row in walked:
            at = {node: index / max(1, len(other) - 1) for other in rows for index, node in enumerate(other)}

            def middle(node: int, near: dict[int, list[int]] = near, at: dict[int, float] = at) -> float:
                neighbours = [at[other] for other in near.get(node, ())]
                return sum(neighbours) / len(neighbours) if neighbours else at[node]

            row.sort(key=middle)


def _place(rows: list[list[int]], boxes: list[_Box], above: dict[int, list[int]], below: dict[int, list[int]]) -> None:
    """Give each node its place: rows below each other, nodes as near to their neighbours as the others let them."""
    y = 0.0
    for row in rows:
        tall = max(boxes[node].height for node in row)
        for node in row:
            boxes[node].y = y + tall / 2
        y += tall + ROW
        x = -(sum(boxes[node].width for node in row) + GAP * (len(row) - 1)) / 2
        for node in row:
            boxes[node].x = x + boxes[node].width / 2
            x += boxes[node].width + GAP
    for _ in range(SWEEPS):
        for row in rows:
            for at, node in enumerate(row):
                wanted = [boxes[other].x for other in (*above.get(node, ()), *below.get(node, ()))]
                if not wanted:
                    continue
                low = _edge(boxes, row[at - 1], node) if at else float("-inf")
                high = -_edge(boxes, row[at + 1], node, -1) if at + 1 < len(row) else float("inf")
                boxes[node].x = min(max(sum(wanted) / len(wanted), low), max(low, high))


def _edge(boxes: list[_Box], neighbour: int, node: int, side: int = 1) -> float:
    """The nearest that a node may come to a neighbour on its left (or, mirrored, on its right)."""
    return side * boxes[neighbour].x + (boxes[neighbour].width + boxes[node].width) / 2 + GAP


def _bulge(boxes: list[_Box], edge: MapEdge) -> float:
    return 18 + 0.12 * abs(boxes[edge.source].y - boxes[edge.target].y)


def _onward(boxes: list[_Box], chain: _Chain, marked: dict[tuple[int, int], int]) -> Markup:
    edge, one, other = chain.edge, boxes[chain.places[0]], boxes[chain.places[-1]]
    limit = one.width / 2 - 8
    x1 = one.x + max(-limit, min(limit, (boxes[chain.places[1]].x - one.x) / 6))
    points = [(x1, one.y + one.height / 2), *((boxes[place].x, boxes[place].y) for place in chain.places[1:-1])]
    points.append((other.x, other.y - other.height / 2 - 5))
    way = f"M{svg.number(x1)} {svg.number(points[0][1])}"
    for (xa, ya), (xb, yb) in itertools.pairwise(points):
        pull = min(28.0, (yb - ya) / 2)
        way += f"C{svg.number(xa)} {svg.number(ya + pull)} {svg.number(xb)} {svg.number(yb - pull)} "
        way += f"{svg.number(xb)} {svg.number(yb)}"
    step = marked.get((edge.source, edge.target))
    more = f" +{len(edge.actions) - 1}" if edge.actions[1:] else ""
    (xa, ya), (xb, yb) = points[(len(points) - 1) // 2], points[(len(points) + 1) // 2]
    words = f"{step}. {edge.actions[0][0]}{more}" if step else f"{edge.actions[0][0]}{more}"
    parts = [svg.path(way, "way"), _head(other.x, other.y - other.height / 2, "down")]
    parts.append(svg.text((xa + xb) / 2 + 3, (ya + yb) / 2 + 3, words, "action"))
    return svg.group(parts, "onward bad" if step else "onward", _said(edge))


def _back(boxes: list[_Box], edge: MapEdge, marked: dict[tuple[int, int], int]) -> Markup:
    one, other = boxes[edge.source], boxes[edge.target]
    x1, x2 = one.x + one.width / 2, other.x + other.width / 2 + 5
    far = max(x1, x2) + _bulge(boxes, edge)
    way = f"M{svg.number(x1)} {svg.number(one.y)}C{svg.number(far)} {svg.number(one.y)} {svg.number(far)} "
    way += f"{svg.number(other.y)} {svg.number(x2)} {svg.number(other.y)}"
    step = marked.get((edge.source, edge.target))
    parts = [svg.path(way, "way"), _head(x2 - 5, other.y, "left")]
    if step:
        parts.append(svg.text(far - 20, (one.y + other.y) / 2, f"{step}. {edge.actions[0][0]}", "action"))
    return svg.group(parts, "back bad" if step else "back", _said(edge))


def _head(x: float, y: float, way: str) -> Markup:
    x, y = round(x, 1), round(y, 1)
    points = {"down": f"M{x} {y}l-3.5 -7h7z", "left": f"M{x} {y}l7 -3.5v7z"}[way]
    return svg.path(points, "head")


def _node(drawn: StateMap, place: int, box: _Box, violated: str) -> Markup:
    node = drawn.nodes[place]
    x, y = box.x - box.width / 2, box.y - box.height / 2
    stays = [each for each in drawn.edges if each.source == each.target == place]
    parts = [svg.rectangle(x, y, box.width, box.height, "", rx=5)]
    if node.initial:
        parts.append(svg.rectangle(x - 3, y - 3, box.width + 6, box.height + 6, "outer", rx=7))
    at = y + LINE + 1
    for words in node.label:
        parts.append(svg.text(box.x, at, words, "label"))
        at += LINE
    states = counted(node.states, "state")
    parts.append(svg.text(box.x, at, f"✗ {states}" if violated else states, "count"))
    title = " · ".join(
        part
        for part in (
            ", ".join(node.label),
            f"{states}, first met after {counted(node.depth, 'step')}",
            "initial" if node.initial else "",
            f"{violated} is violated here" if violated else "",
            *(f"stays by {_said(each)}" for each in stays),
        )
        if part
    )
    return svg.group(parts, "node bad" if violated else "node", title)


def _said(edge: MapEdge) -> str:
    return ", ".join(f"{action} {times:,}×" for action, times in edge.actions)
