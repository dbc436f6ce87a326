"""Mistakes that authors make: each is refused once, at its line, with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from attorn.spec.errors import DoubleWrite, OutOfRange, SortMismatch, SpecificationError, UnknownField
from attorn.spec.language import (
    ANY,
    Element,
    Expr,
    Machine,
    Map,
    Relation,
    State,
    UpTo,
    Variable,
    action,
    always_possible,
    constant,
    count,
    exists,
    forall,
    goal,
    initial,
    invariant,
    ite,
    leads_to,
    legal_end,
    one_of,
    progress,
    some,
    then,
    two_state,
)
from tests.spec.hall import Colour, Door, Hall, Window, closed, hall, mistake

# Sorts and arities


@mistake(SortMismatch, "index 1 of open must be of sort Door", "`window` of sort Window")
def test_an_index_of_another_sort() -> None:
    @action
    def step(s: Hall, window: Window) -> None:
        """Open."""
        s.open[window] = True  # wrong

    hall(step)


@mistake(SortMismatch, "index 2 of near must be of sort Door", "Colour")
def test_an_index_of_another_sort_in_a_read() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.near[door, Colour.RED])  # wrong

    hall(step)


@mistake(SortMismatch, "the value of colour must be of sort Colour", "True (bool)")
def test_a_value_of_another_sort() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Paint."""
        s.colour[door] = True  # wrong

    hall(step)


@mistake(SortMismatch, "the value of locked must be of sort Bool", "`door` of sort Door")
def test_a_value_of_another_sort_for_a_variable() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Lock."""
        s.locked = door  # wrong

    hall(step)


@mistake(SortMismatch, "cannot compare `colour[door]` of sort Colour with `door` of sort Door")
def test_a_comparison_across_sorts() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.colour[door] == door)  # wrong

    hall(step)


@mistake(SortMismatch, "cannot compare", "'RED' (str)")
def test_a_comparison_with_a_string() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.colour[door] == "RED")  # wrong

    hall(step)


@mistake(SortMismatch, "& needs truth values", "need parentheses: (a == b) & (c == d)")
def test_a_comparison_without_parentheses() -> None:
    @action
    def step(s: Hall, door: Door, other: Door) -> None:
        """Open."""
        s.require(s.twin[door] == other & s.open[door])  # wrong

    hall(step)


@mistake(SortMismatch, "< needs numbers", "of sort Colour")
def test_an_order_of_values_that_are_no_numbers() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.colour[door] < s.tries)  # wrong

    hall(step)


@mistake(SortMismatch, "ite has", "on one side", "on the other")
def test_a_choice_between_two_sorts() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Paint."""
        s.colour[door] = ite(s.locked, s.colour[door], s.tries)  # wrong

    hall(step)


@mistake(SortMismatch, "some() needs an option", "of sort Door")
def test_some_of_what_is_always_there() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(some(s.twin[door], lambda other: s.open[other]))  # wrong

    hall(step)


@mistake(SortMismatch, "`near` takes 2 index(es) [Door, Door], got 1")
def test_too_few_indices() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Join."""
        s.near[door] = True  # wrong

    hall(step)


@mistake(SortMismatch, "`open` takes 1 index(es) [Door], got 2")
def test_too_many_indices() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.open[door, door])  # wrong

    hall(step)


@mistake(SortMismatch, "forall binds 2 variable(s), but its function takes 1: (a)")
def test_a_quantifier_whose_function_takes_too_few() -> None:
    @invariant
    def shut(s: Hall) -> Expr:
        """All is shut."""
        return forall(Door, Door, lambda a: s.open[a])  # type: ignore[misc,arg-type]  # wrong

    hall(shut)


@mistake(SortMismatch, "the index of near binds 2 variable(s), but its function takes 1: (a)")
def test_a_condition_on_an_index_that_takes_too_few() -> None:
    @action
    def step(s: Hall) -> None:
        """Join."""
        s.near[lambda a: s.open[a]] = True  # wrong

    hall(step)


@mistake(SortMismatch, "this write to near binds 1 variable(s), but its function takes 2: (a, b)")
def test_a_value_by_a_function_that_takes_too_many() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Join."""
        s.near[door, ...] = lambda a, b: s.open[a]  # wrong

    hall(step)


