"""The pages of ``attorn show``: what a specification says of one thing, and where that is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import partial

from attorn.checker.report import Paint, formula, wrapped
from attorn.commands.targets import claim_elements, is_hazard, preset_notes
from attorn.commands.words import nearest
from attorn.model.instances import NamedInstance
from attorn.spec.errors import UnknownName
from attorn.spec.language import (
    Action,
    Assumption,
    Clause,
    Expr,
    Field,
    Goal,
    Machine,
    Progress,
    Property,
    Ranking,
    render,
    render_write,
)
from attorn.spec.language.expressions import FALSE, TRUE
from attorn.spec.language.sorts import ElementSort, EnumerationSort, OptionSort, Sort
from attorn.spec.language.traced import Parameter, Possibility, fields_read

__all__ = ["pages"]

STATED = ("action", "property", "goal", "progress", "possibility", "ranking")  # pages that say all there is to say


def pages(
    name: str, machines: Sequence[Machine], instances: Iterable[NamedInstance], width: int, paint: Paint
) -> list[list[str]]:
    """One page, as lines, for each thing of that name; of things that machines share, the first machine's.

    Raises UnknownName, with the nearest name there is.
    """
    found: list[list[str]] = []
    known: dict[str, None] = {}
    seen: set[str] = set()
    for machine in machines:
        book = _Book(machine, width, paint)
        for title, kind, make in book.entries():
            known[title] = None
            if title == name and kind not in seen:
                seen.add(kind)
                page = make()
                found.append([*page, *_elsewhere(book, machines[machines.index(machine) + 1 :], kind, name, page)])
    for named in instances:
        known[named.name] = None
        if named.name == name:
            found.append(_Book(named.machine, width, paint).instance(named))
    if not found:
        advice = f"`attorn hazards {name}` tells of it." if is_hazard(name) else nearest(name, known)
        raise UnknownName(f"nothing is called `{name}`. {advice}")
    return found


def _elsewhere(book: _Book, others: Sequence[Machine], kind: str, name: str, page: list[str]) -> list[str]:
    """In which other machines the same is found, and in which ones it says something else."""
    same: list[str] = []
    changed: list[str] = []
    for other in others:
        for title, each, make in book.of(other).entries():
            if (title, each) == (name, kind):
                (same if kind not in STATED or make() == page else changed).append(other.name)
    rows = [*book.row("same in", ", ".join(same))]
    rows += book.row("differs in", f"{', '.join(changed)} (attorn show {changed[0]}/{name})" if changed else "")
    return ["", *rows] if rows else []


class _Book:
    """All pages of one machine."""

    MARGIN = 12

    def __init__(self, machine: Machine, width: int, paint: Paint) -> None:
        self._machine, self._width, self._paint = machine, width, paint
        self._elements = claim_elements(machine)

    def of(self, machine: Machine) -> _Book:
        """The same book of another machine."""
        return _Book(machine, self._width, self._paint)

    def entries(self) -> Iterator[tuple[str, str, Callable[[], list[str]]]]:
        """Everything that has a page: its name, its kind, and how to make the page."""
        machine = self._machine
        yield machine.name, "machine", self.machine
        for action in machine.actions:
            yield action.name, "action", partial(self.action, action)
        for stated in machine.properties:
            yield stated.name, "property", partial(self.property, stated)
        yield "no_deadlock", "property", self.no_deadlock
        for lemma in machine.lemmas:
            yield lemma.name, "lemma", partial(self.property, lemma)
        for goal in machine.goals:
            yield goal.name, "goal", partial(self.goal, goal)
        for progress in machine.progress:
            yield progress.name, "progress", partial(self.progress, progress)
        for possible in machine.always_possible:
            yield possible.name, "possibility", partial(self.possibility, possible)
        for ranking in machine.rankings:
            yield ranking.name, "ranking", partial(self.ranking, ranking)
        for field in machine.state.fields.values():
            yield field.name, "field", partial(self.field, field)
        for sort in self._sorts():
            yield sort.name, "sort", partial(self.sort, sort)
        for assumed in machine.assumptions:
            yield assumed.name, "assumption", partial(self.assumption, assumed)

    def machine(self) -> list[str]:
        """The machine as a whole."""
        machine = self._machine
        return [
            self._title("machine", machine.name),
            *self._prose(machine.says),
            "",
            *(line for title, text in preset_notes(machine) for line in self.row(title, text)),
            *self.row("digest", machine.digest[:16]),
            *self.row("sizes", ", ".join((*(s.name for s in machine.sorts), *(b.name for b in machine.budgets)))),
            *self.row("fields", ", ".join(machine.state.fields)),
            *self.row("actions", ", ".join(each.name for each in machine.actions)),
            *self.row("properties", ", ".join(each.name for each in machine.properties)),
            *self.row("goals", ", ".join(each.name for each in machine.goals)),
            *self.row("progress", ", ".join(each.name for each in machine.progress)),
            *self.row("possible", ", ".join(each.name for each in machine.always_possible)),
            *self.row("assumed", ", ".join(each.name for each in machine.assumptions)),
            "",
            "  initially",
            *(line for write in machine.initial.writes for line in self._item(render_write(write, {}))),
        ]

    def instance(self, named: NamedInstance) -> list[str]:
        """A named instance."""
        return [
            self._title("instance", named.name),
            *self._prose(named.says),
            "",
            *self.row("machine", named.machine.name),
            *self.row("sizes", " × ".join(f"{size} {sort}" for sort, size in named.sizes.items())),
            *self.row("checked", "by default" if named.default else "when asked for"),
            *self.row("command", f"attorn check {named.name}"),
        ]

    def action(self, action: Action) -> list[str]:
        """An action: its guard clause by clause, and what it writes."""
        names = _names(action.parameters)
        fair = "" if action.fair == "none" else f"{action.fair}ly fair: it is not put off for ever"
        return [
            self._title("action", f"{action.name}({_given(action.parameters)})"),
            *self._prose(action.sentence),
            "",
            *self.row("source", str(action.where)),
            *self.row("acts", action.party),
            *self.row("fairness", fair),
            *self._claim(action.claim or self._element_of(action.name)),
            *self.row("hazards", ", ".join(action.hazards)),
            "",
            f"  requires{'' if action.clauses else ' nothing'}",
            *self._clauses(action.clauses, names),
            f"  then{'' if action.writes else ' changes nothing'}",
            *(line for write in action.writes for line in self._item(render_write(write, names))),
        ]

    def property(self, stated: Property) -> list[str]:
        """An invariant or two-state property, conjunct by conjunct."""
        fields = set().union(*(fields_read(clause.formula) for clause in stated.conjuncts))
        kind = "lemma" if stated.lemma else "two-state property" if stated.two_state else "invariant"
        command = f"attorn prove {self._machine.name}" if stated.lemma else f"attorn check --property {stated.name}"
        return [
            self._title(kind, stated.name),
            *self._prose(stated.sentence),
            "",
            *self.row("source", str(stated.where)),
            *self._claim(stated.claim),
            *self.row("hazards", ", ".join(stated.hazards)),
            *self.row("reads", ", ".join(sorted(field.name for field in fields))),
            *self.row("command", command),
            "",
            "  holds in every step (x' is x after it)" if stated.two_state else "  holds in every reachable state",
            *self._clauses(stated.conjuncts, {}),
        ]

    def no_deadlock(self) -> list[str]:
        """The property that every machine has."""
        end = self._machine.legal_end
        ends = ["no state"] if end is FALSE else self._item(render(end))
        return [
            self._title("property", "no_deadlock"),
            *self._prose("Every state has a way on, or is a legal end."),
            "",
            "  legal ends",
            *(f"    {line.strip()}" for line in ends),
        ]

    def goal(self, goal: Goal) -> list[str]:
        """What must be possible, stage by stage."""
        names = _names(goal.parameters)
        order = ", in this order" if goal.stages[1:] else ""
        return [
            self._title("goal", goal.name),
            *self._prose(goal.sentence),
            "",
            *self.row("source", str(goal.where)),
            *self._claim(goal.claim),
            "",
            *self._prose(f"can be reached{_over(goal.parameters, 'some')}{order}"),
            *(line for n, stage in enumerate(goal.stages, 1) for line in self._item(render(stage, names), f"{n}.")),
        ]

    def progress(self, stated: Progress) -> list[str]:
        """What must happen in the end."""
        names = _names(stated.parameters)
        return [
            self._title("progress property", stated.name),
            *self._prose(stated.sentence),
            "",
            *self.row("source", str(stated.where)),
            *self._claim(stated.claim),
            *self.row("hazards", ", ".join(stated.hazards)),
            "",
            *self._prose(f"whenever{_over(stated.parameters, 'any')}"),
            *self._item(render(stated.premise, names)),
            "  then, at once or later",
            *self._item(render(stated.conclusion, names)),
        ]

    def possibility(self, stated: Possibility) -> list[str]:
        """What never gets out of reach."""
        return [
            self._title("possibility", stated.name),
            *self._prose(stated.sentence),
            "",
            *self.row("source", str(stated.where)),
            *self._claim(stated.claim),
            *self.row("hazards", ", ".join(stated.hazards)),
            "",
            *self._prose(f"from every reachable state{_over(stated.parameters, 'any')}, can be reached one with"),
            *self._item(render(stated.formula, _names(stated.parameters))),
        ]

    def ranking(self, ranking: Ranking) -> list[str]:
        """Why something cannot last: what falls meanwhile, and the steps that make it fall."""
        names = _names(ranking.parameters)
        lines = [
            self._title("ranking", ranking.name),
            *self._prose(ranking.sentence),
            "",
            *self.row("source", str(ranking.where)),
            *self.row("shows", ", ".join(ranking.shows)),
            *self.row("command", f"attorn prove {self._machine.name}"),
            "",
            *self._prose(f"cannot last in a fair run{_over(ranking.parameters, 'any')}"),
            *self._item(render(ranking.during, names)),
            "  for these numbers fall, the first of which counts most",
        ]
        for number, fall in enumerate(ranking.falls, start=1):
            bound = {each.payload: name for each, name in zip(fall.variables, fall.names, strict=True)}
            sum_over = "".join(f"for each {name}, " for name in fall.names)
            lines += self._item(f"{sum_over}{render(fall.value, names | bound)}", f"{number}.")
        lines.append("  by every step of these actions, some of which is always enabled")
        for help in ranking.by:
            condition = "" if help.when is TRUE else f" where {render(help.when, names)}"
            lines += self._item(f"{help.action}{condition}")
        return lines

    def field(self, field: Field) -> list[str]:
        """A field, and what reads and writes it."""
        machine = self._machine
        index = f"[{', '.join(str(sort) for sort in field.domain)}]" if field.domain else ""
        reads = [each.name for each in machine.actions if field in _fields_of(each)]
        writes = [each.name for each in machine.actions if any(write.field is field for write in each.writes)]
        checks = [
            each.name
            for each in machine.properties
            if any(field in fields_read(clause.formula) for clause in each.conjuncts)
        ]
        goals = [each.name for each in machine.goals if any(field in fields_read(stage) for stage in each.stages)]
        return [
            self._title("ghost field" if field.ghost else "field", f"{field.name}{index}: {field.codomain}"),
            *self._prose(field.says),
            "",
            *self.row("source", str(field.where)),
            *self._claim(self._element_of(field.name)),
            *self.row("read by", ", ".join(reads) or "no action"),
            *self.row("written by", ", ".join(writes) or "no action"),
            *self.row("checked by", ", ".join([*checks, *goals]) or "nothing"),
        ]

    def sort(self, sort: Sort) -> list[str]:
        """A sort: its values or its size, and where it is used."""
        machine = self._machine
        fields = [each.name for each in machine.state.fields.values() if _mentions((*each.domain, each.codomain), sort)]
        actions = [each.name for each in machine.actions if _mentions([p.sort for p in each.parameters], sort)]
        lines: list[str] = []
        match sort:
            case EnumerationSort():
                lines = [self._title("enumeration", sort.name), *self._prose(sort.python.__doc__ or ""), ""]
                for member in sort.python:
                    lines += self.row(member.name, _said(member))
                lines.append("")
            case ElementSort():
                lines = [self._title("sort", sort.name), *self._prose(sort.says), ""]
                lines += self.row("size", f"chosen by the instance, --size {sort.name}=N; any, in a proof")
                for name, says in sort.python.constants_declared.items():
                    lines += self.row("constant", f"{name}: {says}" if says else name)
        return [
            *lines,
            *self.row("fields", ", ".join(fields)),
            *self.row("chosen by", ", ".join(actions)),
        ]

    def assumption(self, assumed: Assumption) -> list[str]:
        """Something taken for granted."""
        return [
            self._title("assumption", assumed.name),
            *self._prose(assumed.sentence),
            "",
            *self.row("source", str(assumed.where)),
            *self.row("machine", self._machine.name),
        ]

    def row(self, title: str, text: str) -> list[str]:
        """A title and what it says, wrapped beside it; nothing if there is nothing to say."""
        if not text:
            return []
        margin = max(self.MARGIN, len(title) + 2)
        return wrapped(text, self._width, " " * (2 + margin), f"  {title:{margin}}")

    def _title(self, kind: str, name: str) -> str:
        return f"{kind} {self._paint(name, 'strong')}"

    def _prose(self, text: str) -> list[str]:
        return wrapped(" ".join(text.split()), self._width, "  ")

    def _item(self, text: str, mark: str = "") -> list[str]:
        lead = f"    {mark} " if mark else "    "
        return wrapped(formula(text), self._width, " " * (len(lead) + 2), lead)

    def _clauses(self, clauses: Sequence[Clause], names: dict[int, str]) -> Iterator[str]:
        for number, clause in enumerate(clauses, start=1):
            yield from self._item(render(clause.formula, names), f"{number}.")

    def _claim(self, letters: str) -> list[str]:
        return [
            line
            for letter in letters
            if letter in self._elements
            for line in self.row(f"claim {letter}", self._elements[letter])
        ]

    def _element_of(self, name: str) -> str:
        """The letters of the claim's elements that are modelled by a name."""
        if not self._elements:
            return ""
        from attorn.spec.claims import CLAIM

        return "".join(element.letter for element in CLAIM if name in element.modelled)

    def _sorts(self) -> list[Sort]:
        found: dict[Sort, None] = dict.fromkeys(self._machine.sorts)
        for field in self._machine.state.fields.values():
            for sort in (*field.domain, field.codomain):
                inner = sort.of if isinstance(sort, OptionSort) else sort
                if isinstance(inner, EnumerationSort):
                    found[inner] = None
        return list(found)


def _given(parameters: Sequence[Parameter]) -> str:
    return ", ".join(f"{each.name}: {each.sort}" for each in parameters)


def _over(parameters: Sequence[Parameter], word: str) -> str:
    return f", for {word} {_given(parameters)}" if parameters else ""


def _names(parameters: Sequence[Parameter]) -> dict[int, str]:
    return {each.variable.payload: each.name for each in parameters}


def _fields_of(action: Action) -> set[Field]:
    """The fields that an action reads, in its guard or in its writes."""
    parts: list[Expr] = [clause.formula for clause in action.clauses]
    for write in action.writes:
        parts += [write.condition, *write.index, *([write.value] if write.value is not None else [])]
    return set().union(*(fields_read(part) for part in parts))


def _mentions(sorts: Iterable[Sort], wanted: Sort) -> bool:
    return any(sort == wanted or (isinstance(sort, OptionSort) and sort.of == wanted) for sort in sorts)


def _said(member: Enum) -> str:
    return member.value if isinstance(member.value, str) else ""
