"""Textbook protocols as machines: mutual exclusion, caches on a bus, a self-stabilising ring, readers and writers."""

from __future__ import annotations

from enum import Enum

from attorn.spec.language import (
    ANY,
    NONE,
    Element,
    Expr,
    Machine,
    Map,
    Option,
    Relation,
    State,
    UpTo,
    Variable,
    action,
    constant,
    count,
    exists,
    forall,
    goal,
    initial,
    invariant,
    ite,
    then,
    two_state,
)
from attorn.spec.language.declarations import Sequence

__all__ = ["caches", "drop", "enter_at_once", "library", "peterson", "ring", "write_early"]


# Peterson's algorithm for two processes, with each assignment a step of its own.


class Process(Element):
    """A process; there are two."""


FIRST, SECOND = constant(Process, "first"), constant(Process, "second")


class Place(Enum):
    """Where a process is in its program."""

    IDLE = "does something else"
    ASKED = "has raised its flag"
    WAITING = "has let the other go first"
    CRITICAL = "is in the critical section"


class Peterson(State):
    """The processes' places and their shared variables."""

    at = Map(Process, to=Place)
    flag = Relation(Process)
    turn = Variable(Process)


@initial
def all_idle(s: Peterson) -> None:
    s.at[...] = Place.IDLE
    s.flag[...] = False
    s.turn = FIRST


@action
def ask(s: Peterson, process: Process) -> None:
    """Raise the flag."""
    s.require(s.at[process] == Place.IDLE)
    s.at[process] = Place.ASKED
    s.flag[process] = True


@action
def yield_turn(s: Peterson, process: Process, other: Process) -> None:
    """Let the other go first."""
    s.require(s.at[process] == Place.ASKED, other != process)
    s.at[process] = Place.WAITING
    s.turn = other


@action
def enter(s: Peterson, process: Process) -> None:
    """Enter when the other does not ask, or has let this one go first."""
    s.require(
        s.at[process] == Place.WAITING,
        (s.turn == process) | forall(Process, lambda other: (other != process) >> ~s.flag[other]),
    )
    s.at[process] = Place.CRITICAL


@action
def leave(s: Peterson, process: Process) -> None:
    """Leave and lower the flag."""
    s.require(s.at[process] == Place.CRITICAL)
    s.at[process] = Place.IDLE
    s.flag[process] = False


@invariant
def mutual_exclusion(s: Peterson) -> Expr:
    """At most one process is in the critical section."""
    return count(Process, lambda process: s.at[process] == Place.CRITICAL) <= 1


@goal
def both_wait(s: Peterson) -> Expr:
    """Both processes wait at once."""
    return forall(Process, lambda process: s.at[process] == Place.WAITING)


peterson = Machine("peterson", Peterson, all_idle, (ask, yield_turn, enter, leave), (mutual_exclusion, both_wait))


@action
def enter_at_once(s: Peterson, process: Process) -> None:
    """Enter without letting the other go first."""
    s.require(s.at[process] == Place.ASKED)
    s.at[process] = Place.CRITICAL


# Caches on a bus that keep copies modified, shared or invalid (MSI); every transaction is one step.


class Cache(Element):
    """A cache."""


class Copy(Enum):
    """What a cache holds of the one line that there is."""

    INVALID = "nothing"
    SHARED = "a copy, as others may"
    MODIFIED = "the only copy, newer than the memory"


class Caches(State):
    """The caches' copies, and which copies hold the value written last."""

    copy = Map(Cache, to=Copy)
    fresh = Relation(Cache, ghost=True)
    memory_fresh = Variable(bool, ghost=True)


@initial
def cold(s: Caches) -> None:
    s.copy[...] = Copy.INVALID
    s.fresh[...] = False
    s.memory_fresh = True


@action
def load(s: Caches, cache: Cache) -> None:
    """Get a copy from the cache that has modified it, which writes it back, or else from the memory."""
    s.require(s.copy[cache] == Copy.INVALID)
    modified = exists(Cache, lambda other: s.copy[other] == Copy.MODIFIED)
    value = exists(Cache, lambda other: (s.copy[other] == Copy.MODIFIED) & s.fresh[other])
    s.copy[...] = lambda each: ite((each == cache) | (s.copy[each] == Copy.MODIFIED), Copy.SHARED, s.copy[each])
    s.fresh[cache] = ite(modified, value, s.memory_fresh)
    s.memory_fresh = ite(modified, value, s.memory_fresh)


@action
def store(s: Caches, cache: Cache) -> None:
    """Write the line, after all other copies are invalidated."""
    s.copy[...] = lambda each: ite(each == cache, Copy.MODIFIED, Copy.INVALID)
    s.fresh[...] = lambda each: each == cache
    s.memory_fresh = False


@action
def evict(s: Caches, cache: Cache) -> None:
    """Give up a copy; a modified one is written back."""
    s.require(s.copy[cache] != Copy.INVALID)
    s.copy[cache] = Copy.INVALID
    s.fresh[cache] = False
    s.memory_fresh = ite(s.copy[cache] == Copy.MODIFIED, s.fresh[cache], s.memory_fresh)