@mistake(SpecificationError, "forall takes sorts and then a function", "forall(VM, lambda vm: ...)")
def test_a_quantifier_without_a_function() -> None:
    @invariant
    def shut(s: Hall) -> Expr:
        """All is shut."""
        return forall(Door, s.locked)  # type: ignore[call-overload]  # wrong

    hall(shut)


@mistake(SortMismatch, "<class 'int'> is not a sort", "Element, an Enum, bool, Option(...) or UpTo(...)")
def test_a_quantifier_over_what_is_no_sort() -> None:
    @invariant
    def shut(s: Hall) -> Expr:
        """All is shut."""
        return exists(int, lambda a: s.locked)  # wrong

    hall(shut)


@mistake(SortMismatch, "the condition on the index of open must be of sort Bool")
def test_a_condition_on_an_index_that_is_no_formula() -> None:
    @action
    def step(s: Hall) -> None:
        """Open."""
        s.open[lambda door: s.twin[door]] = True  # wrong

    hall(step)


# Fields


@mistake(UnknownField, "the state Hall has no field `colur`", "Did you mean `colour`?")
def test_reading_an_unknown_field() -> None:
    @action
    def step(s: Any, door: Door) -> None:
        """Open."""
        s.require(s.colur[door] == Colour.RED)  # wrong

    hall(step)


@mistake(UnknownField, "the state Hall has no field `lockd`", "Did you mean `locked`?")
def test_writing_an_unknown_variable() -> None:
    @action
    def step(s: Any) -> None:
        """Lock."""
        s.lockd = True  # wrong

    hall(step)


@mistake(UnknownField, "the state Hall has no field `weather`", "It has: open, near, colour")
def test_an_unknown_field_that_is_like_no_other() -> None:
    @action
    def step(s: Any) -> None:
        """Look."""
        s.require(s.weather)  # wrong

    hall(step)


@mistake(SpecificationError, "`open` is a map", "`s.open[index] = value`, or `s.open[...] = value` for all")
def test_assigning_to_a_map_as_a_whole() -> None:
    @action
    def step(s: Any) -> None:
        """Open."""
        s.open = True  # wrong

    hall(step)


@mistake(SpecificationError, "`colour` is a map; give it an index: `s.colour[x]`")
def test_comparing_a_map_as_a_whole() -> None:
    @action
    def step(s: Hall) -> None:
        """Open."""
        s.require(s.colour == Colour.RED)  # wrong

    hall(step)


@mistake(SpecificationError, "`open` is a map; give it an index: `s.open[x]`")
def test_negating_a_map_as_a_whole() -> None:
    @action
    def step(s: Any) -> None:
        """Open."""
        s.require(~s.open)  # wrong

    hall(step)


@mistake(SortMismatch, "a clause of require must be of sort Bool", "the map open without an index")
def test_requiring_a_map_as_a_whole() -> None:
    @action
    def step(s: Hall) -> None:
        """Open."""
        s.require(s.open)  # wrong

    hall(step)


@mistake(SpecificationError, "`in` does not work on fields", "`s.open[x]`")
def test_in_a_field() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(door in s.open)  # wrong

    hall(step)


@mistake(SpecificationError, "`open` cannot be looped over", "forall(Sort, lambda x: s.open[x])")
def test_looping_over_a_field() -> None:
    @action
    def step(s: Hall) -> None:
        """Open."""
        for door in s.open:  # type: ignore[var-annotated]  # wrong
            s.open[door] = True

    hall(step)


@mistake(SpecificationError, "a symbolic value cannot be looped over", "forall(Sort, lambda x: ...)")
def test_looping_over_a_value() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        for other in s.twin[door]:  # type: ignore[var-annotated]  # wrong
            s.open[other] = True

    hall(step)


@mistake(
    SpecificationError, "only a write can name many cells of `near` at once", "forall(Door, Door, lambda x, y: ...)"
)
def test_reading_all_cells_at_once() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.near[door, ...])  # wrong

    hall(step)


@mistake(SpecificationError, "has no attribute 'open'", "read a field of the state: `s.open[...]`")
def test_a_field_of_an_element() -> None:
    @action
    def step(s: Hall, door: Any) -> None:
        """Open."""
        s.require(door.open)  # wrong

    step.function.__annotations__["door"] = Door
    hall(step)


@mistake(SpecificationError, "a field cannot be called `require`", "give it another name")
def test_a_field_that_hides_a_part_of_the_language() -> None:
    class Hidden(State):
        require = Variable(bool)  # type: ignore[assignment]  # wrong


