"""What the user types and what the terminal shows: sizes, bytes, names nearly right, colours."""

from __future__ import annotations

import difflib
import functools
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

__all__ = ["Bytes", "Count", "Size", "echo", "nearest", "painter", "search_options", "size_options", "width"]

STYLES: dict[str, dict[str, Any]] = {
    "good": {"fg": "green"},
    "bad": {"fg": "red", "bold": True},
    "doubt": {"fg": "yellow"},
    "faint": {"dim": True},
    "strong": {"bold": True},
}
NAMED_SIZES = {
    "vms": "VM",
    "segments": "Segment",
    "partitions": "Partition",
    "words": "Word",
    "addresses": "Address",
}
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class Bytes(click.ParamType[Any]):
    """An amount of memory: ``4G``, ``512M``, or plain bytes."""

    name = "BYTES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", str(value).strip(), re.IGNORECASE)
        amount = int(float(found[1]) * UNITS[found[2].upper()]) if found else 0
        if amount < 1:
            self.fail(f"`{value}` is not an amount of memory; write one such as 512M or 4G.", param, ctx)
        return amount


class Count(click.ParamType[Any]):
    """A whole number of at least one."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if not isinstance(value, int):
            if not re.fullmatch(r"\s*[+-]?\d+\s*", str(value)):
                self.fail(f"`{value}` is not a whole number.", param, ctx)
            value = int(value)
        if value < 1:
            self.fail(f"must be at least 1, got {value}.", param, ctx)
        return int(value)


class Size(click.ParamType[Any]):
    """A size by the name of its sort or budget: ``Segment=3``."""

    name = "SORT=N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """The name and the number."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"\s*(\w+)\s*=\s*(\d+)\s*", str(value))
        if not found:
            self.fail(f"`{value}` is not a size; write one such as Segment=3.", param, ctx)
        return found[1], int(found[2])


FEW = 24


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice for a name that does not exist."""
    names = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), names, n=1)
    if near:
        return f"Did you mean `{names[near[0]]}`?"
    return f"There are: {', '.join(names.values())}." if len(names) <= FEW else "`attorn list` names what there is."


def echo(lines: Iterable[str]) -> None:
    """Print lines, without blanks at their ends."""
    for line in lines:
        click.echo(line.rstrip())


def width() -> int:
    """How many columns to write: those of the terminal, within reason."""
    return max(60, min(shutil.get_terminal_size((80, 24)).columns, 100))


def painter() -> Callable[[str, str], str]:
    """How text is coloured by its role; not at all where nobody sees it or NO_COLOR asks for none."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return lambda text, role: text
    return lambda text, role: click.style(text, **STYLES[role]) if role in STYLES else text


def size_options(function: Any) -> Any:
    """Options by which a command changes sizes; it gets them together as ``sizes``, by name of sort or budget."""

    @functools.wraps(function)
    def collected(*args: Any, size: tuple[tuple[str, int], ...], **given: Any) -> Any:
        named = {sort: given.pop(option) for option, sort in NAMED_SIZES.items()}
        sizes = {sort: number for sort, number in named.items() if number is not None} | dict(size)
        return function(*args, sizes=sizes, **given)

    wrapped: Any = click.option(
        "--size", type=Size(), multiple=True, help="Size of any sort or budget of the machine, such as Segment=3."
    )(collected)
    for option, sort in reversed(NAMED_SIZES.items()):
        wrapped = click.option(f"--{option}", type=Count(), help=f"The same as --size {sort}=N.")(wrapped)
    return wrapped


def search_options(function: Any) -> Any:
    """Options by which a command limits a search; it gets them together as ``limits``, the fields of Options."""

    @functools.wraps(function)
    def collected(*args: Any, **given: Any) -> Any:
        limits = {name: given.pop(name) for name in ("max_states", "memory", "threads", "symmetry", "engine")}
        return function(*args, limits=limits, **given)

    wrapped: Any = collected
    for option in (
        click.option("--symmetry", is_flag=True, help="Search states that differ only in names once."),
        click.option(
            "--engine",
            type=click.Choice(["auto", "arrays", "compiled"]),
            default="auto",
            show_default=True,
            help="What takes the steps: arrays, machine code, or each where it pays.",
        ),
        click.option(
            "--threads",
            type=Count(),
            help="How many share the work.  [default: one process on arrays, all cores by machine code]",
        ),
        click.option("--memory", type=Bytes(), help="Stop, undetermined, before taking more, such as 4G."),
        click.option("--max-states", type=Count(), help="Stop, undetermined, before meeting more."),
    ):
        wrapped = option(wrapped)
    return wrapped
