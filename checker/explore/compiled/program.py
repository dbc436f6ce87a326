"""The program of an instance: one function that takes all steps from states and answers questions about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from attorn.checker.explore.compiled.algebra import Meant, PlaneAlgebra, Unlaned, Varying
from attorn.checker.explore.compiled.code import Code
from attorn.checker.explore.compiled.planes import WORD, Planes
from attorn.checker.explore.compiled.terms import Op as Instruction
from attorn.checker.explore.compiled.terms import Term, Terms, Value
from attorn.checker.explore.compiled.updates import Updates
from attorn.checker.explore.questions import Broken, Decides, IllDefined, Question, Reached, Stuck
from attorn.spec.language import Action, Expr, Instance, Interpreter, Op, Parameter, Property

__all__ = ["Program"]

EXPAND = (
    "define i64 @expand(ptr noalias %log, i64 %first, i64 %last, ptr noalias %out, i64 %capacity, "
    "ptr noalias %fired, ptr noalias %marks, ptr noalias %produced, ptr noalias %weights) nounwind {"
)
FOLLOWING = (
    "  br label %done",
    "done:",
    "  %next = add i64 %at, 1",
    "  %more = icmp ult i64 %next, %last",
    "  br i1 %more, label %state, label %end",
)


class Program:
    """The text of the functions, for LLVM.

    weighted: whether a step counts for as many as a weight of its state says.

    effects: how many steps there are: actions with arguments, in order.
    marks:   words of a state's answers: a bit for each question, and last how many successors there are so far. The
             first words of all states come first, then the second ones.
    """

    def __init__(
        self, instance: Instance, planes: Planes, questions: Mapping[str, Question], weighted: bool = False
    ) -> None:
        self._instance, self._planes = instance, planes
        self._weight = "%weight" if weighted else "1"
        self._terms = Terms()
        self._algebra = PlaneAlgebra(instance, planes, self._terms)
        self._interpret = Interpreter(self._algebra)
        self._updates = Updates(instance, planes, self._algebra, self._interpret)
        self._bits = {name: number for number, name in enumerate(questions)}
        self._questions = questions
        self.marks = -(-len(questions) // WORD) + 1
        self.effects = 0
        self._code = Code("%row")
        self._enabled, self._total = self._code.slot(), self._code.slot()
        self._held = {
            name: self._holding(question.stated)
            for name, question in questions.items()
            if isinstance(question, Broken) and not question.stated.two_state
        }
        self._judging = self._judge()
        self._body()

    @property
    def text(self) -> str:
        """The whole module."""
        code = self._code
        declared = [f"declare i64 @llvm.{name}" for name in ("ctpop.i64(i64)", "cttz.i64(i64, i1)")]
        begin = [
            EXPAND,
            "entry:",
            *code.entry,
            f"  store i64 0, ptr {self._total}",
            "  call void @judge(ptr %log, i64 %first, i64 %last, ptr %marks)",
            *self._columns(),
            "  %some = icmp ult i64 %first, %last",
            "  br i1 %some, label %state, label %end",
            "state:",
            "  %at = phi i64 [ %first, %entry ], [ %next, %done ]",
            f"  %used = load i64, ptr {self._total}",
            f"  %room = add i64 %used, {self.effects}",
            "  %fits = icmp ule i64 %room, %capacity",
            "  br i1 %fits, label %expanded, label %end",
            "expanded:",
            *self._place(),
            "  %weighing = getelementptr i64, ptr %weights, i64 %number",
            *["  %weight = load i64, ptr %weighing"] * (self._weight != "1"),
        ]
        end = [
            *FOLLOWING,
            "end:",
            "  %stopped = phi i64 [ %first, %entry ], [ %at, %state ], [ %next, %done ]",
            f"  %count = load i64, ptr {self._total}",
            "  store i64 %count, ptr %produced",
            "  ret i64 %stopped",
            "}",
        ]
        return "\n".join([*declared, *self._judging, *begin, *code.lines(), *end, ""])

    def _columns(self) -> list[str]:
        """Where in the marks each word of all states begins."""
        found = ["  %states = sub i64 %last, %first"]
        return found + [f"  %column{word} = mul i64 %states, {word}" for word in range(self.marks)]

    def _place(self) -> list[str]:
        """Where a state is, and the first word of its marks."""
        return [
            f"  %place = mul i64 %at, {self._planes.words}",
            "  %row = getelementptr i64, ptr %log, i64 %place",
            "  %number = sub i64 %at, %first",
            "  %answer = getelementptr i64, ptr %marks, i64 %number",
        ]

    def _mark(self, word: int) -> str:
        """The pointer to a word of a state's marks."""
        return self._code.at("%answer", f"%column{word}")

    def _judge(self) -> list[str]:
        """A function that asks of many states what takes no loop, so that LLVM may do it for several at once."""
        outer, self._code = self._code, Code("%row")
        code, words = self._code, list[Value]([0] * (self.marks - 1))
        for name, held in self._held.items():
            if not _loops(held):
                word, bit = divmod(self._bits[name], WORD)
                broken = self._terms.left(self._terms.unlike(held, 1), bit)
                words[word] = self._terms.either(words[word], broken)
        for word, flags in enumerate(words):
            code.say(f"store i64 {code.operand(flags)}, ptr {self._mark(word)}")
        self._code = outer
        return [
            "define internal void @judge(ptr noalias %log, i64 %first, i64 %last, ptr noalias %marks) nounwind {",
            "entry:",
            *self._columns(),
            "  %some = icmp ult i64 %first, %last",
            "  br i1 %some, label %state, label %end",
            "state:",
            "  %at = phi i64 [ %first, %entry ], [ %next, %done ]",
            *self._place(),
            *code.lines(),
            *FOLLOWING,
            "end:",
            "  ret void",
            "}",
        ]

    def _body(self) -> None:
        code = self._code
        code.say(f"store i64 0, ptr {self._enabled}")
        for action in self._instance.machine.actions:
            self._action(action)
        for name, question in self._questions.items():
            self._ask(name, question)
        code.say(f"store i64 {code.load(self._total)}, ptr {self._mark(self.marks - 1)}")

    def _holding(self, stated: Property) -> Value:
        """Whether an invariant holds."""
        held: Value = 1
        for clause in stated.conjuncts:
            held = self._terms.both(held, self._truth(clause.formula, {}))
        return held

    def _ask(self, name: str, question: Question) -> None:
        """Ask a question of the state itself."""
        match question:
            case Broken() if name in self._held and _loops(self._held[name]):
                self._note(name, self._terms.unlike(self._held[name], 1))
            case Reached():
                (stage,) = question.goal.stages
                parts = stage.args if stage.op is Op.AND else (stage,)
                self._choices(question.goal.parameters, parts, lambda given: self._note(name, 1))
            case Decides():
                clauses = [clause.formula for clause in question.action.clauses]
                clauses[question.number] = ~clauses[question.number]
                self._choices(question.action.parameters, clauses, lambda given: self._note(name, 1))
            case Stuck():
                code, ended = self._code, self._truth(self._instance.machine.legal_end, {})
                idle, stuck = code.name(), code.name()
                code.say(f"{idle} = xor i64 {code.load(self._enabled)}, 1")
                code.say(f"{stuck} = and i64 {idle}, {code.operand(self._terms.unlike(ended, 1))}")
                self._flag(name, stuck)

    def _note(self, name: str, truth: Value) -> None:
        """A question is true of the state if a truth value is 1."""
        if isinstance(truth, Term) or truth:
            self._flag(name, self._code.operand(truth))

    def _flag(self, name: str, truth: str) -> None:
        word, bit = divmod(self._bits[name], WORD)
        shifted = self._code.name()
        self._code.say(f"{shifted} = shl i64 {truth}, {bit}")
        self._code.include(self._mark(word), shifted)

    def _truth(self, formula: Expr, given: Mapping[int, Meant]) -> Value:
        found = self._interpret(formula, dict(given))
        assert not isinstance(found, Varying), "no lane is given"
        return found

    def _choices(
        self, parameters: Sequence[Parameter], clauses: Sequence[Expr], then: Callable[[dict[int, Value]], None]
    ) -> None:
        """Do something for all values of parameters for which all clauses hold."""
        levels = [each.variable.payload for each in parameters]
        mentioned = frozenset[int]().union(*(clause.free for clause in clauses))
        order = sorted(range(len(levels)), key=lambda number: levels[number] not in mentioned)
        self._chosen([parameters[number] for number in order], list(clauses), {}, then)

    def _chosen(
        self,
        parameters: Sequence[Parameter],
        clauses: list[Expr],
        given: dict[int, Value],
        then: Callable[[dict[int, Value]], None],
    ) -> None:
        open_ = {each.variable.payload for each in parameters}
        known = [clause for clause in clauses if not clause.free & open_]
        later = [clause for clause in clauses if clause.free & open_]
        truth: Value = 1
        for clause in known:
            truth = self._terms.both(truth, self._truth(clause, given))
        if isinstance(truth, int) and not truth:
            return
        with ExitStack() as stack:
            if isinstance(truth, Term):
                stack.enter_context(self._code.when(truth))
            if not parameters:
                then(given)
                return
            first, *rest = parameters
            level, size = first.variable.payload, self._instance.size(first.sort)
            if size == 1:
                self._chosen(rest, later, {**given, level: 0}, then)
                return
            index = self._terms.index(size)
            mask, later = self._mask(first, later, {each.variable.payload for each in rest}, given)
            if mask is None:
                stack.enter_context(self._code.each_round(size, index))
            elif mask == 0:
                return
            else:
                stack.enter_context(self._code.each_bit(mask, index))
            self._chosen(rest, later, {**given, level: index}, then)

    def _mask(
        self, parameter: Parameter, clauses: list[Expr], open_: set[int], given: Mapping[int, Value]
    ) -> tuple[Value | None, list[Expr]]:
        """The values of a parameter that clauses allow, as a mask if possible; and the clauses still to be asked."""
        try:
            lanes = self._algebra.lanes(parameter.sort)
        except Unlaned:
            return None, clauses
        mask: Value = lanes.full
        left = []
        for clause in clauses:
            if clause.free & open_:
                left.append(clause)
                continue
            try:
                found = self._interpret(clause, {**given, parameter.variable.payload: lanes})
                mask = self._terms.both(mask, self._algebra.truth(self._algebra.spread(found, lanes)))
            except Unlaned:
                left.append(clause)
        return mask, left

    def _action(self, action: Action) -> None:
        sizes = [self._instance.size(each.sort) for each in action.parameters]
        first = self.effects
        self.effects += math.prod(sizes)

        def taken(given: dict[int, Value]) -> None:
            number: Value = 0
            for parameter, size in zip(action.parameters, sizes, strict=True):
                number = self._terms.add(self._terms.multiply(number, size), given[parameter.variable.payload])
            self._step(action, given, self._terms.add(number, first))

        self._choices(action.parameters, [clause.formula for clause in action.clauses], taken)

    def _step(self, action: Action, given: dict[int, Value], number: Value) -> None:
        """Take a step that is enabled."""
        code, terms = self._code, self._terms
        code.say(f"store i64 1, ptr {self._enabled}")
        code.increase(code.at("%fired", code.operand(number)), self._weight)
        words, fault = self._updates.made(action.writes, given)
        if isinstance(fault, Term) or fault:
            for name, question in self._questions.items():
                if isinstance(question, IllDefined):
                    self._note(name, fault)
        with ExitStack() as stack:
            if isinstance(fault, Term):
                stack.enter_context(code.when(terms.unlike(fault, 1)))
            elif fault:
                return
            total, place = code.load(self._total), code.name()
            code.say(f"{place} = mul i64 {total}, {self._planes.words}")
            row = code.at("%out", place)
            changed: Value = 0
            for at in range(self._planes.words):
                before = terms.word(at)
                code.say(f"store i64 {code.operand(words.get(at, before))}, ptr {code.at(row, str(at))}")
                if at in words:
                    changed = terms.either(changed, terms.unlike(before, words[at]))
            code.increase(self._total, code.operand(terms.unlike(terms.equal(changed, 0), 1)))
            self._watch(action, words)

    def _watch(self, action: Action, words: Mapping[int, Value]) -> None:
        """Ask what two-state properties say of a step that changes some words."""
        written = {write.field for write in action.writes}
        interpret = Interpreter(PlaneAlgebra(self._instance, self._planes, self._terms, words, written))
        for name, question in self._questions.items():
            if isinstance(question, Broken) and question.stated.two_state:
                held: Value = 1
                for clause in question.stated.conjuncts:
                    held = self._terms.both(held, interpret(clause.formula, {}))
                self._note(name, self._terms.unlike(held, 1))


def _loops(value: Value) -> bool:
    """Whether it takes a loop to compute a value."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, Term) and part.ident not in seen:
            if part.op is Instruction.FOLD:
                return True
            seen.add(part.ident)
            stack += [each for each in part.args if isinstance(each, Term)]
    return False