@mistake(SpecificationError, "one field has two names, `one` and `two`")
def test_a_field_with_two_names() -> None:
    class Shared(State):
        one = two = Variable(bool)  # wrong


@mistake(SortMismatch, "a Map needs at least one index sort", "Use Variable")
def test_a_map_without_an_index() -> None:
    Map(to=bool)  # wrong


@mistake(SortMismatch, "a range needs a limit of at least 1, got 0")
def test_a_range_of_one_number() -> None:
    UpTo(0)  # wrong


@mistake(SpecificationError, "Door has a constant `front` already")
def test_two_constants_of_one_name() -> None:
    class Door(Element):
        """A door."""

    constant(Door, "front")
    constant(Door, "front")  # wrong


# Actions


@mistake(SpecificationError, "`step` assigns to its parameter `door`", "`s.field[index] = value`")
def test_assigning_to_a_parameter() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        door = s.twin[door]  # type: ignore[assignment]  # wrong
        s.open[door] = True

    hall(step)


@mistake(SpecificationError, "`step` never uses its parameter `door`", "every value of it would be the same step")
def test_a_parameter_that_is_not_used() -> None:
    @action  # wrong
    def step(s: Hall, door: Door) -> None:
        """Lock."""
        s.locked = True

    hall(step)


@mistake(SpecificationError, "parameter `door` of `step` needs a sort", "`door: VM`")
def test_a_parameter_without_a_sort() -> None:
    @action  # wrong
    def step(s, door) -> None:
        """Open."""
        s.open[door] = True

    hall(step)


@mistake(SortMismatch, "parameter `door` of `step`: <class 'str'> is not a sort")
def test_a_parameter_of_no_sort() -> None:
    @action  # wrong
    def step(s: Hall, door: str) -> None:
        """Open."""
        s.locked = True

    hall(step)


@mistake(SpecificationError, "`step` is annotated with `Dor`", "name 'Dor' is not defined")
def test_a_parameter_of_an_unknown_name() -> None:
    @action  # wrong
    def step(s: Hall, door: Dor) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Open."""
        s.open[door] = True

    hall(step)


@mistake(SpecificationError, "`step` takes no state", "def step(s, ...)")
def test_an_action_that_takes_no_state() -> None:
    @action  # wrong
    def step(door: Door) -> None:
        """Open."""

    hall(step)


@mistake(SpecificationError, "action `step` needs a docstring")
def test_an_action_without_a_sentence() -> None:
    @action  # wrong
    def step(s: Hall) -> None:
        s.locked = True


@mistake(SortMismatch, "a clause of require must be of sort Bool", "`twin[door]` of sort Door")
def test_a_requirement_that_is_no_formula() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(s.open[door], s.twin[door])  # wrong

    hall(step)


@mistake(SpecificationError, "a guard of `step` reads the ghost field `seen`", "guard by ordinary state")
def test_a_guard_that_reads_a_ghost() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.require(
            s.locked,
            ~s.seen[door],  # wrong
        )
        s.open[door] = True

    hall(step)


@mistake(SpecificationError, "`step` writes `open` by the ghost field `seen`")
def test_a_value_that_a_ghost_decides() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.open[door] = s.seen[door]  # wrong

    hall(step)


@mistake(SpecificationError, "`step` writes `open` by the ghost field `seen`")
def test_cells_that_a_ghost_chooses() -> None:
    @action
    def step(s: Hall) -> None:
        """Open."""
        s.open[lambda door: s.seen[door]] = True  # wrong

    hall(step)


@mistake(SpecificationError, "ANY is for initial states", "make the choice a parameter")
def test_any_value_in_an_action() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Paint."""
        s.colour[door] = ANY  # wrong

    hall(step)


@mistake(DoubleWrite, "writes a cell of `locked` that it already writes", "ite(...)")
def test_one_variable_written_twice() -> None:
    @action
    def step(s: Hall) -> None:
        """Lock."""
        s.locked = True
        s.locked = False  # wrong

    hall(step)


@mistake(DoubleWrite, "writes a cell of `open` that it already writes")
def test_one_cell_among_all_written_twice() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.open[...] = False
        s.open[door] = True  # wrong

    hall(step)


