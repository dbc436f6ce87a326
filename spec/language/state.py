"""State: fields as the author declares them, and the symbolic state that actions read and write."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, ClassVar, NoReturn, overload

from attorn.spec.errors import DoubleWrite, OutOfRange, SortMismatch, SpecificationError, UnknownField
from attorn.spec.language.expressions import TRUE, Expr, Op, all_of, lift, read, sort_of
from attorn.spec.language.quantifiers import bound_variables, parameter_names
from attorn.spec.language.scopes import binding, made_at, naming
from attorn.spec.language.sorts import BOOLEAN, Budget, OptionSort, RangeSort, Sort
from attorn.spec.language.source import Where, here

__all__ = [
    "ANY",
    "Clause",
    "Counter",
    "Field",
    "Map",
    "Option",
    "Recorder",
    "Relation",
    "State",
    "UpTo",
    "Variable",
    "Write",
]


class _Anything:
    """In an initial state: every value of the field's sort is possible."""

    def __repr__(self) -> str:
        return "ANY"


ANY = _Anything()


def Option(of: object) -> OptionSort:  # noqa: N802
    """The sort of nothing (NONE) or a value of another sort."""
    inner = sort_of(of)
    return OptionSort(f"Option({inner})", inner)


def UpTo(limit: int | Budget) -> RangeSort:  # noqa: N802
    """The sort of whole numbers from 0 to a limit, which may be a budget that the instance sets."""
    if isinstance(limit, int) and limit < 1:
        raise SortMismatch(f"{here()}: a range needs a limit of at least 1, got {limit}.")
    return RangeSort(f"0..{limit.name if isinstance(limit, Budget) else limit}", limit)


@dataclass(frozen=True)
class Clause:
    """One requirement or conjunct, and the line that it was written on."""

    formula: Expr
    where: Where


@dataclass(frozen=True)
class Write:
    """An update: for all values of the binders that satisfy the condition, the cell gets the value.

    index: one expression a position; a binder stands for every element of its sort.
    value: None only in an initial state, where it means any value.
    """

    field: Field
    binders: tuple[Expr, ...]
    index: tuple[Expr, ...]
    condition: Expr
    value: Expr | None
    where: Where
    names: tuple[str, ...] = ()


@dataclass
class Recorder:
    """What tracing one function collects."""

    subject: str
    may_write: bool
    may_require: bool
    initial: bool = False
    clauses: list[Clause] = dataclass_field(default_factory=list)
    writes: list[Write] = dataclass_field(default_factory=list)

    def add(self, write: Write) -> None:
        """Take one more write; raises DoubleWrite when it certainly hits a cell written before."""
        if not self.may_write:
            raise SpecificationError(
                f"{write.where}: {self.subject} must not change the state, but writes `{write.field.name}`. "
                "Only actions and the initial state write."
            )
        if write.value is None and not self.initial:
            raise SpecificationError(
                f"{write.where}: ANY is for initial states; in an action make the choice a parameter."
            )
        for earlier in self.writes:
            if earlier.field is write.field and _surely_overlap(earlier, write):
                raise DoubleWrite(
                    f"{write.where}: {self.subject} writes a cell of `{write.field.name}` that it already writes "
                    f"at {earlier.where}. Write each cell once, with ite(...) if the value depends."
                )
        self.writes.append(write)


def _surely_overlap(a: Write, b: Write) -> bool:
    if a.condition is not TRUE or b.condition is not TRUE:
        return False

    def same(x: Expr, y: Expr) -> bool:
        return x is y or any(x is binder for binder in a.binders) or any(y is binder for binder in b.binders)

    return all(same(x, y) for x, y in zip(a.index, b.index, strict=True))


@dataclass(eq=False)
class Field:
    """Part of a state: a total map from a tuple of sorts to a sort; a descriptor of the state class."""

    domain: tuple[Sort, ...]
    codomain: Sort
    ghost: bool
    says: str
    where: Where
    name: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


class Map(Field):
    """A total map: ``owner = Map(Segment, to=Partition, says=...)``, used as ``s.owner[segment]``.

    ghost: an auxiliary field that no guard and no other field may depend on.
    """

    def __init__(self, *domain: object, to: object, ghost: bool = False, says: str = "") -> None:
        if not domain:
            raise SortMismatch(f"{here()}: a Map needs at least one index sort. Use Variable for a single value.")
        super().__init__(tuple(sort_of(each) for each in domain), sort_of(to), ghost, says, here())

    @overload
    def __get__(self, state: None, owner: type) -> Map: ...
    @overload
    def __get__(self, state: State, owner: type) -> _Cells: ...
    def __get__(self, state: State | None, owner: type) -> Map | _Cells:
        return self if state is None else _Cells(self, state)

    def __set__(self, state: State, value: object) -> NoReturn:
        raise SpecificationError(
            f"{here()}: `{self.name}` is a map. "
            f"Write `s.{self.name}[index] = value`, or `s.{self.name}[...] = value` for all."
        )


