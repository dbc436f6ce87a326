"""Asking solvers: one script at a time, in parallel processes, with retries, time-outs and a cache."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from attorn.spec.errors import BadInput

__all__ = [
    "SOLVERS",
    "Answer",
    "Cache",
    "Result",
    "ask",
    "ask_all",
    "ask_core",
    "core_of",
    "default_cache",
    "installed",
]

Result = Literal["unsat", "sat", "unknown", "error"]
SOLVERS = ("z3", "cvc5")


@dataclass(frozen=True)
class Answer:
    """What a solver said of one script.

    attempts: how often it was asked, each time with another seed.  reason: why it does not know.
    core:     numbers of the assertions that an unsat answer used, if asked for.
    """

    result: Result
    solver: str
    seconds: float
    attempts: int = 1
    seed: int = 0
    reason: str = ""
    cached: bool = False
    core: tuple[int, ...] = field(default=())


def ask(
    text: str, solver: str = "z3", timeout: float = 10.0, expected: str = "unsat", seeds: Sequence[int] = (0, 1, 2)
) -> Answer:
    """Ask a solver one script; an unknown is asked again with each further seed.

    timeout: seconds for one attempt.  expected: lets a solver choose how to search, never what to answer.
    Raises BadInput when the solver is not installed.
    """
    begun = time.perf_counter()
    answer = Answer("unknown", solver, 0.0)
    for attempt, seed in enumerate(seeds, start=1):
        result, reason = _ENGINES[solver](text, timeout, expected, seed)
        answer = Answer(result, solver, time.perf_counter() - begun, attempt, seed, reason)
        if result != "unknown":
            break
    return answer


def core_of(text: str, timeout: float = 10.0) -> tuple[int, ...] | None:
    """The numbers of assertions that z3's proof of unsatisfiability used, or None if it found none."""
    answer = ask_core(text, timeout)
    return answer.core if answer.result == "unsat" else None


def ask_core(text: str, timeout: float = 10.0) -> Answer:
    """Ask z3 one script; an unsat answer says which assertions it used, none of which can be left out.

    Where z3 does not know with the assertions tracked, it is asked plainly, and an unsat answer used all of them.
    """
    z3 = _z3()
    begun = time.perf_counter()
    context = z3.Context()
    solver = z3.Solver(ctx=context)
    solver.set("timeout", int(timeout * 1000))
    solver.set("core.minimize", True)
    assertions = z3.parse_smt2_string(text, ctx=context)
    for number, assertion in enumerate(assertions):
        solver.assert_and_track(assertion, z3.Bool(f"assertion!{number}", context))
    result = solver.check()
    if result == z3.unknown:
        plain = ask(text, "z3", timeout)
        return replace(plain, core=tuple(range(len(assertions))) if plain.result == "unsat" else ())
    seconds = time.perf_counter() - begun
    if result == z3.sat:
        return Answer("sat", "z3", seconds)
    core = sorted(int(str(name).partition("!")[2]) for name in solver.unsat_core())
    return Answer("unsat", "z3", seconds, core=tuple(core))


def _z3() -> Any:
    try:
        import z3
    except ImportError as error:
        raise BadInput("the solver z3 is not installed; install it with `pip install z3-solver`.") from error
    return z3


def _ask_z3(text: str, timeout: float, expected: str, seed: int) -> tuple[Result, str]:
    z3 = _z3()
    context = z3.Context()
    try:
        solver = z3.Solver(ctx=context)
        solver.set("timeout", int(timeout * 1000))
        solver.set("random_seed", seed)
        solver.add(z3.parse_smt2_string(text, ctx=context))
        result = solver.check()
    except z3.Z3Exception as error:
        return "error", str(error)
    if result == z3.unsat:
        return "unsat", ""
    if result == z3.sat:
        return "sat", ""
    reason = str(solver.reason_unknown())
    if "interrupted" in reason and multiprocessing.parent_process() is None:
        raise KeyboardInterrupt  # the signal, which z3 takes for itself while it searches
    return "unknown", reason


def _ask_cvc5(text: str, timeout: float, expected: str, seed: int) -> tuple[Result, str]:
    try:
        import cvc5
    except ImportError as error:
        raise BadInput("the solver cvc5 is not installed; install it with `pip install attorn[cvc5]`.") from error
    try:
        manager = cvc5.TermManager()
        solver = cvc5.Solver(manager)
        solver.setOption("tlimit-per", str(int(timeout * 1000)))
        solver.setOption("seed", str(seed))
        if expected == "sat":
            solver.setOption("finite-model-find", "true")
        parser = cvc5.InputParser(solver)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "script")
        symbols = parser.getSymbolManager()
        said = ""
        while not (command := parser.nextCommand()).isNull():
            said += command.invoke(solver, symbols)
    except RuntimeError as error:
        return "error", str(error)
    said = said.strip()
    if said in ("sat", "unsat"):
        return said, ""  # type: ignore[return-value]
    return "unknown", said