@mistake(DoubleWrite, "writes a cell of `near` that it already writes")
def test_a_row_and_a_column_written_twice() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Join."""
        s.near[door, ...] = False
        s.near[..., door] = True  # wrong

    hall(step)


@mistake(OutOfRange, "tries cannot be 3; its values are 0..2")
def test_a_constant_outside_a_range() -> None:
    @action
    def step(s: Hall) -> None:
        """Try."""
        s.tries = 3  # wrong

    hall(step)


@mistake(OutOfRange, "index 1 of marks is `(tries + 1)`, which may lie outside 0..2")
def test_a_computed_index() -> None:
    @action
    def step(s: Hall) -> None:
        """Mark."""
        s.marks[s.tries + 1] = True  # wrong

    hall(step)


@mistake(SpecificationError, "`step` cannot be traced", "not callable")
def test_calling_a_field() -> None:
    @action
    def step(s: Any, door: Door) -> None:
        """Open."""
        s.require(s.open(door))  # wrong

    hall(step)


@mistake(SpecificationError, "`step` cannot be traced", "name 'doo' is not defined")
def test_a_misspelt_name() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Open."""
        s.open[doo] = True  # type: ignore[name-defined]  # noqa: F821  # wrong

    hall(step)


# Properties


@mistake(SpecificationError, "property `shut` must not change the state, but writes `locked`")
def test_an_invariant_that_changes_the_state() -> None:
    @invariant
    def shut(s: Hall) -> Expr:
        """All is shut."""
        s.locked = True  # wrong
        return s.locked

    hall(shut)


@mistake(SpecificationError, "property `shut` has no guard", "return the formula")
def test_an_invariant_that_requires() -> None:
    @invariant
    def shut(s: Hall) -> None:
        """All is shut."""
        s.require(s.locked)  # wrong

    hall(shut)


@mistake(SpecificationError, "invariant `shut` returns nothing; return its formula")
def test_an_invariant_that_returns_nothing() -> None:
    @invariant  # wrong
    def shut(s: Hall) -> None:
        """All is shut."""
        forall(Door, lambda door: ~s.open[door])

    hall(shut)


@mistake(SortMismatch, "what `shut` returns must be of sort Bool", "`key` of sort Option(Door)")
def test_an_invariant_that_is_no_formula() -> None:
    @invariant  # wrong
    def shut(s: Hall) -> Expr:
        """All is shut."""
        return s.key

    hall(shut)


@mistake(SpecificationError, "invariant `shut` takes (s), not (s, door)", "forall(Sort, lambda x: ...)")
def test_an_invariant_with_parameters() -> None:
    @invariant  # wrong
    def shut(s: Hall, door: Door) -> Expr:
        """All is shut."""
        return ~s.open[door]

    hall(shut)


@mistake(SpecificationError, "two_state `keeps` takes (before, after), not (s)")
def test_a_two_state_property_of_one_state() -> None:
    @two_state  # wrong
    def keeps(s: Hall) -> Expr:
        """All is kept."""
        return s.locked

    hall(keeps)


@mistake(SpecificationError, "invariant `shut` needs a docstring")
def test_an_invariant_without_a_sentence() -> None:
    @invariant  # wrong
    def shut(s: Hall) -> Expr:
        return s.locked


@mistake(SpecificationError, "progress `opens` must return leads_to(premise, conclusion)")
def test_a_progress_property_that_is_a_formula() -> None:
    @progress  # wrong
    def opens(s: Hall, door: Door) -> Expr:
        """A door opens."""
        return s.open[door]

    hall(opens)


@mistake(SortMismatch, "what `opens` returns must be of sort Bool", "LeadsTo")
def test_a_goal_that_is_a_progress_property() -> None:
    @goal  # wrong
    def opens(s: Hall, door: Door) -> object:
        """A door opens."""
        return leads_to(s.locked, s.open[door])

    hall(opens)


@mistake(SortMismatch, "a stage of then must be of sort Bool")
def test_a_stage_that_is_no_formula() -> None:
    @goal
    def opens(s: Hall, door: Door) -> object:
        """A door opens."""
        return then(s.locked, s.twin[door])  # wrong

    hall(opens)


@mistake(SpecificationError, "legal_end `over` takes (s) alone", "forall(Sort, lambda x: ...)")
def test_a_legal_end_with_parameters() -> None:
    @legal_end  # wrong
    def over(s: Hall, door: Door) -> Expr:
        return s.open[door]

    hall(over)


