"""Python asks a symbolic value for its truth: each construct is refused with what to write instead."""

from __future__ import annotations

from attorn.spec.errors import SymbolicTruth
from attorn.spec.language import Expr, action, invariant, ite
from tests.spec.hall import Colour, Door, Hall, hall, mistake


@mistake(SymbolicTruth, "`if` needs a plain truth value", "s.require(...)", "ite(condition, a, b)")
def test_an_if_statement() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        if s.locked:  # wrong
            s.open[door] = True

    hall(step)


@mistake(SymbolicTruth, "`if` needs a plain truth value", "ite(condition, a, b)")
def test_a_conditional_expression() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.open[door] = True if s.locked else s.seen[door]  # wrong

    hall(step)


@mistake(SymbolicTruth, "`and` needs plain truth values", "(a) & (b)", "two clauses of require")
def test_and() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.locked and s.open[door])  # wrong

    hall(step)


@mistake(SymbolicTruth, "`and` needs plain truth values")
def test_and_in_a_condition_over_several_lines() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(
            s.locked,
            s.open[door]  # wrong
            and s.locked,
        )

    hall(step)


@mistake(SymbolicTruth, "`if` needs a plain truth value")
def test_an_if_on_a_conjunction_is_named_as_a_whole() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        if s.locked and not (s.open[door] or s.locked):  # wrong
            s.open[door] = False

    hall(step)


@mistake(SymbolicTruth, "`or` needs plain truth values", "(a) | (b)")
def test_or() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.locked or s.open[door])  # wrong

    hall(step)


@mistake(SymbolicTruth, "`not` needs a plain truth value", "~(a)")
def test_not() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(not s.open[door])  # wrong

    hall(step)


@mistake(SymbolicTruth, "`in` needs a plain truth value", "one_of(x, a, b)", "relation[x]")
def test_in_a_tuple_of_values() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.colour[door] in (Colour.RED, Colour.GREEN))  # wrong

    hall(step)


@mistake(SymbolicTruth, "`in` needs a plain truth value", "relation[x]")
def test_in_a_value() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(door in s.key)  # wrong

    hall(step)


@mistake(SymbolicTruth, "`while` needs a plain truth value", "an action of its own")
def test_while() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        while s.open[door]:  # wrong
            s.open[door] = False

    hall(step)


@mistake(SymbolicTruth, "`assert` needs a plain truth value", "s.require(...)")
def test_assert() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        assert s.open[door]  # wrong
        s.open[door] = False

    hall(step)


@mistake(SymbolicTruth, "a chained comparison needs plain truth values", "(a == b) & (b == c)")
def test_a_chained_comparison() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(0 < s.tries < 2, s.open[door])  # wrong

    hall(step)


@mistake(SymbolicTruth, "`match` needs a plain truth value", "ite(condition, a, b)")
def test_match() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        match s.colour[door]:  # wrong
            case Colour.RED:
                s.open[door] = True

    hall(step)


@mistake(SymbolicTruth, "`all` needs plain truth values", "forall(Sort, lambda x: ...)")
def test_all() -> None:
    @invariant
    def shut(s: Hall) -> bool:
        """All is shut."""
        return all((s.locked, s.locked))  # wrong

    hall(shut)


@mistake(SymbolicTruth, "`any` needs plain truth values", "exists(Sort, lambda x: ...)")
def test_any() -> None:
    @invariant
    def shut(s: Hall) -> bool:
        """Something is shut."""
        return any(each for each in (s.locked,))  # wrong

    hall(shut)


@mistake(SymbolicTruth, "no truth value while the machine is traced", "& | ~ or ite")
def test_bool() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.open[door] = bool(s.locked)  # wrong

    hall(step)


def test_what_the_messages_advise_is_accepted() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open a door."""
        s.require((s.locked) & (s.open[door]), (s.tries > 0) & (s.tries < 2), ~(s.open[door]) | s.locked)
        s.open[door] = ite(s.locked, True, s.open[door])

    @invariant
    def shut(s: Hall) -> Expr:
        """All is shut."""
        return s.locked >> s.locked

    assert [action.name for action in hall(step, shut).actions] == ["step"]