_ENGINES: dict[str, Callable[[str, float, str, int], tuple[Result, str]]] = {"z3": _ask_z3, "cvc5": _ask_cvc5}


def default_cache() -> Path:
    """Where answers are kept between runs: in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "attorn" / "answers.jsonl"


class Cache:
    """Answers by digest of the script and the solver's version; a line a piece, so that damage stays local.

    Only definite answers are kept. Verification of a proof pack never looks here.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.damaged = 0
        self.trouble = ""
        self._known: dict[str, Answer] = {}
        if path is not None and path.exists():
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            self.trouble = f"the cache {path} cannot be read ({error.strerror}); nothing was reused."
            return
        for line in lines:
            try:
                entry = json.loads(line)
                seal, answer = entry.pop("seal"), entry
                if seal != _seal(answer) or answer["result"] not in ("sat", "unsat"):
                    raise ValueError("damaged")
                key = answer.pop("key")
                self._known[key] = Answer(**{**answer, "core": tuple(answer["core"])})
            except (ValueError, KeyError, TypeError, AttributeError):
                self.damaged += 1
        if self.damaged:
            self.trouble = f"{self.damaged} damaged line(s) of the cache {path} were ignored."

    def get(self, key: str) -> Answer | None:
        """The answer kept under a key, marked as cached."""
        found = self._known.get(key)
        return None if found is None else replace(found, cached=True)

    def add(self, answers: Sequence[tuple[str, Answer]]) -> None:
        """Keep new definite answers; a cache that cannot be written is a message, never a failure."""
        fresh = [(key, each) for key, each in answers if not each.cached and each.result in ("sat", "unsat")]
        self._known.update(fresh)
        if self.path is None or not fresh:
            return
        lines = []
        for key, each in fresh:
            entry = {"key": key, **asdict(each), "core": list(each.core)}
            lines.append(json.dumps({**entry, "seal": _seal(entry)}) + "\n")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(lines))
        except OSError as error:
            self.trouble = f"the cache {self.path} cannot be written ({error.strerror}); the answers are not kept."

    def clear(self) -> int:
        """Forget everything; returns how many answers there were."""
        forgotten = len(self._known)
        self._known.clear()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        return forgotten


def _seal(entry: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:16]


def installed(package: str) -> str:
    """The version of a solver or package, or ``absent``."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version({"z3": "z3-solver"}.get(package, package))
    except PackageNotFoundError:
        return "absent"


_tasks: Callable[[int], Answer] | None = None


def _run(number: int) -> tuple[int, Answer]:
    assert _tasks is not None
    return number, _tasks(number)


def _ignore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def ask_all(
    questions: Sequence[tuple[Callable[[], str], str]],
    solver: str = "z3",
    timeout: float = 10.0,
    jobs: int = 1,
    cache: Cache | None = None,
    cores: bool = False,
) -> Iterator[tuple[int, Answer]]:
    """Ask many scripts, ``jobs`` at a time; yields number and answer as they come.

    questions: for each, a function that makes its text (called in the worker) and the expected answer.
    cores:     whether unsat answers are to say which assertions they used (see ``ask_core``; z3 only).
    Workers are forked, so that no question is copied; where that is impossible they run here, one by one.
    """
    global _tasks
    stamp = f"{solver} {installed(solver)}{' cores' if cores else ''}"
    known = cache or Cache(None)

    def task(number: int) -> Answer:
        make, expected = questions[number]
        text = make()
        key = hashlib.sha256(f"{stamp}\n{text}".encode()).hexdigest()
        found = known.get(key)
        answer = found or (ask_core(text, timeout) if cores else ask(text, solver, timeout, expected))
        return replace(answer, reason=answer.reason or key) if answer.result in ("sat", "unsat") else answer

    fresh: list[tuple[str, Answer]] = []

    def settled(answer: Answer) -> Answer:
        """Take the key, which travels in the unused reason, out of a definite answer."""
        if answer.result not in ("sat", "unsat"):
            return answer
        plain = replace(answer, reason="")
        fresh.append((answer.reason, plain))
        return plain

    try:
        if jobs > 1 and hasattr(os, "fork") and len(questions) > 8:
            _tasks = task
            with multiprocessing.get_context("fork").Pool(jobs, initializer=_ignore_interrupt) as pool:
                for number, answer in pool.imap_unordered(_run, range(len(questions)), chunksize=4):
                    yield number, settled(answer)
        else:
            for number in range(len(questions)):
                yield number, settled(task(number))
    finally:
        _tasks = None
        known.add(fresh)