class Relation(Map):
    """A map to truth values, used as ``s.holds[vm, segment]``."""

    def __init__(self, *domain: object, ghost: bool = False, says: str = "") -> None:
        super().__init__(*domain, to=bool, ghost=ghost, says=says)


class Variable(Field):
    """A single value, used as ``s.name``."""

    def __init__(self, of: object, ghost: bool = False, says: str = "") -> None:
        super().__init__((), sort_of(of), ghost, says, here())

    @overload
    def __get__(self, state: None, owner: type) -> Variable: ...
    @overload
    def __get__(self, state: State, owner: type) -> Expr: ...
    def __get__(self, state: State | None, owner: type) -> Variable | Expr:
        return self if state is None else read(self, (), state._after)

    def __set__(self, state: State, value: object) -> None:
        chosen = None if value is ANY else _stored(value, self)
        state._recorder.add(Write(self, (), (), TRUE, chosen, here()))


class Counter(Variable):
    """A bounded whole number, from 0 to its limit, such as a budget of faults."""

    def __init__(self, limit: int | Budget, ghost: bool = False, says: str = "") -> None:
        super().__init__(UpTo(limit), ghost, says)


Index = object | tuple[object, ...]


class _Cells:
    """The cells of one map in one symbolic state."""

    def __init__(self, field: Map, state: State) -> None:
        self._field, self._state = field, state

    def __getitem__(self, key: Index) -> Expr:
        parts = self._positions(key)
        if any(_is_open(part) for part in parts):
            sorts, names = ", ".join(map(str, self._field.domain)), ", ".join("xyzuvw"[: len(parts)])
            raise SpecificationError(
                f"{here()}: only a write can name many cells of `{self._field.name}` at once. "
                f"Read one, `s.{self._field.name}[{names}]`, or write `forall({sorts}, lambda {names}: ...)`."
            )
        index = tuple(_indexed(part, self._field, number) for number, part in enumerate(parts))
        return read(self._field, index, self._state._after)

    def __setitem__(self, key: Index, value: Any) -> None:
        field, where = self._field, here()
        lone = _is_open(key) and key is not ... and len(field.domain) > 1
        parts: tuple[Any, ...] = (key,) * len(field.domain) if lone or key is ... else self._positions(key)
        open_positions = [i for i, part in enumerate(parts) if _is_open(part)]
        with binding(len(open_positions)) as first:
            binders = bound_variables(tuple(field.domain[i] for i in open_positions), first)
            bound = dict(zip(open_positions, binders, strict=True))
            index = tuple(bound[i] if i in bound else _indexed(part, field, i) for i, part in enumerate(parts))
            of_value = parameter_names(value, len(binders), f"this write to {field.name}") if _is_open(value) else ()
            names, condition = self._condition(parts, bound, lone, dict(zip(bound, of_value, strict=False)))
            with naming(first, names):
                chosen = None if value is ANY else _stored(value(*binders) if of_value else value, field)
        self._state._recorder.add(Write(field, binders, index, condition, chosen, where, names))

    def _condition(
        self, parts: tuple[Any, ...], bound: dict[int, Expr], lone: bool, of_value: dict[int, str]
    ) -> tuple[tuple[str, ...], Expr]:
        """What the binders are called, and which of their values are meant."""
        what = f"the index of {self._field.name}"
        if lone:
            names = parameter_names(parts[0], len(bound), what)
            conditions = [parts[0](*bound.values())]
        else:
            predicates = {i: parts[i] for i in bound if parts[i] is not ...}
            names = tuple(
                parameter_names(predicates[i], 1, what)[0]
                if i in predicates
                else of_value.get(i, self._field.domain[i].name.lower())
                for i in bound
            )
            conditions = [predicate(bound[i]) for i, predicate in predicates.items()]
        for condition in conditions:
            lift(condition, BOOLEAN, f"the condition on the index of {self._field.name}")
        return names, all_of(*conditions)

    def _positions(self, key: Index) -> tuple[Any, ...]:
        parts = key if isinstance(key, tuple) else (key,)
        if len(parts) != len(self._field.domain):
            wanted = ", ".join(str(sort) for sort in self._field.domain)
            raise SortMismatch(
                f"{here()}: `{self._field.name}` takes {len(self._field.domain)} index(es) [{wanted}], "
                f"got {len(parts)}."
            )
        return parts

    def __contains__(self, item: object) -> NoReturn:
        raise SpecificationError(f"{here()}: `in` does not work on fields. Write `s.{self._field.name}[x]`.")

    def __iter__(self) -> NoReturn:
        raise SpecificationError(
            f"{here()}: `{self._field.name}` cannot be looped over. "
            f"Write `forall(Sort, lambda x: s.{self._field.name}[x])`."
        )

    def _refused(self, *_: object) -> NoReturn:
        raise SpecificationError(
            f"{here()}: `{self._field.name}` is a map; give it an index: `s.{self._field.name}[x]`."
        )

    __eq__ = __ne__ = _refused
    __bool__ = __and__ = __rand__ = __or__ = __ror__ = __rshift__ = __rrshift__ = __invert__ = _refused
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = _refused
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"the map {self._field.name} without an index"


