"""Reading: a formula from its text, in the notation in which reports print formulas."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from attorn.spec.errors import BadInput, SpecificationError
from attorn.spec.language.choices import ite
from attorn.spec.language.expressions import NONE, Expr, Op, all_of, any_of, equal, lift, limit_of, node, read
from attorn.spec.language.grammar import (
    Among,
    Bind,
    Call,
    Choose,
    Compare,
    Imply,
    Join,
    Not,
    Number,
    Sum,
    Syntax,
    Word,
    parse,
    pointed,
)
from attorn.spec.language.instance import Instance
from attorn.spec.language.quantifiers import quantified
from attorn.spec.language.scopes import recording
from attorn.spec.language.sorts import (
    BOOLEAN,
    INTEGER,
    BooleanSort,
    ElementSort,
    EnumerationSort,
    OptionSort,
    Sort,
)
from attorn.spec.language.text import value_name

__all__ = ["read_formula"]


def read_formula(text: str, instance: Instance, variables: Mapping[str, Expr] | None = None) -> Expr:
    """The formula that a text says, the inverse of ``render``.

    variables: what names of free variables stand for, or names of formulas; the levels of variables count from 0.

    Signs may be typed: ``and``, ``or``, ``not``, ``->``, ``!=``, ``forall``, ``exists``, ``in``. A bound variable may
    name its sort (``forall vm in VM: ...``) and must where its use does not tell it.
    Raises BadInput, with a mark under the place, where the text is no formula over this instance.
    """
    known = dict(variables or {})
    depth = 1 + max((level for each in known.values() for level in each.free), default=-1)
    reader = _Reader(text, instance, known)
    with recording(None, depth):
        return reader.truth(parse(text), known)


class _Reader:
    """Gives syntax its meaning; ``scope`` maps names of variables to them."""

    def __init__(self, text: str, instance: Instance, variables: Mapping[str, Expr]) -> None:
        self._text, self._instance = text, instance
        self._fields = instance.machine.state.fields
        self._budgets = {budget.name: budget for budget in instance.machine.budgets}
        self._sorts: dict[str, Sort] = {sort.name: sort for sort in self._all_sorts()}
        self._variables = variables

    def _all_sorts(self) -> Iterator[Sort]:
        for sort in (*self._instance.sizes, *(s for f in self._fields.values() for s in (*f.domain, f.codomain))):
            while isinstance(sort, OptionSort):
                sort = sort.of
            yield sort

    def truth(self, part: Syntax, scope: Mapping[str, Expr]) -> Expr:
        """A formula; raises BadInput for what has no truth value."""
        found = self._value(part, scope, BOOLEAN)
        if found.sort is not BOOLEAN:
            raise pointed(
                self._text, part.at, f"a condition is expected here, and this is of sort {found.sort}; compare it."
            )
        return found

    def _value(self, part: Syntax, scope: Mapping[str, Expr], wanted: Sort | None) -> Expr:
        match part:
            case Number():
                return node(Op.CONSTANT, INTEGER, (), part.value)
            case Word():
                return self._word(part, scope, wanted)
            case Call():
                return self._cell(part, scope)
            case Join():
                return (all_of if part.conjunction else any_of)(*(self.truth(each, scope) for each in part.parts))
            case Not():
                return ~self.truth(part.part, scope)
            case Imply():
                return self.truth(part.premise, scope) >> self.truth(part.conclusion, scope)
            case Compare():
                return self._comparison(part, scope)
            case Among():
                pairs = (self._pair(part.value, each, scope) for each in part.choices)
                return any_of(*(equal(left, right) for left, right in pairs))
            case Choose():
                then, otherwise = self._pair(part.then, part.otherwise, scope, wanted)
                return ite(self.truth(part.condition, scope), then, otherwise)
            case Sum():
                left, right = self._value(part.left, scope, INTEGER), self._value(part.right, scope, INTEGER)
                with _Marked(self._text, part.at):
                    return left + right if part.sign == "+" else left - right
            case Bind():
                return self._binding(part, scope)

    def _comparison(self, part: Compare, scope: Mapping[str, Expr]) -> Expr:
        numeric = INTEGER if part.sign in "<≥" else None
        left, right = self._pair(part.left, part.right, scope, numeric)
        with _Marked(self._text, part.at):
            match part.sign:
                case "=":
                    return equal(left, right)
                case "≠":
                    return ~equal(left, right)
                case "<":
                    return left < right
                case _:
                    return left >= right

    def _pair(
        self, left: Syntax, right: Syntax, scope: Mapping[str, Expr], wanted: Sort | None = None
    ) -> tuple[Expr, Expr]:
        """Two values of one sort; the one that tells its sort tells that of the other."""
        if wanted is None:
            wanted = self._sort(left, scope) or self._sort(right, scope)
        one, other = self._value(left, scope, wanted), self._value(right, scope, wanted)
        with _Marked(self._text, right.at):
            equal(one, other)
        return one, other

    def _word(self, part: Word, scope: Mapping[str, Expr], wanted: Sort | None) -> Expr:
        if part.name in scope:
            return scope[part.name]
        if part.name in self._fields:
            return self._cell(Call(part.name, (), False, part.at), scope)
        if part.name in self._budgets:
            return limit_of(self._budgets[part.name])
        candidates = [wanted] if wanted is not None else list(dict.fromkeys(self._sorts.values()))
        found = [value for sort in candidates if (value := self._constant(part.name, sort)) is not None]
        if len(found) > 1:
            raise pointed(self._text, part.at, f"`{part.name}` may be of several sorts here; compare it with a field.")
        if not found:
            raise pointed(self._text, part.at, self._unknown(part.name, wanted))
        return found[0]

    def _constant(self, name: str, sort: Sort) -> Expr | None:
        """The value of that name in a sort, without regard to case for members of enumerations."""
        if isinstance(sort, OptionSort):
            if name == "none":
                return lift(NONE, sort, "a value")
            inner = self._constant(name, sort.of)
            return None if inner is None else lift(inner, sort, "a value")
        if isinstance(sort, BooleanSort):
            number = {"yes": 1, "true": 1, "no": 0, "false": 0}.get(name.lower())
        elif isinstance(sort, EnumerationSort):
            number = next((n for n, member in enumerate(sort.members) if member.lower() == name.lower()), None)
        elif isinstance(sort, ElementSort):
            number = next((n for n in range(self._instance.size(sort)) if value_name(sort, n) == name), None)
        else:
            return None
        return None if number is None else node(Op.CONSTANT, sort, (), number)

    def _unknown(self, name: str, wanted: Sort | None) -> str:
        values = [] if wanted is None else list(self._names(wanted))
        if wanted is not None and wanted is not BOOLEAN and values:
            return f"`{name}` is no {wanted}. {_nearest(name, values)}"
        known = [
            *self._fields,
            *self._variables,
            *(each for sort in self._sorts.values() for each in self._names(sort)),
        ]
        return f"there is no field, value or variable `{name}`. {_nearest(name, known)}"

    def _names(self, sort: Sort) -> Iterator[str]:
        if isinstance(sort, OptionSort | EnumerationSort | ElementSort | BooleanSort):
            yield from (value_name(sort, number) for number in range(self._instance.size(sort)))

    def _cell(self, part: Call, scope: Mapping[str, Expr]) -> Expr:
        field = self._fields.get(part.name)
        if field is None:
            raise pointed(self._text, part.at, f"there is no field `{part.name}`. {_nearest(part.name, self._fields)}")
        if len(part.index) != len(field.domain):
            wanted = f"[{', '.join(map(str, field.domain))}]" if field.domain else "no index"
            raise pointed(self._text, part.at, f"`{field.name}` takes {wanted}, got {len(part.index)} index(es).")
        index = []
        for sort, each in zip(field.domain, part.index, strict=True):
            found = self._value(each, scope, sort)
            with _Marked(self._text, each.at):
                index.append(lift(found, sort, f"the index of {field.name}"))
        return read(field, tuple(index), part.after)

    def _binding(self, part: Bind, scope: Mapping[str, Expr]) -> Expr:
        sorts = []
        for number, (name, said) in enumerate(part.variables):
            found = self._sorts.get(said) if said else self._use(name, part.body, scope)
            if found is None and not said:  # In `a, b in VM` the sort may be meant for both.
                following = (said for _, said in part.variables[number:] if said)
                found = self._sorts.get(next(following, ""))
            if found is None:
                known = ", ".join(self._sorts)
                says = f"there is no sort `{said}`" if said else f"the sort of `{name}` cannot be told from its use"
                raise pointed(self._text, part.at, f"{says}; write `{name} in SORT` with one of: {known}.")
            sorts.append(found)
        names = tuple(name for name, _ in part.variables)

        def body(*variables: Expr) -> Expr:
            return self.truth(part.body, {**scope, **dict(zip(names, variables, strict=True))})

        return quantified(part.op, tuple(sorts), body, names)

    def _sort(self, part: Syntax, scope: Mapping[str, Expr]) -> Sort | None:
        """The sort of a value, as far as its syntax tells it."""
        match part:
            case Word() if part.name in scope:
                return scope[part.name].sort
            case Word() | Call() if part.name in self._fields:
                return self._fields[part.name].codomain
            case Number() | Sum():
                return INTEGER
            case Choose():
                return self._sort(part.then, scope) or self._sort(part.otherwise, scope)
            case Join() | Not() | Imply() | Compare() | Among():
                return BOOLEAN
            case Bind():
                return INTEGER if part.op is Op.COUNT else BOOLEAN
            case _:
                return None

    def _use(self, name: str, part: Syntax, scope: Mapping[str, Expr]) -> Sort | None:
        """The sort that the use of a variable asks for."""
        inside = {known: each for known, each in scope.items() if known != name}
        match part:
            case Call() if part.name in self._fields:
                for sort, each in zip(self._fields[part.name].domain, part.index, strict=False):
                    if isinstance(each, Word) and each.name == name:
                        return sort
            case Compare() | Among():
                sides = (part.left, part.right) if isinstance(part, Compare) else (part.value, *part.choices)
                if any(isinstance(side, Word) and side.name == name for side in sides):
                    told = next((found for side in sides if (found := self._sort(side, inside))), None)
                    if told is not None:
                        return told.of if isinstance(told, OptionSort) else told
            case Bind() if any(bound == name for bound, _ in part.variables):
                return None
            case _:
                pass
        return next((found for each in _inside(part) if (found := self._use(name, each, scope))), None)


def _inside(part: Syntax) -> tuple[Syntax, ...]:
    """What a piece of syntax is made of."""
    match part:
        case Call():
            return part.index
        case Join():
            return part.parts
        case Not():
            return (part.part,)
        case Imply():
            return (part.premise, part.conclusion)
        case Compare() | Sum():
            return (part.left, part.right)
        case Among():
            return (part.value, *part.choices)
        case Choose():
            return (part.condition, part.then, part.otherwise)
        case Bind():
            return (part.body,)
        case _:
            return ()


class _Marked:
    """Turns what the language says of mistakes into an error with a mark under the place."""

    def __init__(self, text: str, at: int) -> None:
        self._text, self._at = text, at

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SpecificationError) and not isinstance(error, BadInput):
            raise pointed(self._text, self._at, str(error).partition(": ")[2] or str(error)) from error


def _nearest(name: str, known: Iterable[str]) -> str:
    names = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), names, n=1)
    return f"Did you mean `{names[near[0]]}`?" if near else f"There are: {', '.join(dict.fromkeys(names.values()))}."
