"""Progress for any size: what has to be shown of a ranking, and why "eventually" follows from it.

A ranking of a machine names a condition, ``during``, on some parameters (a VM, say); a rank, which is a list of natural
numbers of which the first counts most, where some are sums over all elements of sorts; and *helps*, which are steps of
fair actions, each under a condition of its own. Let I be the conjuncts that are proved inductive. Shown are:

FOUNDED  I ∧ during: every number of the rank is at least 0.
KEPT     I ∧ during, every step: ``during`` ends with it, or the rank does not rise.
FALLS    I ∧ during, every step that is a help and whose condition holds: ``during`` ends, or the rank falls.
ENABLED  I ∧ during: the condition of some help holds, and it is enabled.
STAYS    I ∧ during, a help is enabled and its condition holds, every step: ``during`` ends, or the rank falls, or the
         help is still enabled and its condition holds.
COVERS   I, for a progress property P leads to Q: wherever P holds, Q or ``during`` holds.
LEAVES   I ∧ during ∧ not Q, every step: then Q or ``during`` holds.

The argument. Take an instance, that is, any finite number of elements of each sort, and a fair run of it; I holds in
all of its states. Suppose that from some time on ``during`` holds for ever, for some values of the parameters.

1. A rank falls only finitely often in a row. A sum over finitely many elements of natural numbers (FOUNDED) is a
   natural number, and where no summand rises and one falls, the sum falls: this is what "falls" means above, and "does
   not rise" that no summand rises. Lists of natural numbers of one length, ordered by their first difference, have no
   infinite descending chain.
2. By KEPT the rank never rises; by 1 it falls only finitely often, so from some time t on it stays as it is.
3. By ENABLED some help is enabled at t, with its condition. By STAYS it is so for ever, for the rank never falls again
   and ``during`` never ends. So the run does not end at t, nor later: a fair run ends only where no fair step is
   enabled.
   And its action is weakly fair for each of its arguments, so this very step is taken at some time after t. (A strongly
   fair action is weakly fair.) By FALLS the rank falls then. That contradicts 2.

So ``during`` does not hold for ever. Now let P hold at some time of the run, and suppose that Q holds neither then nor
later. By COVERS ``during`` holds then, and by LEAVES it holds for ever after. It does not; so Q holds, then or later:
P leads to Q. Nothing in this depends on how many elements there are, nor on how large budgets are; a budget may be a
number of the rank, so that the steps that it pays for, faults, may raise all that counts less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from attorn.checker.prove.obligations import Conjunct, Kind, Obligation, guard_of, named
from attorn.spec.language import (
    Action,
    Expr,
    Fall,
    Field,
    Help,
    Machine,
    Op,
    Parameter,
    Ranking,
    after_step,
    all_of,
    any_of,
    primed,
)
from attorn.spec.language.expressions import FALSE, node, variable
from attorn.spec.language.quantifiers import quantified
from attorn.spec.language.scopes import recording
from attorn.spec.language.sorts import BOOLEAN
from attorn.spec.language.substitution import substituted
from attorn.spec.language.traced import fields_read

__all__ = ["ranking_companions", "ranking_obligations"]

APART = 1000
"""Variables from this level on are above all that an action or a ranking binds."""

Named = tuple[tuple[str, Expr], ...]


def ranking_obligations(machine: Machine, ranking: Ranking, known: Sequence[Conjunct]) -> Iterator[Obligation]:
    """All that has to be shown of one ranking, given conjuncts that are proved inductive; see above."""
    about, given = _Rank(ranking, {}), named(known)
    inside = (*given, ("during", about.during))
    parameters = about.parameters
    yield Obligation(Kind.RANK_FOUNDED, "", ranking.name, parameters, inside, ~about.founded)
    enabled = any_of(*(about.enabled(help, machine.action(help.action)) for help in ranking.by))
    yield Obligation(Kind.RANK_ENABLED, "", ranking.name, parameters, inside, ~enabled)
    for action in machine.actions:
        yield from _of_steps(machine, about, action, given)
    for name in ranking.shows:
        yield from _of_property(machine, ranking, name, given)


def ranking_companions(machine: Machine, ranking: Ranking, known: Sequence[Conjunct]) -> Iterator[Obligation]:
    """Questions that must have an answer, so that nothing of the above is about nothing."""
    given = named(known)
    yield Obligation(Kind.POSSIBLE_CASE, "", ranking.name, ranking.parameters, given, ranking.during)
    for help in ranking.by:
        action = machine.action(help.action)
        about = _Rank(ranking, _shared(ranking, action.parameters))
        parameters = (*action.parameters, *about.parameters)
        holds = all_of(about.during, about.when(help), action.guard)
        yield Obligation(Kind.POSSIBLE_STEP, action.name, ranking.name, parameters, given, holds)


def _of_steps(machine: Machine, about: _Rank, action: Action, given: Named) -> Iterator[Obligation]:
    """What is asked of every step of an action."""
    ranking, guard, writes = about.ranking, guard_of(action), action.writes
    written = {write.field for write in writes}
    parameters = (*action.parameters, *about.parameters)
    inside = (*given, ("during", about.during), *guard)
    untouched = written.isdisjoint(about.fields)
    over = after_step(~primed(about.during), writes)
    kept = over | after_step(about.kept, writes)
    over_or_lower = over | after_step(about.lower, writes)
    yield Obligation(Kind.RANK_KEPT, action.name, ranking.name, parameters, inside, ~kept, untouched)
    for help in ranking.by:
        name = f"{ranking.name}.{help.action}"
        if help.action == action.name:
            own = _Rank(ranking, _shared(ranking, action.parameters))
            falls = after_step(~primed(own.during) | own.lower, writes)
            held = (*given, ("during", own.during), ("condition", own.when(help)), *guard)
            yield Obligation(Kind.RANK_FALLS, action.name, name, (*action.parameters, *own.parameters), held, ~falls)
        extra, still = about.open_help(help, machine.action(help.action))
        stays = over_or_lower | after_step(primed(still), writes)
        yield Obligation(
            Kind.RANK_STAYS,
            action.name,
            name,
            (*parameters, *extra),
            (*inside, ("help", still)),
            ~stays,
            written.isdisjoint(fields_read(still)),
        )


def _of_property(machine: Machine, ranking: Ranking, name: str, given: Named) -> Iterator[Obligation]:
    """What makes a progress property follow from the ranking."""
    (stated,) = (each for each in machine.progress if each.name == name)
    title = f"{ranking.name}.{name}"
    own = _Rank(ranking, _shared(ranking, stated.parameters))
    parameters = (*stated.parameters, *own.parameters)
    covered = stated.premise & ~stated.conclusion & ~own.during
    yield Obligation(Kind.RANK_COVERS, "", title, parameters, given, covered)
    aside = {each.name: variable(each.sort, APART + number) for number, each in enumerate(stated.parameters)}
    conclusion = substituted(stated.conclusion, {each.variable.payload: aside[each.name] for each in stated.parameters})
    about = _Rank(ranking, {each.name: aside[each.name] for each in ranking.parameters if each.name in aside})
    free = tuple(Parameter(f"{name}.stated", value) for name, value in aside.items())
    inside = (*given, ("during", about.during), ("not yet", ~conclusion))
    for action in machine.actions:
        written = {write.field for write in action.writes}
        left = after_step(primed(conclusion) | primed(about.during), action.writes)
        yield Obligation(
            Kind.RANK_LEAVES,
            action.name,
            title,
            (*action.parameters, *free, *about.parameters),
            (*inside, *guard_of(action)),
            ~left,
            written.isdisjoint(fields_read(about.during) | fields_read(conclusion)),
        )


def _shared(ranking: Ranking, parameters: Sequence[Parameter]) -> dict[str, Expr]:
    """The parameters of a ranking that are parameters of something else too: of the same name and sort."""
    known = {each.name: each.variable for each in parameters}
    return {
        each.name: known[each.name]
        for each in ranking.parameters
        if each.name in known and known[each.name].sort == each.sort
    }


class _Rank:
    """A ranking about given values of its parameters; those not given are free, apart from all others.

    parameters: the free ones.
    """

    def __init__(self, ranking: Ranking, given: Mapping[str, Expr]) -> None:
        free = [each for each in ranking.parameters if each.name not in given]
        self.parameters = tuple(
            Parameter(f"{each.name}.ranked", variable(each.sort, APART + 100 + number))
            for number, each in enumerate(free)
        )
        self._chosen = {**given, **{old.name: new.variable for old, new in zip(free, self.parameters, strict=True)}}
        self._given = {each.variable.payload: self._chosen[each.name] for each in ranking.parameters}
        self.ranking = ranking
        self._open: dict[str, tuple[tuple[Parameter, ...], Expr]] = {}
        self.during = self._about(ranking.during)

    def when(self, help: Help) -> Expr:
        """The condition of a help."""
        return self._about(help.when)

    @cached_property
    def lower(self) -> Expr:
        """The rank is lower after the step than before."""
        found = FALSE
        for fall in reversed(self.ranking.falls):
            found = any_of(_lower(fall), all_of(_same(fall), found))
        return self._about(found)

    @cached_property
    def kept(self) -> Expr:
        """The rank is not higher after the step than before."""
        return any_of(self.lower, self._about(all_of(*map(_same, self.ranking.falls))))

    @property
    def founded(self) -> Expr:
        """All numbers of the rank are natural."""
        return self._about(all_of(*(_all(each, each.value >= 0) for each in self.ranking.falls)))

    @property
    def fields(self) -> set[Field]:
        """What the condition and the rank read."""
        parts = (self.during, *(each.value for each in self.ranking.falls))
        return {field for part in parts for field in fields_read(part)}

    def open_help(self, help: Help, action: Action) -> tuple[tuple[Parameter, ...], Expr]:
        """That a help is enabled, and its condition holds: with the parameters of its own that stay free."""
        if action.name in self._open:
            return self._open[action.name]
        own = [each for each in action.parameters if each.name not in _shared(self.ranking, action.parameters)]
        extra = tuple(
            Parameter(f"{each.name}.{action.name}", variable(each.sort, APART + 200 + number))
            for number, each in enumerate(own)
        )
        still = self._helped(help, action, {old.name: new.variable for old, new in zip(own, extra, strict=True)})
        self._open[action.name] = extra, still
        return extra, still

    def enabled(self, help: Help, action: Action) -> Expr:
        """That a help is enabled for some values of the parameters of its own, and its condition holds."""
        own = [each for each in action.parameters if each.name not in _shared(self.ranking, action.parameters)]
        if not own:
            return self._helped(help, action, {})
        names = tuple(each.name for each in own)

        def body(*chosen: Expr) -> Expr:
            return self._helped(help, action, dict(zip(names, chosen, strict=True)))

        with recording(None, APART + 300):
            return quantified(Op.EXISTS, tuple(each.sort for each in own), body, names)

    def _helped(self, help: Help, action: Action, own: Mapping[str, Expr]) -> Expr:
        given = {each.variable.payload: {**self._chosen, **own}[each.name] for each in action.parameters}
        return all_of(self.when(help), substituted(action.guard, given))

    def _about(self, formula: Expr) -> Expr:
        return substituted(formula, self._given)


def _lower(fall: Fall) -> Expr:
    """A sum falls where none of its numbers rises and one of them falls."""
    falls = primed(fall.value) < fall.value
    if not fall.variables:
        return falls
    return _all(fall, primed(fall.value) <= fall.value) & _over(Op.EXISTS, fall, falls)


def _same(fall: Fall) -> Expr:
    return _all(fall, primed(fall.value) == fall.value)


def _all(fall: Fall, formula: Expr) -> Expr:
    return _over(Op.FORALL, fall, formula) if fall.variables else formula


def _over(op: Op, fall: Fall, formula: Expr) -> Expr:
    return node(op, BOOLEAN, (formula,), (fall.variables, fall.names))