def _is_open(part: object) -> bool:
    """Whether this stands for many elements: all of them, or those that satisfy a function."""
    return part is ... or (callable(part) and not isinstance(part, Expr | type))


def _indexed(part: object, field: Field, number: int) -> Expr:
    """An index; a computed number is refused, because nothing would notice that it leaves the range."""
    found = lift(part, field.domain[number], f"index {number + 1} of {field.name}")
    inner, sort = _unwrapped(found, field.domain[number])
    if isinstance(sort, RangeSort) and inner.sort != sort and not _certainly_within(inner, sort):
        raise OutOfRange(
            f"{here()}: index {number + 1} of {field.name} is `{inner!r}`, which may lie outside {sort}. "
            "Use a parameter, a bound variable or a field of that range."
        )
    return found


def _stored(value: object, field: Field) -> Expr:
    """A value for a cell; a constant outside the range of a number is refused."""
    found = lift(value, field.codomain, f"the value of {field.name}")
    inner, sort = _unwrapped(found, field.codomain)
    number = inner.payload if isinstance(sort, RangeSort) and inner.op is Op.CONSTANT else 0
    if number < 0 or (isinstance(sort, RangeSort) and isinstance(sort.limit, int) and number > sort.limit):
        raise OutOfRange(f"{here()}: {field.name} cannot be {inner!r}; its values are {sort}.")
    return found


def _unwrapped(value: Expr, sort: Sort) -> tuple[Expr, Sort]:
    """The value inside an option, with its sort."""
    while isinstance(sort, OptionSort) and value.op is Op.SOME:
        value, sort = value.args[0], sort.of
    return value, sort


def _certainly_within(value: Expr, sort: RangeSort) -> bool:
    if value.op is Op.CONSTANT:
        most: int = sort.limit if isinstance(sort.limit, int) else 0
        return value.payload in range(most + 1)
    return value.op is Op.LIMIT and value.payload is sort.limit


class State:
    """Base of the author's state: its class attributes are the fields; an instance is a symbolic state."""

    fields: ClassVar[dict[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        for name, value in vars(cls).items():
            if isinstance(value, Field) and (name in vars(State) or name.startswith("_")):
                raise SpecificationError(f"{value.where}: a field cannot be called `{name}`; give it another name.")
            if isinstance(value, Field) and value.name != name:
                raise SpecificationError(f"{value.where}: one field has two names, `{name}` and `{value.name}`.")
        inherited = {
            name: field for base in reversed(cls.__mro__[1:]) for name, field in getattr(base, "fields", {}).items()
        }
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        cls.fields = {**inherited, **own}

    def __init__(self, recorder: Recorder, after: bool = False) -> None:
        object.__setattr__(self, "_recorder", recorder)
        object.__setattr__(self, "_after", after)

    _recorder: Recorder
    _after: bool

    def require(self, *clauses: object) -> None:
        """The action is enabled only where all these clauses hold."""
        where = here()
        if not self._recorder.may_require:
            raise SpecificationError(
                f"{where}: {self._recorder.subject} has no guard; return the formula instead of require."
            )
        for clause in clauses:
            formula = lift(clause, BOOLEAN, "a clause of require")
            for part in formula.args if formula.op is Op.AND else (formula,):
                self._recorder.clauses.append(Clause(part, made_at(part) or where))

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._unknown(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in type(self).fields:
            raise self._unknown(name)
        object.__setattr__(self, name, value)

    def _unknown(self, name: str) -> UnknownField:
        near = difflib.get_close_matches(name, type(self).fields, n=1)
        advice = f"Did you mean `{near[0]}`?" if near else f"It has: {', '.join(type(self).fields)}."
        return UnknownField(f"{here()}: the state {type(self).__name__} has no field `{name}`. {advice}")
