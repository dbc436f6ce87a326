"""The language: what a specification is made of. It knows nothing of virtual machines."""

from attorn.spec.language.choices import ite, one_of
from attorn.spec.language.concrete import Concrete, Failure, Step
from attorn.spec.language.declarations import (
    Assumption,
    Declaration,
    action,
    always_possible,
    assumption,
    goal,
    initial,
    invariant,
    leads_to,
    legal_end,
    lemma,
    progress,
    ranking,
    then,
    two_state,
)
from attorn.spec.language.expressions import FALSE, NONE, TRUE, Element, Expr, Op, all_of, any_of, constant
from attorn.spec.language.instance import Cell, Instance, Values
from attorn.spec.language.interpreter import Algebra, Interpreter
from attorn.spec.language.machine import Machine
from attorn.spec.language.picture import Lane, Picture, Shown
from attorn.spec.language.quantifiers import count, exists, forall, some, subset
from attorn.spec.language.ranking import Fall, Help, Ranking, each, helps, rank
from attorn.spec.language.sorts import Budget
from attorn.spec.language.state import ANY, Clause, Counter, Field, Map, Option, Relation, State, UpTo, Variable, Write
from attorn.spec.language.substitution import after_step, primed
from attorn.spec.language.text import render, render_write, value_name
from attorn.spec.language.traced import Action, Goal, Initial, Parameter, Possibility, Progress, Property

__all__ = [
    "ANY",
    "FALSE",
    "NONE",
    "TRUE",
    "Action",
    "Algebra",
    "Assumption",
    "Budget",
    "Cell",
    "Clause",
    "Concrete",
    "Counter",
    "Declaration",
    "Element",
    "Expr",
    "Failure",
    "Fall",
    "Field",
    "Goal",
    "Help",
    "Initial",
    "Instance",
    "Interpreter",
    "Lane",
    "Machine",
    "Map",
    "Op",
    "Option",
    "Parameter",
    "Picture",
    "Possibility",
    "Progress",
    "Property",
    "Ranking",
    "Relation",
    "Shown",
    "State",
    "Step",
    "UpTo",
    "Values",
    "Variable",
    "Write",
    "action",
    "after_step",
    "all_of",
    "always_possible",
    "any_of",
    "assumption",
    "constant",
    "count",
    "each",
    "exists",
    "forall",
    "goal",
    "helps",
    "initial",
    "invariant",
    "ite",
    "leads_to",
    "legal_end",
    "lemma",
    "one_of",
    "primed",
    "progress",
    "rank",
    "ranking",
    "render",
    "render_write",
    "some",
    "subset",
    "then",
    "two_state",
    "value_name",
]