@action
def drop(s: Caches, cache: Cache) -> None:
    """Give up a copy without writing it back."""
    s.require(s.copy[cache] != Copy.INVALID)
    s.copy[cache] = Copy.INVALID
    s.fresh[cache] = False


@invariant
def one_writer(s: Caches) -> Expr:
    """Whoever has a modified copy has the only one."""
    return forall(
        Cache,
        Cache,
        lambda a, b: ((s.copy[a] == Copy.MODIFIED) & (s.copy[b] != Copy.INVALID)) >> (a == b),
    )


@invariant
def copies_are_fresh(s: Caches) -> Expr:
    """Every copy holds the value written last."""
    return forall(Cache, lambda cache: (s.copy[cache] != Copy.INVALID) >> s.fresh[cache])


caches = Machine("caches", Caches, cold, (load, store, evict), (one_writer, copies_are_fresh))


# Dijkstra's self-stabilising ring, EWD 426: K-state machines, started anywhere.

STATES = 3


class Node(Element):
    """A machine in the ring."""


BOTTOM, MIDDLE, TOP = (constant(Node, name) for name in ("bottom", "middle", "top"))


class Ring(State):
    """Each machine's number, and which machine is to its left."""

    number = Map(Node, to=UpTo(STATES - 1))
    left = Map(Node, to=Node)


@initial
def anyhow(s: Ring) -> None:
    s.number[...] = ANY
    s.left[...] = lambda node: ite(node == BOTTOM, TOP, ite(node == MIDDLE, BOTTOM, MIDDLE))


def privileged(s: Ring, node: Expr) -> Expr:
    """The machine may move."""
    return (s.number[node] == s.number[s.left[node]]) == (node == BOTTOM)


@action
def count_up(s: Ring) -> None:
    """The bottom machine goes on to the next number."""
    s.require(privileged(s, BOTTOM))
    s.number[BOTTOM] = ite(s.number[BOTTOM] < STATES - 1, s.number[BOTTOM] + 1, 0)


@action
def copy_left(s: Ring, node: Node) -> None:
    """Another machine takes over its neighbour's number."""
    s.require(node != BOTTOM, privileged(s, node))
    s.number[node] = s.number[s.left[node]]


@two_state
def privileges_never_grow(before: Ring, after: Ring) -> Expr:
    """A step does not make more privileges."""
    return count(Node, lambda node: privileged(after, node)) <= count(Node, lambda node: privileged(before, node))


@invariant
def some_privilege(s: Ring) -> Expr:
    """Someone can always move."""
    return exists(Node, lambda node: privileged(s, node))


@goal
def stable(s: Ring) -> Sequence:
    """From where all machines are privileged, the ring gets to one privilege."""
    return then(forall(Node, lambda node: privileged(s, node)), count(Node, lambda node: privileged(s, node)) == 1)


ring = Machine("ring", Ring, anyhow, (count_up, copy_left), (privileges_never_grow, some_privilege, stable))


# Readers and writers: many may read, one may write, and writers that wait keep new readers out.


class User(Element):
    """Someone who reads and writes."""


class Library(State):
    """Who reads, who writes, and who waits to write."""

    reads = Relation(User)
    waits = Relation(User)
    writer = Variable(Option(User))


@initial
def nobody(s: Library) -> None:
    s.reads[...] = False
    s.waits[...] = False
    s.writer = NONE


@action
def read(s: Library, user: User) -> None:
    """Start to read, if nobody writes or waits to."""
    s.require(~s.reads[user], s.writer == NONE, ~exists(User, lambda other: s.waits[other]))
    s.reads[user] = True


@action
def close(s: Library, user: User) -> None:
    """Stop reading."""
    s.require(s.reads[user])
    s.reads[user] = False


@action
def wait(s: Library, user: User) -> None:
    """Ask to write."""
    s.require(~s.reads[user], ~s.waits[user], s.writer != user)
    s.waits[user] = True


@action
def write(s: Library, user: User) -> None:
    """Start to write, when nobody reads or writes."""
    s.require(s.waits[user], s.writer == NONE, forall(User, lambda other: ~s.reads[other]))
    s.waits[user] = False
    s.writer = user


@action
def write_early(s: Library, user: User) -> None:
    """Start to write when nobody writes."""
    s.require(s.waits[user], s.writer == NONE)
    s.waits[user] = False
    s.writer = user


@action
def finish(s: Library) -> None:
    """Stop writing."""
    s.require(s.writer != NONE)
    s.writer = NONE


@invariant
def nobody_reads_what_is_written(s: Library) -> Expr:
    """While someone writes, nobody reads."""
    return (s.writer != NONE) >> forall(User, lambda user: ~s.reads[user])


@goal
def all_read(s: Library) -> Expr:
    """All read at once."""
    return forall(User, lambda user: s.reads[user])


library = Machine(
    "library", Library, nobody, (read, close, wait, write, finish), (nobody_reads_what_is_written, all_read)
)
