"""A machine as a TLA+ module, and an instance of it as a configuration of TLC."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from attorn.checker.tla.terms import NOTHING, element, limit, set_of, term
from attorn.spec.errors import BadInput
from attorn.spec.language import Action, Expr, Instance, Machine, Op, Property
from attorn.spec.language.expressions import TRUE
from attorn.spec.language.state import Field
from attorn.spec.language.substitution import field_after, initial_formula
from attorn.spec.language.traced import Initial, Parameter

__all__ = ["configuration", "module", "module_name", "operators"]

WIDTH = 100
FORALL, EXISTS, IN, AND, TIMES = "\\A", "\\E", "\\in", " /\\ ", " \\X "
STANDARD = {"Nat", "Int", "Cardinality", "IsFiniteSet", "Init", "Next", "Spec", "vars", "TypeOK", "Fairness", "Stuck"}


def module_name(machine: Machine) -> str:
    """What the module is called, which its file must be called too."""
    name = re.sub(r"\W+", "_", machine.name)
    return name if name[:1].isalpha() else f"machine_{name}"


def module(machine: Machine) -> str:
    """The text of the module: constants for sorts and budgets, variables for fields, an operator for each action."""
    return "\n".join(_Module(machine).lines()) + "\n"


def configuration(instance: Instance, progress: bool = False) -> str:
    """What TLC is to check of an instance: what holds of its states and steps, or what comes about in its fair runs."""
    return "\n".join(_Module(instance.machine).settings(instance, progress)) + "\n"


def operators(machine: Machine) -> dict[str, str]:
    """What the module calls each action, property and promise."""
    return _Module(machine).operators


class _Module:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._fields = tuple(machine.state.fields.values())
        self._constants = [name for sort in machine.sorts for name in sort.constants]
        names = [
            NOTHING, *self._constants, *map(limit, machine.budgets),
            *(field.name for field in self._fields), *(sort.name for sort in (*machine.sorts, *machine.enumerations)),
        ]  # fmt: skip
        for name in names:
            if names.count(name) > 1 or name in STANDARD:
                raise BadInput(
                    f"machine {machine.name} has two things called `{name}`, or TLA+ has one: give it another name."
                )
        self._taken = {*STANDARD, *names}
        self.operators: dict[str, str] = {}
        for name in (
            *(each.name for each in machine.actions),
            *(each.name for each in machine.properties),
            *(each.name for each in machine.progress),
        ):
            self.operators[name] = self._free(_camel(name))

    def lines(self) -> Iterator[str]:
        """The module, line by line."""
        machine = self._machine
        yield f"---- MODULE {module_name(machine)} ----"
        yield from _comment(machine.says or machine.name, "")
        yield f"\\* Written by attorn from specification {machine.digest}."
        yield "EXTENDS Integers, FiniteSets"
        yield ""
        yield "CONSTANTS"
        yield f"    {', '.join(sort.name for sort in machine.sorts)}," if machine.sorts else ""
        for budget in machine.budgets:
            yield from _comment(budget.says, "    ")
            yield f"    {limit(budget)},"
        yield f"    {', '.join((*self._constants, NOTHING))}"
        yield ""
        for sort in machine.enumerations:
            members = ", ".join(f'"{member}"' for member in sort.members)
            yield f"{sort.name} == {{{members}}}"
        yield ""
        yield "VARIABLES"
        for number, field in enumerate(self._fields):
            yield from _comment(field.says + (" (a ghost: no guard reads it)" if field.ghost else ""), "    ")
            yield f"    {field.name}{',' if number + 1 < len(self._fields) else ''}"
        yield ""
        yield from self._wrapped("vars == <<", [field.name for field in self._fields], ">>")
        yield ""
        yield "TypeOK =="
        yield from (f"    /\\ {field.name} {IN} {_type(field)}" for field in self._fields)
        yield ""
        yield from self._initial()
        for action in machine.actions:
            yield ""
            yield from self._action(action)
        yield ""
        yield "Next =="
        for action in machine.actions:
            yield f"    \\/ {_bound(EXISTS, action.parameters, self._names(action.parameters))}{self._call(action)}"
        yield ""
        yield "Fairness =="
        fair = [action for action in machine.actions if action.fair != "none"]
        for action in fair:
            names = self._names(action.parameters)
            word = "WF" if action.fair == "weak" else "SF"
            yield f"    /\\ {_bound(FORALL, action.parameters, names)}{word}_vars({self._call(action)})"
        if not fair:
            yield "    TRUE"
        yield ""
        yield "Spec == Init /\\ [][Next]_vars /\\ Fairness"
        yield ""
        yield "\\* No state is stuck but those that are a right end."
        yield f"Stuck == ~(ENABLED Next) /\\ ~{term(machine.legal_end, {}, self._taken, alone=False)}"
        yield "NoDeadlock == ~Stuck"
        for stated in machine.properties:
            yield ""
            yield from self._property(stated)
        for promise in machine.progress:
            names = self._names(promise.parameters)
            levels = _levels(promise.parameters, names)
            taken = {*self._taken, *names}
            yield ""
            yield from _comment(promise.sentence, "")
            yield f"{self.operators[promise.name]} =="
            yield (
                f"    {_bound(FORALL, promise.parameters, names)}"
                f"{term(promise.premise, levels, taken, alone=False)} ~> "
                f"{term(promise.conclusion, levels, taken, alone=False)}"
            )
        yield "===="

    def settings(self, instance: Instance, progress: bool) -> Iterator[str]:
        """The configuration of an instance, line by line."""
        machine = self._machine
        yield f"\\* {instance.name}: {instance.shape()}. Written by attorn."
        yield from ["SPECIFICATION Spec"] if progress else ["INIT Init", "NEXT Next"]
        yield "CONSTANTS"
        for sort in machine.sorts:
            yield f"    {sort.name} = {{{', '.join(element(sort, number) for number in range(instance.size(sort)))}}}"
        for name in (*self._constants, NOTHING):
            yield f"    {name} = {name}"
        for budget in machine.budgets:
            yield f"    {limit(budget)} = {instance.limits[budget]}"
        if progress:
            yield "PROPERTIES"
            yield from (f"    {self.operators[each.name]}" for each in machine.progress)
            return
        yield "INVARIANTS"
        yield "    TypeOK"
        yield "    NoDeadlock"
        yield from (f"    {self.operators[each.name]}" for each in machine.properties if not each.two_state)
        if any(each.two_state for each in machine.properties):
            yield "PROPERTIES"
            yield from (f"    {self.operators[each.name]}" for each in machine.properties if each.two_state)

    def _initial(self) -> Iterator[str]:
        initial = self._machine.initial
        names = self._names(initial.parameters)
        levels, taken = _levels(initial.parameters, names), {*self._taken, *names}
        open_ = {write.field for write in initial.writes if write.value is None}
        yield "Init =="
        if names:
            yield f"    {_bound(EXISTS, initial.parameters, names)}".rstrip()
        for field in self._fields:
            if field in open_:
                yield f"    /\\ {field.name} {IN} {_type(field)}"
            else:
                yield f"    /\\ {field.name} = {self._all_cells(initial, field, levels, taken)}"
        rest = initial_formula(replace(initial, writes=tuple(each for each in initial.writes if each.field in open_)))
        if rest is not TRUE:
            yield f"    /\\ {term(rest, levels, taken, alone=False)}"

    def _action(self, action: Action) -> Iterator[str]:
        names = self._names(action.parameters)
        levels, taken = _levels(action.parameters, names), {*self._taken, *names}
        yield from _comment(f"{action.party}: {action.sentence}" if action.party else action.sentence, "")
        yield f"{self._call(action)} =="
        for clause in action.clauses:
            text = term(clause.formula, levels, taken, alone=False)
            yield f"    /\\ {text}{' = TRUE' if _branches(clause.formula) else ''}"
        for field in self._fields:
            if any(write.field is field for write in action.writes):
                yield f"    /\\ {field.name}' = {self._updated(action, field, levels, taken)}"
        same = [field.name for field in self._fields if all(write.field is not field for write in action.writes)]
        if same:
            yield from self._wrapped("    /\\ UNCHANGED <<", same, ">>")

    def _property(self, stated: Property) -> Iterator[str]:
        yield from _comment(stated.sentence, "")
        yield f"{self.operators[stated.name]} =="
        pieces = [term(part.formula, {}, self._taken, alone=False) for part in stated.conjuncts]
        if stated.two_state:
            yield f"    [][{AND.join(pieces)}]_vars"
        else:
            yield from (f"    /\\ {each}" for each in pieces)

    def _updated(self, action: Action, field: Field, levels: Mapping[int, str], taken: set[str]) -> str:
        """The new value of a field: single cells by EXCEPT, else the whole function."""
        writes = [write for write in action.writes if write.field is field]
        if not field.domain or any(write.binders or write.condition is not TRUE for write in writes):
            return self._all_cells(action, field, levels, taken)
        cells = []
        for write in writes:
            assert write.value is not None, "actions leave nothing open"
            index = ", ".join(term(part, levels, taken) for part in write.index)
            cells.append(f"![{index}] = {term(write.value, levels, taken)}")
        return f"[{field.name} EXCEPT {', '.join(cells)}]"

    def _all_cells(self, step: Action | Initial, field: Field, levels: Mapping[int, str], taken: set[str]) -> str:
        """What a step makes of a field, cell by cell."""
        cell, value = field_after(step, field)
        names: list[str] = []
        for sort in field.domain:
            names.append(_fresh(sort.name.lower(), {*taken, *names}))
        given = {**levels, **{each.payload: name for each, name in zip(cell, names, strict=True)}}
        text = term(value, given, {*taken, *names}, alone=bool(cell))
        if not cell:
            return text
        ranges = ", ".join(f"{name} {IN} {set_of(sort)}" for name, sort in zip(names, field.domain, strict=True))
        return f"[{ranges} |-> {text}]"

    def _names(self, parameters: Sequence[Parameter]) -> list[str]:
        return [_fresh(each.name, self._taken) for each in parameters]

    def _call(self, action: Action) -> str:
        names = self._names(action.parameters)
        return self.operators[action.name] + (f"({', '.join(names)})" if names else "")

    def _free(self, name: str) -> str:
        found = _fresh(name, self._taken)
        self._taken.add(found)
        return found

    def _wrapped(self, begin: str, names: Sequence[str], end: str) -> list[str]:
        return textwrap.wrap(
            f"{begin}{', '.join(names)}{end}", WIDTH, subsequent_indent=" " * len(begin), break_long_words=False
        )


def _type(field: Field) -> str:
    """The set of all values of a field."""
    if not field.domain:
        return set_of(field.codomain)
    sets = TIMES.join(set_of(sort) for sort in field.domain)
    return f"[{sets} -> {set_of(field.codomain)}]"


def _bound(quantifier: str, parameters: Sequence[Parameter], names: Sequence[str]) -> str:
    """A quantifier over parameters; nothing where there are none."""
    ranges = [f"{name} {IN} {set_of(each.sort)}" for name, each in zip(names, parameters, strict=True)]
    return f"{quantifier} {', '.join(ranges)} : " if ranges else ""


def _levels(parameters: Sequence[Parameter], names: Sequence[str]) -> dict[int, str]:
    return {each.variable.payload: name for each, name in zip(parameters, names, strict=True)}


def _branches(formula: Expr) -> bool:
    """Whether TLC would take a step once for each alternative in a clause; it does not where its truth is compared."""
    match formula.op:
        case Op.OR | Op.EXISTS:
            return True
        case Op.AND | Op.FORALL:
            return any(map(_branches, formula.args))
        case Op.IMPLIES | Op.CHOICE:
            return any(map(_branches, formula.args[1:]))
        case _:
            return False


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _fresh(name: str, taken: Collection[str]) -> str:
    """A name that is not taken: the one wanted, or that with a number."""
    numbered = (f"{name}{number}" for number in itertools.count(1))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def _comment(text: str, indent: str) -> list[str]:
    mark = f"{indent}\\* "
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent=mark, subsequent_indent=mark)
