"""ITF, the trace format that Apalache, Quint and their viewers share: runs written as it, and read again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attorn.checker.conform.json_places import Twice, not_json, refuse_twice
from attorn.checker.conform.trace_reader import Line
from attorn.checker.verdicts import Move, Path
from attorn.spec.errors import BadInput
from attorn.spec.language import Field, Instance, Step, Values, value_name
from attorn.spec.language.sorts import BooleanSort, OptionSort, RangeSort, Sort
from attorn.spec.language.values import Value
from attorn.spec.trace import FORMAT, VERSION, Event, Header

__all__ = ["ACTION", "PICKS", "ItfReader", "itf_document", "itf_text", "read_itf"]

ACTION, PICKS, META = "mbt::actionTaken", "mbt::nondetPicks", "#meta"
SOURCE = "https://apalache-mc.org/docs/adr/015adr-trace.html"
INIT = "init"
DIGITS = re.compile(r"-?[0-9]{1,18}")


def itf_text(
    instance: Instance, path: Path, loop: Sequence[Move] | None = None, about: Mapping[str, Any] | None = None
) -> str:
    """A run as the text of an ``*.itf.json`` file, equal for equal runs; see ``itf_document``."""
    return json.dumps(itf_document(instance, path, loop, about), indent=1, ensure_ascii=False) + "\n"


def itf_document(
    instance: Instance, path: Path, loop: Sequence[Move] | None = None, about: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A run in ITF as plain data; step and arguments are in the variables that Quint uses for them.

    loop:  moves that are repeated for ever after the path; empty if the run rests there.
    about: what else its ``#meta`` says, such as the property that the run violates.
    """
    states = [_state(instance, 0, None, path.start)]
    for move in (*path.moves, *(loop or ())):
        states.append(_state(instance, len(states), move.step, move.state))
    document: dict[str, Any] = {
        META: {
            "format": "ITF",
            "format-description": SOURCE,
            "machine": instance.machine.name,
            "digest": instance.machine.digest,
            "sizes": instance.described(),
            **(about or {}),
        },
        "vars": [*instance.machine.state.fields, ACTION, PICKS],
        "states": states,
    }
    if loop is not None:
        # The last state of a loop is the first one once more; what follows it is what followed that.
        document["loop"] = len(path) + 1 if loop else len(path)
    return document


def _state(instance: Instance, index: int, step: Step | None, state: Values) -> dict[str, Any]:
    fields = {field.name: _field(instance, field, state) for field in instance.machine.state.fields.values()}
    return {
        META: {"index": index},
        **fields,
        ACTION: step.action.name if step else INIT,
        PICKS: _picks(step),
    }


def _field(instance: Instance, field: Field, state: Values) -> Any:
    """The value of a variable; else a map from its index, as a tuple where that has several parts."""
    pairs = []
    for index in instance.indices(field.domain):
        key = [_data(sort, part) for sort, part in zip(field.domain, index, strict=True)]
        value = _data(field.codomain, state[instance.position(field, index)])
        if not key:
            return value
        pairs.append([key[0] if len(key) == 1 else {"#tup": key}, value])
    return {"#map": pairs}


def _picks(step: Step | None) -> dict[str, Any]:
    """The arguments of a step, each as the option that Quint makes of it; what is not picked is left out."""
    if step is None:
        return {}
    return {
        each.name: {"tag": "Some", "value": _data(each.sort, number)}
        for each, number in zip(step.action.parameters, step.arguments, strict=True)
    }


def _data(sort: Sort, number: int) -> Any:
    """A value as ITF writes it: an option is a set of one element or none, as TLA+ has no null."""
    match sort:
        case BooleanSort():
            return bool(number)
        case RangeSort():
            return {"#bigint": str(number)}
        case OptionSort():
            return {"#set": [_data(sort.of, number - 1)] if number else []}
        case _:
            return value_name(sort, number)


