"""A VM that hops between two VMMs, told step by step to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from pathlib import Path

import msgspec

from attorn.model.reference.attestation import Attestation, complaint_of, witnessed
from attorn.model.reference.driver import Driver
from attorn.model.reference.engines import ENGINES, REAL, default_engine, missing
from attorn.model.reference.guests.guest import GUESTS
from attorn.model.reference.host import Host, Vm
from attorn.model.reference.judge import Verdict
from attorn.model.reference.refusals import Refused, Unsupported
from attorn.spec.trace import Event

__all__ = ["Demonstration", "Hop", "Scene", "Told", "chosen_engines"]

SOURCE, TARGET = "partition0", "partition1"
FREE_SEGMENTS = 2
PATIENCE = 30.0
TICK = 0.05


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One migration: from which engine to which, how long the guest stood, where the time went. Seconds."""

    number: int
    source: str
    target: str
    migrated: bool
    downtime: float | None
    steps: dict[str, float]
    why: str = ""
    attestation: Attestation | None = None
    """What each of three witnesses says of the hop, where they were asked for."""


class Told(msgspec.Struct, kw_only=True):
    """What there is to tell at the end.

    complaint:  what the guest's own check has found; "" when it has found nothing.
    digits:     how many digits of e the guest has printed, and whether all are right; None for another guest.
    events:     how many lines of the event log the specification has judged, and the first that it does not allow.
    machine:    the specification that judged, and its digest.
    """

    engines: tuple[str, str]
    guest: str
    memory_bytes: int
    segments: int
    hops: list[Hop]
    lines: int = 0
    complaint: str = ""
    digits: int | None = None
    digits_right: bool | None = None
    events: int = 0
    departure: str = ""
    machine: str = ""
    specification: str = ""
    well: bool = True


