"""A hand-over in a page: a guest moves from host to host, page by page, and its answer may be lost."""

from __future__ import annotations

from attorn.spec.language import (
    Counter,
    Element,
    Expr,
    Instance,
    Lane,
    Machine,
    Map,
    Picture,
    Relation,
    Shown,
    State,
    Variable,
    action,
    constant,
    forall,
    goal,
    initial,
    invariant,
    legal_end,
)


class Host(Element):
    """A computer that can run the guest."""


class Page(Element):
    """A piece of the guest's memory."""


SOURCE = constant(Host, "source")
DESTINATION = constant(Host, "destination")


class Guest(State):
    """Where the guest's memory is, who runs it, and what the source knows of it."""

    owner = Map(Page, to=Host, says="host that has the page")
    runs = Relation(Host, says="the host runs the guest")
    moving = Variable(bool, says="the guest is on its way")
    heard = Variable(bool, says="the source has heard that the guest runs elsewhere")
    answer = Variable(bool, says="the answer is under way")
    losses = Counter(1, says="answers that may still be lost")


@initial
def at_the_source(s: Guest) -> None:
    """The source has every page and runs the guest."""
    s.owner[...] = SOURCE
    s.runs[...] = lambda host: host == SOURCE
    s.moving = False
    s.heard = False
    s.answer = False
    s.losses = 1


@action(party="source")
def suspend(s: Guest) -> None:
    """The source stops the guest, to hand it over."""
    s.require(s.runs[SOURCE], ~s.moving)
    s.runs[SOURCE] = False
    s.moving = True


@action(party="source", fair="weak")
def give(s: Guest, page: Page) -> None:
    """The source gives a page to the destination."""
    s.require(s.moving, s.owner[page] == SOURCE, ~s.runs[SOURCE])
    s.owner[page] = DESTINATION


@action(party="destination", fair="weak")
def resume(s: Guest) -> None:
    """The destination, which has every page, runs the guest and says so."""
    s.require(s.moving, ~s.runs[DESTINATION], forall(Page, lambda page: s.owner[page] == DESTINATION))
    s.runs[DESTINATION] = True
    s.answer = True


@action(party="channel")
def lose(s: Guest) -> None:
    """The answer is lost."""
    s.require(s.answer, s.losses > 0)
    s.answer = False
    s.losses = s.losses - 1


@action(party="source", fair="weak")
def hear(s: Guest) -> None:
    """The source hears the answer; the hand-over is done."""
    s.require(s.answer)
    s.answer = False
    s.heard = True
    s.moving = False


@action(party="source")
def roll_back(s: Guest) -> None:
    """The source has waited long enough for an answer, and runs the guest again."""
    s.require(s.moving, ~s.answer, ~s.runs[SOURCE])
    s.runs[SOURCE] = True


@invariant
def one_runner(s: Guest) -> Expr:
    """The guest runs on one host at a time."""
    return forall(Host, Host, lambda a, b: (s.runs[a] & s.runs[b]) >> (a == b))


@invariant
def heard_is_so(s: Guest) -> Expr:
    """Once the source has heard it, the destination runs the guest."""
    return s.heard >> s.runs[DESTINATION]


@goal
def handed_over(s: Guest) -> Expr:
    """The guest can run at the destination, and the source know it."""
    return s.heard


@legal_end
def done(s: Guest) -> Expr:
    """It is right that nothing happens once the guest runs somewhere."""
    return s.runs[SOURCE] | s.runs[DESTINATION]


PICTURE = Picture(
    Page,
    (
        Lane(
            "host",
            Host,
            outline=Shown("has the page", lambda s, host, page: s.owner[page] == host),
            fill=Shown("owned by", lambda s, host, page, owner: (s.owner[page] == owner) & (owner == host), (Host,)),
            facts=(Shown("runs the guest", lambda s, host: s.runs[host]),),
        ),
    ),
    facts=(
        Shown("the guest is on its way", lambda s: s.moving),
        Shown("the answer is under way", lambda s: s.answer),
        Shown("answers that may be lost:", lambda s: s.losses),
    ),
    no_return=Shown("the destination has run the guest", lambda s: s.runs[DESTINATION]),
)

machine = Machine(
    "handover",
    Guest,
    at_the_source,
    (suspend, give, resume, lose, hear, roll_back),
    (one_runner, heard_is_so, handed_over, done),
    says="A guest is handed over page by page; the source runs it again if it hears nothing.",
    picture=PICTURE,
)
instances = [Instance.of(machine, "two-pages", Host=2, Page=2), Instance.of(machine, "three-pages", Host=2, Page=3)]