def read_itf(data: bytes, name: str) -> tuple[Header, list[Event]]:
    """A run in ITF as a trace: its states are all seen; actions and arguments are those that Quint's variables name.

    name: what messages call the file. Raises BadInput for what is not ITF: ``file: place: what was expected``.
    """
    document = _parsed(data, name)
    meta, states = document.get(META, {}), document.get("states")
    if not isinstance(states, list) or not states:
        raise BadInput(f"{name}: states: expected a list with at least one state.")
    if not isinstance(meta, dict):
        raise BadInput(f"{name}: {META}: expected an object.")
    sizes = meta.get("sizes", {})
    if not isinstance(sizes, dict) or not all(type(size) is int for size in sizes.values()):
        raise BadInput(f"{name}: {META}.sizes: expected an object of whole numbers.")
    found = Header(
        format=FORMAT, version=VERSION, machine=str(meta.get("machine", "")), digest=str(meta.get("digest", "")),
        sizes=sizes, recorder=str(meta.get("source", "")),
    )  # fmt: skip
    return found, [_event(state, f"{name}: states[{index}]") for index, state in enumerate(states)]


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(data.decode())
        refuse_twice(data)
    except Twice as error:
        raise BadInput(f'{name}: an object has the key "{error}" twice.') from error
    except (ValueError, RecursionError) as error:
        column, what = not_json(data)
        raise BadInput(f"{name}: {what or error} (column {column}).") from error
    if not isinstance(document, dict):
        raise BadInput(f"{name}: expected an object with `vars` and `states`.")
    return document


def _event(state: Any, where: str) -> Event:
    if not isinstance(state, dict):
        raise BadInput(f"{where}: expected an object with a value for each variable.")
    action, picks = state.get(ACTION, ""), state.get(PICKS, {})
    if not isinstance(action, str):
        raise BadInput(f"{where}.{ACTION}: expected the name of an action.")
    if not isinstance(picks, dict):
        raise BadInput(f"{where}.{PICKS}: expected a record with an option for each parameter.")
    picked = {
        name: _value(pick, f"{where}.{PICKS}.{name}")
        for name, pick in picks.items()
        if not (isinstance(pick, dict) and pick.get("tag") == "None")
    }
    seen: dict[str, Value] = {}
    for variable, value in state.items():
        if variable not in (META, ACTION, PICKS):
            seen |= _cells(variable, value, f"{where}.{variable}")
    return Event(event="" if action == INIT else action, arguments=picked, state=seen)


def _cells(variable: str, value: Any, where: str) -> dict[str, Value]:
    """The cells of a variable, by the names that traces use."""
    if not isinstance(value, dict) or "#map" not in value:
        return {variable: _value(value, where)}
    found: dict[str, Value] = {}
    for pair in _list(value["#map"], where):
        key, held = _list(pair, where, 2)
        parts = _list(key["#tup"], where) if isinstance(key, dict) and "#tup" in key else [key]
        found[f"{variable}[{', '.join(_word(_value(part, where)) for part in parts)}]"] = _value(held, where)
    return found


def _list(value: Any, where: str, length: int | None = None) -> list[Any]:
    if not isinstance(value, list) or length not in (None, len(value)):
        raise BadInput(f"{where}: expected a list{f' of {length}' if length else ''}, such as a map has.")
    return value


def _value(value: Any, where: str) -> Value:
    match value:
        case bool() | int() | str():
            return value
        case {"#bigint": str(digits)} if DIGITS.fullmatch(digits):
            return int(digits)
        case {"tag": "None"} | {"#set": []}:
            return None
        case {"tag": "Some", "value": inner} | {"#set": [inner]}:
            return _value(inner, where)
    raise BadInput(f"{where}: expected true, false, text, a #bigint, or an option of these (a set of one or none).")


def _word(value: Value) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "none"
        case _:
            return str(value)


class ItfReader:
    """A run in ITF, as a source of the lines of a trace; its lines are its states, counted from 1."""

    def __init__(self, data: bytes, name: str) -> None:
        """Raises BadInput, as ``read_itf`` does."""
        self.name = name
        self.header, self._events = read_itf(data, name)

    def __iter__(self) -> Iterator[Line]:
        for number, event in enumerate(self._events, start=1):
            yield Line(number, None, event, b"")

    def hurry(self, seconds: float) -> None:
        """All lines are there already."""

    def error(self, line: Line, path: Sequence[str], text: str) -> BadInput:
        """What is wrong with a state."""
        return BadInput(f"{self.name}: {'.'.join((f'states[{line.number - 1}]', *path))}: {text}.")