@dataclass
class Scene:
    """What a watcher sees.

    owner:   the partition that owns each segment; held: whether it is the VM's; mapped: whether a VMM maps it.
    running: the partition in which the guest executes; "" while it stands.
    step:    the last step of the protocol.
    """

    names: tuple[str, str]
    engines: tuple[str, str]
    owner: list[str]
    held: list[bool]
    mapped: list[bool]
    running: str = ""
    step: str = ""
    source: str = SOURCE
    target: str = ""
    says: str = ""
    events: int = 0
    hops: list[Hop] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Change as a step of the protocol changes it."""
        self.events += 1
        self.step = event.event or self.step
        number = int(str(event.arguments.get("segment", "segment0")).removeprefix("segment"))
        match event.event:
            case "allocate":
                self.held[number] = self.mapped[number] = True
                self.running = self.source
            case "suspend":
                self.running, self.target = "", str(event.arguments["partition"])
            case "unmap":
                self.mapped[number] = False
            case "map" | "remap":
                self.mapped[number] = True
            case "reassign" | "complete":
                self.owner[number] = self.target
            case "give_back" | "reclaim":
                self.owner[number] = self.source
            case "resume":
                self.running = self.target
            case "roll_back":
                self.running = self.source
            case "settle":
                self.source = self.target


def chosen_engines(asked: str | None) -> tuple[tuple[str, str], list[str]]:
    """The engines of the two VMMs, and remarks on what this computer lacks.

    Raises Unsupported when none can be used, Refused when what was asked for cannot.
    """
    lacking = missing()
    if asked is not None:
        names = tuple(asked.split(","))
        if len(names) != 2:
            raise Refused(f"two engines are needed, as in kvm,unicorn, and not `{asked}`.")
        for name in names:
            if name not in ENGINES:
                raise Refused(f"there is no engine `{name}` for real guests; there are: {', '.join(REAL)}.")
            if name in lacking:
                raise Unsupported(f"the engine {name} cannot be used here: {lacking[name]}")
        return (names[0], names[1]), []
    first = default_engine()
    other = next((name for name in ("unicorn", "kvm") if name not in lacking), first)
    return (first, other), [f"without {name}: {why}" for name, why in lacking.items()]


class Demonstration:
    """Two partitions with their VMMs, and one VM."""

    def __init__(
        self,
        engines: tuple[str, str],
        guest: str,
        segments: int,
        size: int,
        directory: Path,
        log: Path | None,
        observe: bool = False,
    ):
        if guest not in GUESTS:
            raise Refused(f"there is no guest `{guest}`; there are: {', '.join(GUESTS)}.")
        self.engines = engines
        self.guest = guest
        self.segments, self.size = segments, size
        self.console = directory / "console"
        self._disk = directory / "disk"
        self._log = log
        self._observe = observe
        owner = [SOURCE] * (segments + FREE_SEGMENTS) + [TARGET] * FREE_SEGMENTS
        self.scene = Scene((SOURCE, TARGET), engines, owner, [False] * len(owner), [False] * len(owner))
        self._show: Callable[[Scene], None] = lambda scene: None

    def run(self, hops: int, pause: float, show: Callable[[Scene], None]) -> Told:
        """Hop so often, or until Ctrl-C when ``hops`` is 0, with a pause after each; tell what there was."""
        self._show = show
        told = Told(
            engines=self.engines,
            guest=self.guest,
            memory_bytes=self.segments * self.size,
            segments=self.segments,
            hops=self.scene.hops,
        )
        with self._host() as host, self._until_stopped():
            vm = self._begin(host)
            try:
                self._watch(vm, pause)
                while not hops or len(self.scene.hops) < hops:
                    self._hop(vm)
                    self._watch(vm, pause)
                    if not vm.status.running:
                        break
            finally:
                self._conclude(told, host, vm)
        self._check_digits(told)
        told.well = not told.complaint and not told.departure and told.digits_right is not False
        told.well &= all(hop.migrated for hop in told.hops)
        told.well &= all(hop.attestation.well for hop in told.hops if hop.attestation is not None)
        return told

    @contextmanager
    def _until_stopped(self) -> Iterator[None]:
        """Ctrl-C, or a step that the specification does not allow, ends the demonstration and leaves what it had."""
        try:
            yield
        except (KeyboardInterrupt, Verdict):
            return

    def _host(self) -> Host:
        engines = dict(zip((SOURCE, TARGET), self.engines, strict=True))
        owner = tuple(self.scene.owner)
        return Host(engines, segments=len(owner), size=self.size, owner=owner, observe=self._observe, log=self._log)

    def _begin(self, host: Host) -> Vm:
        assert isinstance(host.driver, Driver), "the driver runs in this process"
        host.driver.log.listeners.append(self._step)
        options = {"console": str(self.console)}
        if self.guest == "disk":
            self._disk.write_bytes(bytes(1 << 20))
            options["disk"] = str(self._disk)
        return host.create(self.guest, segments=self.segments, **options)

    def _step(self, line: Event) -> None:
        self.scene.take(line)
        self._show(self.scene)

    def _hop(self, vm: Vm) -> None:
        scene = self.scene
        source = vm.partition
        target = TARGET if source == SOURCE else SOURCE
        attestation: Attestation | None = None
        if self._observe:
            ending, attestation = witnessed(vm, target)
        else:
            ending = vm.migrate(target)
        downtime, deadline = ending.downtime, time.monotonic() + PATIENCE
        while downtime is None and ending.began is not None and time.monotonic() < deadline:
            status = vm.status
            if status.first_effect is not None:
                downtime = status.first_effect - ending.began
            elif not status.running:
                break
            time.sleep(TICK / 10)
        engine = dict(zip((SOURCE, TARGET), self.engines, strict=True))
        scene.hops.append(
            Hop(
                number=len(scene.hops) + 1,
                source=engine[source],
                target=engine[target],
                migrated=ending.migrated,
                downtime=downtime,
                steps=ending.steps,
                why=ending.why,
                attestation=attestation,
            )
        )
        scene.says = self._last_line()
        self._show(scene)

    def _watch(self, vm: Vm, seconds: float) -> None:
        """Show what the guest prints for a while."""
        deadline = time.monotonic() + seconds
        while True:
            self.scene.says = self._last_line()
            self._show(self.scene)
            if time.monotonic() >= deadline:
                return
            time.sleep(TICK)

    def _last_line(self) -> str:
        lines = self._printed().splitlines()
        return lines[-1] if lines else ""

    def _printed(self) -> str:
        return self.console.read_text() if self.console.exists() else ""

    def _conclude(self, told: Told, host: Host, vm: Vm) -> None:
        status = vm.status
        told.lines = self._printed().count("\n")
        told.complaint = complaint_of(status)
        if host.judge is not None:
            machine = host.judge.instance.machine
            told.events, told.machine, told.specification = host.judge.lines, machine.name, machine.digest
        told.departure = str(host.departure) if host.departure is not None else ""

    def _check_digits(self, told: Told) -> None:
        """Compute the digits again, by the exponential function of Python's decimal module."""
        if self.guest != "e":
            return
        runs = ["".join(line[8:] for line in part.splitlines()) for part in self._printed().split("e = 2.\n")[1:]]
        longest = max(map(len, runs), default=0)
        with localcontext() as context:
            context.prec = longest + 10
            right = str(Decimal(1).exp())[2:]
        told.digits = sum(map(len, runs))
        told.digits_right = all(right.startswith(digits) for digits in runs)
