"""The little of SVG that charts need: elements with attributes, escaped; numbers short, and the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

__all__ = ["drawing", "group", "line", "number", "path", "rectangle", "text"]

Attribute = str | float | int


def drawing(width: float, height: float, title: str, parts: Iterable[Markup], kind: str = "") -> Markup:
    """A whole drawing that shrinks with its page; ``title`` says what it shows to whoever cannot see it."""
    inside = Markup("").join(parts)
    size = f"{number(width)} {number(height)}"
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {}" width="{}" height="{}" role="img" aria-label="{}" '
        'xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(kind, size, number(width), number(height), title, inside)


def group(parts: Iterable[Markup], kind: str = "", title: str = "") -> Markup:
    """Elements together, with what is told when one points at them."""
    return _element("g", [_title(title), *parts], {"class": kind})


def rectangle(x: float, y: float, width: float, height: float, kind: str = "", **more: Attribute) -> Markup:
    """A rectangle by its upper left corner."""
    return _element("rect", [], {"x": x, "y": y, "width": width, "height": height, "class": kind, **more})


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "") -> Markup:
    """A straight line."""
    return _element("line", [], {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": kind})


def path(way: str, kind: str = "", title: str = "") -> Markup:
    """A path by its commands."""
    return _element("path", [_title(title)] if title else [], {"d": way, "class": kind})


def text(x: float, y: float, words: str, kind: str = "") -> Markup:
    """A line of text that begins at a point; the style sheet may have it end or be centred there."""
    return _element("text", [escape(words)], {"x": x, "y": y, "class": kind})


def number(value: float) -> str:
    """A coordinate, to a tenth: ``12``, ``12.5``."""
    return f"{value:.1f}".removesuffix(".0")


def _title(words: str) -> Markup:
    return Markup("<title>{}</title>").format(words) if words else Markup("")


def _element(tag: str, inside: Iterable[Markup], attributes: dict[str, Attribute]) -> Markup:
    told = Markup("").join(
        Markup(' {}="{}"').format(name, value if isinstance(value, str) else number(value))
        for name, value in attributes.items()
        if value != ""
    )
    content = Markup("").join(inside)
    return (
        Markup("<{}{}>{}</{}>").format(Markup(tag), told, content, Markup(tag))
        if content
        else Markup("<{}{}/>").format(Markup(tag), told)
    )
