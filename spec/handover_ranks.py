"""Why a hand-over by journaling firmware ends, for any size and any number of faults: what falls with every step."""

from __future__ import annotations

from attorn.spec.handover import Arrival, Handover, Message
from attorn.spec.handover_lemmas import HAS_CONFIG, UNDER_WAY, migrates
from attorn.spec.language import Expr, each, helps, ite, one_of, rank, ranking
from attorn.spec.language.ranking import Fall, Rank
from attorn.spec.vocabulary import NONE, VM, Partition, Phase, Segment

__all__ = ["HANDOVER_RANKS"]


def by_cases(*cases: tuple[Expr, object], otherwise: object) -> Expr:
    """The number of the first case that is true."""
    for condition, number in reversed(cases):
        otherwise = ite(condition, number, otherwise)
    assert isinstance(otherwise, Expr)
    return otherwise


def stage(s: Handover, vm: VM) -> Expr:
    """How the source is minded: it goes on, it wants the VM back, it knows that the VM is gone, it is out of it."""
    under_way = one_of(s.phase[vm], *UNDER_WAY)
    return by_cases((under_way & s.aborting[vm], 2), (under_way & s.heard[vm], 1), (under_way, 3), otherwise=0)


def described_and_sent(s: Handover, vm: VM) -> Expr:
    """What the source does before anything has left it."""
    return by_cases((s.phase[vm] == Phase.SUSPENDED, 2), (s.phase[vm] == Phase.DESCRIBED, 1), otherwise=0)


def way_of_the_destination(s: Handover, vm: VM) -> Expr:
    """How far the destination is from having the VM, or having given it up; a dead source's VM can be had again."""
    return by_cases(
        (s.arrival[vm] == Arrival.NOTHING, 3),
        (s.arrival[vm] == Arrival.RECEIVED, 2),
        (s.arrival[vm] == Arrival.CREATED, 1),
        (s.arrival[vm] == Arrival.DECLINED, ite(s.phase[vm] == Phase.EXITED, 3, 0)),
        otherwise=0,
    )


def question_and_answer(s: Handover, vm: VM) -> Expr:
    """What is still to be asked and answered about who has the VM."""
    asked, answered = s.sent[vm, Message.ABORT], s.sent[vm, Message.ANSWER]
    before_resuming = ite(s.phase[vm] == Phase.EXITED, ite(asked, 1, 0), ite(asked, 0, 1))
    unheard = by_cases((asked & answered, 1), (answered, 0), (asked, 2), otherwise=3)
    heard = by_cases((asked & answered, 3), (asked, 2), (answered, 1), otherwise=0)
    return ite(s.arrival[vm] == Arrival.RESUMED, ite(s.heard[vm], heard, unheard), before_resuming)


def segments_to_move(s: Handover, vm: VM) -> Fall:
    """What is left to do with each segment: to the destination, or back to a source that wants the VM."""

    def left(segment: Segment) -> Expr:
        at_source = s.owner[segment] == s.source[vm]
        here, there = s.mapped[s.source[vm], segment] != NONE, s.mapped[s.target[vm], segment] != NONE
        return by_cases(
            (~s.holds[vm, segment] | (s.phase[vm] == Phase.RUNNING), 0),
            (s.aborting[vm], by_cases((~at_source & ~there, 3), (~at_source, 2), (~here, 1), otherwise=0)),
            ((s.phase[vm] == Phase.EXITED) & ~one_of(s.arrival[vm], *HAS_CONFIG), 0),
            otherwise=by_cases((at_source & here, 3), (at_source, 2), (~there, 1), otherwise=0),
        )

    return each(Segment, left)


@ranking(shows=("eventually_runs", "migration_terminates", "cancel_answered"))
def way_to_the_end(s: Handover, vm: VM) -> Rank:
    """Every fault uses up a budget; between two faults every step brings the VM nearer to one end or the other."""
    return rank(
        during=migrates(s, vm) | (s.phase[vm] == Phase.EXITED),
        falls=(
            s.crashes,
            s.losses,
            s.timeouts,
            s.cancels,
            each(Partition, lambda p: ite(s.up[p], 0, 1)),
            stage(s, vm),
            described_and_sent(s, vm),
            way_of_the_destination(s, vm),
            ite(s.heard[vm], 0, 1),
            question_and_answer(s, vm),
            segments_to_move(s, vm),
        ),
        by=(
            "restart", "describe", "transfer", "receive", "create", "resume", "answer", "hear", "notice",
            "unmap", "reassign", "map", "exit", "settle",
            "decline", "insist", "remind", "reclaim", "remap", "roll_back", "forget",
            "concede", "bury", "recover",
            helps("give_back", s.phase[vm] != Phase.EXITED),
            helps("complete", one_of(s.arrival[vm], *HAS_CONFIG)),
        ),
    )  # fmt: skip


HANDOVER_RANKS = (way_to_the_end,)
