"""Whether proofs stay where solvers always decide: no cycle among sorts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attorn.checker.prove.obligations import companions, inductive_set, obligations, two_state_conjuncts
from attorn.checker.prove.ranking import ranking_companions, ranking_obligations
from attorn.spec.language import Expr, Field, Machine, Op
from attorn.spec.language.sorts import BooleanSort, ElementSort, OptionSort, Sort
from attorn.spec.language.source import Where
from attorn.spec.language.traced import fields_read

__all__ = ["Edge", "Fragment", "check_fragment"]


@dataclass(frozen=True, order=True)
class Edge:
    """An element of one sort may give rise to one of another: by a field, or by ∀ source ... ∃ target."""

    source: str
    target: str
    because: str
    where: Where

    def __str__(self) -> str:
        return f"{self.source} → {self.target}: {self.because} ({self.where})"


@dataclass(frozen=True)
class Fragment:
    """Whether all obligations of a machine are stratified: then each has a finite answer that solvers find.

    order:      the sorts, each before those that its elements give rise to; empty if there is a cycle.
    edges:      all that contributes to the graph of sorts.
    offenders:  edges that lie on a cycle, those of quantifiers first: what to rewrite.
    outside:    what the fragment does not know at all, each with its line.
    arithmetic: whether counters occur, which add linear integer arithmetic; it stays decidable, for numbers are
                neither quantified nor used as an index (both are ``outside``).
    """

    order: tuple[str, ...]
    edges: tuple[Edge, ...]
    offenders: tuple[Edge, ...]
    outside: tuple[str, ...]
    arithmetic: bool

    @property
    def decidable(self) -> bool:
        """Whether there is no cycle and nothing outside."""
        return not self.offenders and not self.outside

    @property
    def said(self) -> str:
        """The finding in words."""
        if self.decidable:
            numbers = ", with linear integer arithmetic for counters" if self.arithmetic else ""
            return f"decidable: {' → '.join(self.order) or 'no sorts'}{numbers}."
        lines = ["not decidable in general; a solver may answer `unknown`."]
        if self.offenders:
            lines.append("These make a cycle among sorts (let each ∃ mention fewer ∀ variables):")
        return "\n".join([*lines, *(f"  {edge}" for edge in self.offenders), *(f"  {each}" for each in self.outside)])


def check_fragment(machine: Machine) -> Fragment:
    """Build the graph of sorts from every formula that a proof of the machine asserts, and look for cycles.

    Hypotheses are asserted as they are, what is refuted as its negation; parameters are constants; enumerations and
    truth values are finite and do not count; an ∃ depends on the ∀ variables that occur free in it. Only the
    completeness obligation is left out: it relates a step to itself and is decided by propositional reasoning.
    """
    survey = _Survey()
    for formula, because, where in _asserted(machine):
        survey.assert_(formula, because, where)
    cyclic = _on_cycles(survey.edges)
    offenders = sorted((edge for edge in survey.edges if edge in cyclic), key=lambda edge: (_is_field(edge), edge))
    return Fragment(
        () if offenders else _order(machine, survey.edges),
        tuple(sorted(survey.edges)),
        tuple(offenders),
        tuple(dict.fromkeys(survey.outside)),
        any(field.codomain.is_number for field in survey.fields),
    )


def _asserted(machine: Machine) -> Iterator[tuple[Expr, str, Where]]:
    """Every formula that is asserted, what to call it, and its line."""
    conjuncts, edges = inductive_set(machine), two_state_conjuncts(machine)
    lines = {conjunct.name: conjunct.clause.where for conjunct in (*conjuncts, *edges)}
    lines["initial"] = machine.initial.where
    for action in machine.actions:
        lines |= {f"guard of {action.name}, clause {number}": each.where for number, each in enumerate(action.clauses)}
        lines[action.name] = action.where
    for obligation in (*obligations(machine, conjuncts, edges), *companions(machine, conjuncts)):
        if obligation.unchanged:
            continue
        for name, formula in obligation.hypotheses:
            yield formula, name, lines[name]
        about = " after ".join(part for part in (obligation.conjunct, obligation.action) if part) or "initial"
        yield obligation.refuted, about, lines[obligation.conjunct or obligation.action or "initial"]
    for ranking in machine.rankings:
        for obligation in (
            *ranking_obligations(machine, ranking, conjuncts),
            *ranking_companions(machine, ranking, conjuncts),
        ):
            if not obligation.unchanged:
                for _, formula in (*obligation.hypotheses[len(conjuncts) :], ("", obligation.refuted)):
                    yield formula, f"ranking {ranking.name}", ranking.where


Scope = Mapping[int, frozenset[tuple[str, str]]]


class _Survey:
    """Collects the edges of formulas; a variable's scope is the set of ∀ variables (sort, name) that it depends on."""

    def __init__(self) -> None:
        self.edges: set[Edge] = set()
        self.outside: list[str] = []
        self.fields: set[Field] = set()
        self._seen: set[tuple[object, ...]] = set()
        self._because, self._where = "", Where("", 0)

    def assert_(self, formula: Expr, because: str, where: Where) -> None:
        """Take one more asserted formula; its free variables are constants."""
        if (formula.ident, because) in self._seen:
            return
        self._seen.add((formula.ident, because))
        self._because, self._where = because, where
        for field in fields_read(formula) - self.fields:
            self._take_field(field)
        self._visit(formula, True, dict.fromkeys(formula.free, frozenset()), set())

    def _take_field(self, field: Field) -> None:
        self.fields.add(field)
        target = _element(field.codomain)
        for sort in field.domain:
            if sort.is_number:
                self.outside.append(f"`{field.name}` is indexed by numbers ({field.where})")
            source = _element(sort)
            if source and target:
                self.edges.add(Edge(source, target, f"field {field.name}", field.where))

    def _visit(self, part: Expr, positive: bool, scope: Scope, seen: set[tuple[object, ...]]) -> None:
        key = (part.ident, positive, *(scope[level] for level in sorted(part.free)))
        if key in seen:
            return
        seen.add(key)
        match part.op:
            case Op.AND | Op.OR:
                for each in part.args:
                    self._visit(each, positive, scope, seen)
            case Op.NOT:
                self._visit(part.args[0], not positive, scope, seen)
            case Op.IMPLIES:
                self._visit(part.args[0], not positive, scope, seen)
                self._visit(part.args[1], positive, scope, seen)
            case Op.FORALL | Op.EXISTS:
                inner = self._bound(part, (part.op is Op.FORALL) == positive, scope)
                self._visit(part.args[0], positive, inner, seen)
            case Op.COUNT:
                self.outside.append(f"count(...) in {self._because} ({self._where})")
            case Op.CHOICE if isinstance(part.sort, BooleanSort):
                self._visit_both(part.args[0], scope, seen)
                for each in part.args[1:]:
                    self._visit(each, positive, scope, seen)
            case _:
                for each in part.args:
                    self._visit_both(each, scope, seen)

    def _visit_both(self, part: Expr, scope: Scope, seen: set[tuple[object, ...]]) -> None:
        """Visit what may be asserted as well as denied."""
        self._visit(part, True, scope, seen)
        self._visit(part, False, scope, seen)

    def _bound(self, part: Expr, universal: bool, scope: Scope) -> Scope:
        """The scope inside a quantifier; an existential one adds an edge from all that it depends on."""
        inner = dict(scope)
        variables, names = part.payload
        outer = frozenset[tuple[str, str]]().union(*(scope[level] for level in part.free))
        for variable, name in zip(variables, names, strict=True):
            if variable.sort.is_number:
                self.outside.append(f"a quantifier over numbers in {self._because} ({self._where})")
            sort = _element(variable.sort)
            if sort is None:
                inner[variable.payload] = frozenset()
            elif universal:
                inner[variable.payload] = frozenset(((sort, name),))
            else:
                inner[variable.payload] = outer
                for source, above in sorted(outer):
                    because = f"∀{above} ... ∃{name} in {self._because}"
                    self.edges.add(Edge(source, sort, because, self._where))
        return inner


def _element(sort: Sort) -> str | None:
    """The name of the element sort that a value has or may have; None where values are finitely many or numbers."""
    if isinstance(sort, OptionSort):
        return _element(sort.of)
    return sort.name if isinstance(sort, ElementSort) else None


def _is_field(edge: Edge) -> bool:
    return edge.because.startswith("field ")


def _on_cycles(edges: set[Edge]) -> set[Edge]:
    import networkx

    graph = networkx.DiGraph((edge.source, edge.target) for edge in edges)
    component = {
        sort: number for number, part in enumerate(networkx.strongly_connected_components(graph)) for sort in part
    }
    return {edge for edge in edges if component[edge.source] == component[edge.target]}


def _order(machine: Machine, edges: set[Edge]) -> tuple[str, ...]:
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(sort.name for sort in machine.sorts)
    graph.add_edges_from(sorted({(edge.source, edge.target) for edge in edges}))
    return tuple(networkx.lexicographical_topological_sort(graph))
