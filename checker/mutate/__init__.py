"""Mutation: what a specification is worth, measured by the small mistakes that its properties would notice."""

from attorn.checker.mutate.judgement import Fate, Judgement
from attorn.checker.mutate.mutants import Mutant, mutants
from attorn.checker.mutate.score import MutationReport, score

__all__ = ["Fate", "Judgement", "Mutant", "MutationReport", "mutants", "score"]
