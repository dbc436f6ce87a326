"""``attorn trace``: is a log a behaviour of the specification?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from attorn.commands.status_line import status_line
from attorn.commands.words import Count, echo, painter, size_options, width

if TYPE_CHECKING:
    from attorn.checker.conform.mapping import LogMapping
    from attorn.checker.conform.possible import Possible
    from attorn.checker.conform.trace_check import Heard, TraceSource
    from attorn.spec.language import Instance
    from attorn.spec.trace import Header

__all__ = ["instance_of", "mapping_of", "open_log", "trace"]

REFUTED = 1
EVERY = 20_000  # lines between two tellings of progress
CODES = {"accepted": 0, "refused": 1, "undetermined": 2}


@click.command()
@click.argument("log", metavar="LOG")
@click.option("--machine", metavar="NAME|FILE.py", help="Check against this one instead of the one that the log names.")
@click.option("--mapping", metavar="FILE.py", help="What lines mean: a file with a function read(event), and hidden.")
@click.option("--hidden", metavar="ACTIONS", default="", help="Actions that may leave no line, with commas between.")
@click.option("--max-states", type=Count(), default=100_000, show_default=True, help="States possible at a time.")
@click.option("--invariants", is_flag=True, help="Say also which invariants the log is certain to violate.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@size_options
def trace(
    log: str,
    machine: str | None,
    mapping: str | None,
    hidden: str,
    max_states: int,
    invariants: bool,
    as_json: bool,
    sizes: Mapping[str, int],
) -> int:
    """Check a log, line by line: accept it, or stop at the first line that no state allows, and say why.

    LOG is a trace (JSON lines), a run in ITF (*.itf.json), or - for standard input, which is checked as it comes.

    \b
    attorn trace log.jsonl
    attorn trace log.jsonl --mapping my_log.py --hidden execute,map
    tail -f log.jsonl | attorn trace -

    Exit codes: 0 accepted, 1 refused or an invariant violated, 2 undetermined, 3 bad input.
    """
    import json

    from attorn.checker.conform.refusal import explain_refusal, stuck
    from attorn.checker.conform.repair import Repair, repairs
    from attorn.checker.conform.trace_check import TraceChecker
    from attorn.checker.conform.trace_document import trace_document
    from attorn.checker.conform.trace_text import TraceScreen

    source = open_log(log)
    instance = instance_of(source.header, machine, sizes)
    with status_line(width()) as say:
        listener = _counter(say) if sys.stderr.isatty() else None
        checker = TraceChecker(instance, mapping_of(source.header, mapping, hidden), max_states, invariants, listener)
        verdict = checker.check(source)
    explanation, mended = None, tuple[Repair, ...]()
    if verdict.refusal is not None:
        bad = verdict.refusal.bad
        possible, happening = stuck(checker.tracker, bad.before, bad.meaning)
        explanation = explain_refusal(checker.concrete, checker.tracker, possible, happening)
        mended = repairs(checker.concrete, checker.tracker, verdict.refusal)
    if as_json:
        document = trace_document(source.name, instance, verdict, explanation, mended)
        click.echo(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        screen = TraceScreen(source.name, f"{instance.name} ({instance.shape()})", width(), painter())
        echo(screen.lines(verdict, explanation, mended))
    return REFUTED if verdict.broken else CODES[verdict.ending.value]


def _counter(say: Callable[[str], None]) -> Callable[[Heard, Possible], None]:
    """What tells from time to time how many lines have been read."""

    def count(heard: Heard, possible: Possible) -> None:
        if heard.line.number % EVERY == 0:
            say(f"{heard.line.number:,} lines · {len(possible):,} possible states")

    return count


def open_log(log: str) -> TraceSource:
    """A log by its name. Raises BadInput."""
    from attorn.checker.conform.byte_lines import ByteLines
    from attorn.checker.conform.itf import ItfReader
    from attorn.checker.conform.trace_reader import TraceReader
    from attorn.spec.errors import BadInput

    if log.endswith(".itf.json"):
        try:
            return ItfReader(Path(log).read_bytes(), log)
        except OSError as error:
            raise BadInput(f"cannot read {log}: {error.strerror}.") from error
    return TraceReader(ByteLines.of(log))


def instance_of(header: Header, machine: str | None, sizes: Mapping[str, int]) -> Instance:
    """What a log is checked against: the machine that the user or else its header names, in the sizes of the header.

    Sizes that the user gives count more. Raises BadInput.
    """
    from attorn.commands.targets import is_file, resolve_machine, resolve_one
    from attorn.model.instances import INSTANCES
    from attorn.spec.errors import BadInput
    from attorn.spec.language import Instance
    from attorn.systems import SYSTEMS, reference

    name = machine or header.machine
    if not machine and is_file(name):
        raise BadInput(f"the log names the machine {name}. Choose it yourself, if you trust it: --machine {name}.")
    wanted = {**header.sizes, **sizes}
    if name == reference.NAME:
        return reference.reference_instance(header, wanted)
    if name in SYSTEMS:
        return Instance.of(SYSTEMS[name].instance.machine, name, **{**SYSTEMS[name].instance.described(), **wanted})
    if is_file(name) or name in INSTANCES:
        return resolve_one(name, wanted).instance
    return Instance.of(resolve_machine(name)[0], **wanted)


def mapping_of(header: Header, file: str | None, hidden: str) -> LogMapping:
    """What lines mean: as a file says, as they do for a system that attorn knows, or as they stand."""
    from attorn.checker.conform.mapping import AS_IT_STANDS, LogMapping
    from attorn.commands.mapping_file import load_mapping
    from attorn.systems import SYSTEMS

    found = load_mapping(file) if file else AS_IT_STANDS
    if not file and header.machine in SYSTEMS:
        found = SYSTEMS[header.machine].mapping
    more = tuple(name.strip() for name in hidden.split(",") if name.strip())
    return LogMapping(found.read, (*found.hidden, *more))
