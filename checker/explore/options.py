"""What a caller chooses of an exploration, and what it is told on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from attorn.spec.errors import BadInput

__all__ = ["Engine", "Options", "Progress"]

Device = Literal["cpu", "cuda"]
Engine = Literal["auto", "arrays", "compiled"]


@dataclass(frozen=True)
class Options:
    """How to explore.

    properties: names to check, ``no_deadlock`` among them; all when None.
    goals:      whether to look for a shortest run to every goal.
    max_states: the search stops, unfinished, before the level that would bring more states than this.
    memory:     bytes that states and the work on them may take; the search stops, unfinished, before it takes more.
    threads:    how many share the work of large levels. When None, one process on arrays, as more gain nothing there;
                in machine code, a thread for each processor.
    symmetry:   whether states that differ only in the names of individuals are searched once.
    checkpoint: a folder in which the search of each instance leaves what it needs to go on, and takes up what is left.
    cluster:    HOST:PORT of a Ray cluster whose machines share the search, and the folder; or ``auto``: the one that
                RAY_ADDRESS names, else one of our own on this machine, which needs no folder.
    workers:    processes of the cluster; one for each of its cores when None.
    device:     where arrays are worked on: ``cpu``, in this machine's memory, or ``cuda``, on a graphics card by CuPy.
    engine:     what takes the steps: array operations, machine code compiled for the instance, or each where it pays.
    """

    properties: tuple[str, ...] | None = None
    goals: bool = True
    max_states: int | None = None
    memory: int | None = None
    threads: int | None = None
    symmetry: bool = False
    checkpoint: Path | None = None
    cluster: str | None = None
    workers: int | None = None
    device: Device = "cpu"
    engine: Engine = "auto"

    def __post_init__(self) -> None:
        """Raises BadInput for a budget or a number of processes below 1, or workers without a cluster."""
        if self.workers is not None and self.cluster is None:
            raise BadInput("workers are those of a cluster. Choose one with --cluster, or use --threads.")
        if self.threads is not None and self.cluster is not None:
            raise BadInput("threads are those of one machine. On a cluster choose --workers, processes of one thread.")
        for name in ("max_states", "memory", "threads", "workers"):
            given = getattr(self, name)
            if given is not None and given < 1:
                raise BadInput(f"{name} must be at least 1, got {given}; leave it out for no limit.")
        if self.engine not in get_args(Engine):
            raise BadInput(f"engine must be one of {', '.join(get_args(Engine))}, got {self.engine!r}.")
        if self.device not in get_args(Device):
            raise BadInput(f"device must be one of {', '.join(get_args(Device))}, got {self.device!r}.")
        here = {"symmetry": self.symmetry, "threads": self.threads, "a cluster": self.cluster}
        for name, chosen in here.items():
            if chosen and self.device != "cpu":
                raise BadInput(f"on the device {self.device} there is no way to use {name}. Leave out one of them.")
        unknown = {
            "clusters": self.cluster,
            "devices": self.device != "cpu",
        }
        for name, wanted in unknown.items():
            if wanted and self.engine == "compiled":
                raise BadInput(f"the compiled engine knows no {name}; arrays do. Leave out one of them.")


@dataclass(frozen=True)
class Progress:
    """Where an exploration is.

    depth:    of the level at work.
    states:   met so far, those of this level among them.
    frontier: states of this level.
    seconds:  since the start.
    rest:     about how many states it has still to meet, where that can be told by the levels so far.
    done:     states of this level from which all steps were taken.
    """

    depth: int
    states: int
    frontier: int
    seconds: float
    rest: int | None = None
    done: int = 0


DEFAULT = Options()
