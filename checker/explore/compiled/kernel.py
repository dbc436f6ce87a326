"""The kernel of an instance: its program compiled, to be called from Python without holding the interpreter."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from attorn.checker.explore.compiled.machine_code import MachineCode
from attorn.checker.explore.compiled.planes import Planes, Words
from attorn.checker.explore.compiled.program import Program
from attorn.checker.explore.compiled.refusal import CannotCompile
from attorn.checker.explore.questions import Question
from attorn.spec.language import Instance

__all__ = ["Kernel"]

LEVEL = 2  # of optimisation: more takes longer and makes these programs no faster


class Kernel:
    """Takes all steps from states, and answers questions about them. Raises CannotCompile where there is no way.

    questions: by the bits of a state's marks that answer them.
    weighted:  whether a transition counts for as many as a weight of its state says.
    effects:   how many steps there are: actions with arguments, in order.
    marks:     words of a state's marks; the last is how many successors there are, up to this state's.
    """

    def __init__(
        self, instance: Instance, planes: Planes, questions: Mapping[str, Question], weighted: bool = False
    ) -> None:
        program = Program(instance, planes, questions, weighted)
        self.questions = tuple(questions)
        self.effects, self.marks = program.effects, program.marks
        try:
            self._code = MachineCode(program.text, LEVEL)
        except RuntimeError as error:
            raise CannotCompile(f"llvmlite makes no machine code here ({str(error).splitlines()[0]}).") from error
        number, pointer = ctypes.c_int64, ctypes.c_void_p
        kind = ctypes.CFUNCTYPE(number, pointer, number, number, pointer, number, pointer, pointer, pointer, pointer)
        self._expand = kind(self._code.address("expand"))

    def __call__(
        self,
        states: Words,
        first: int,
        end: int,
        out: Words,
        fired: NDArray[np.int64],
        marks: Words,
        weights: Words | None = None,
    ) -> tuple[int, int]:
        """Put all successors of the states from one number to another into ``out``, as far as there is room.

        fired: int64[effects], to which the transitions are added.  marks: uint64[marks, states], which is written.
        weights: uint64[states], of a weighted kernel.
        Returns how many successors there are, and the first state from which no step was taken.
        """
        count = ctypes.c_int64()
        stopped = self._expand(
            states.ctypes.data, first, end, out.ctypes.data, len(out), fired.ctypes.data, marks.ctypes.data,
            ctypes.addressof(count), None if weights is None else weights.ctypes.data,
        )  # fmt: skip
        return count.value, int(stopped)