@mistake(SpecificationError, "always_possible `opens` returns nothing")
def test_a_possibility_that_returns_nothing() -> None:
    @always_possible  # wrong
    def opens(s: Hall, door: Door) -> None:
        """A door can be opened."""

    hall(opens)


# Machines and initial states


@mistake(SpecificationError, "machine `hall` has no initial state", "@initial")
def test_a_machine_without_an_initial_state() -> None:
    Machine("hall", Hall, None, ())  # wrong


@mistake(SpecificationError, "`step` as a step; decorate it with @action")
def test_a_step_that_is_a_plain_function() -> None:
    def step(s: Hall) -> None:
        s.locked = True

    Machine("hall", Hall, closed, (step,))  # type: ignore[arg-type]  # wrong


@mistake(SpecificationError, "given the invariant `shut` as a step", "must be one of: action")
def test_a_step_that_is_an_invariant() -> None:
    @invariant
    def shut(s: Hall) -> Expr:
        """All is shut."""
        return s.locked

    Machine("hall", Hall, closed, (shut,))  # wrong


@mistake(SpecificationError, "more than one action called `step`")
def test_two_actions_of_one_name() -> None:
    @action
    def step(s: Hall) -> None:
        """Lock."""
        s.locked = True

    Machine("hall", Hall, closed, (step, step))  # wrong


@mistake(SpecificationError, "more than one property called `shut`")
def test_two_properties_of_one_name() -> None:
    @invariant
    def shut(s: Hall) -> Expr:
        """All is shut."""
        return s.locked

    Machine("hall", Hall, closed, (), (shut, shut))  # wrong


@mistake(SpecificationError, "the initial state says nothing of `near`, `colour`", "or ANY for every value")
def test_an_initial_state_that_leaves_out_fields() -> None:
    @initial  # wrong
    def begin(s: Hall) -> None:
        s.open[...] = False

    hall(begin)


@mistake(
    SpecificationError, "the initial value of `open` reads `seen`, which has no value yet", "Write all of `seen` before"
)
def test_an_initial_value_that_reads_what_comes_later() -> None:
    @initial
    def begin(s: Hall) -> None:
        s.open[...] = lambda door: s.seen[door]  # wrong
        s.near[...] = False
        s.colour[...] = Colour.RED
        s.twin[...] = ANY
        s.locked = False
        s.key = ANY
        s.tries = 0
        s.marks[...] = False
        s.seen[...] = False

    hall(begin)


@mistake(SpecificationError, "the initial state chooses cells of `near` by its own field `open`", "ite(...)")
def test_an_initial_state_that_chooses_cells_by_itself() -> None:
    @initial
    def begin(s: Hall) -> None:
        s.open[...] = ANY
        s.near[lambda a, b: s.open[a]] = True  # wrong
        s.near[lambda a, b: ~s.open[a]] = False
        s.colour[...] = Colour.RED
        s.twin[...] = ANY
        s.locked = False
        s.key = ANY
        s.tries = 0
        s.marks[...] = False
        s.seen[...] = False

    hall(begin)


def test_what_the_messages_advise_is_accepted() -> None:
    @action
    def step(s: Hall, door: Door) -> None:
        """Change much."""
        s.require(forall(Door, lambda a: s.near[door, a]), one_of(s.colour[door], Colour.RED), s.key == door)
        s.open[...] = lambda a: ite(a == door, True, s.open[a])
        s.near[door, ...] = lambda a: s.open[a]
        s.marks[s.tries] = True
        s.seen[lambda a: s.open[a]] = True
        s.tries = ite(s.tries < 2, s.tries + 1, 0)

    @invariant
    def few(s: Hall) -> tuple[Expr, Expr]:
        """Few doors are open."""
        return count(Door, lambda a: s.open[a]) <= 2, some(s.key, lambda door: s.open[door])

    assert len(hall(step, few).properties[0].conjuncts) == 2


@pytest.mark.parametrize("declare", [action, invariant, two_state, goal, progress, always_possible])
def test_every_declaration_needs_a_sentence(declare: Any) -> None:
    def silent(s: Hall) -> None: ...

    with pytest.raises(
        SpecificationError, match=rf"test_mistakes\.py:\d+: {declare.__name__} `silent` needs a docstring"
    ):
        declare(silent)


def test_a_relation_may_share_its_name_with_one_of_another_state() -> None:
    class One(State):
        open = Relation(Door)

    class Two(One):
        shut = Relation(Door)

    assert list(Two.fields) == ["open", "shut"]
