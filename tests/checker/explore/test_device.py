"""On a device the same is found, and no array slips from there to here or back unasked."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from attorn.checker.explore import Options, explore, search
from attorn.checker.explore.device import Device, device_of
from attorn.checker.explore.layout import Layout
from attorn.checker.explore.prepared import Prepared
from attorn.checker.explore.search import Search
from attorn.model.instances import instance
from attorn.spec.errors import BadInput
from tests.checker.explore.foreign import FOREIGN, FUNCTIONS, Foreign
from tests.commands.running import attorn_
from tests.machines.known import BROKEN

CUDA = Options(device="cuda")
HERE = Options(engine="arrays")


def no_card() -> str:
    """Why nothing runs on a graphics card here; empty if it does."""
    try:
        device_of("cuda")
    except BadInput as error:
        return str(error)
    return ""


@pytest.fixture(params=["a stand-in", "cuda"])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Device:
    """What stands in for a graphics card, and one where there is one."""
    if request.param == "cuda":
        if missing := no_card():
            pytest.skip(missing)
        return device_of("cuda")
    monkeypatch.setattr(search, "device_of", lambda name: FOREIGN)
    return FOREIGN


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("name", sorted(BROKEN))
def test_what_is_broken_is_found_on_a_device(name: str) -> None:
    chosen = BROKEN[name].instance
    found = explore(chosen, CUDA)
    assert found == explore(chosen, HERE)
    assert any(each.path is not None for each in found.verdicts)


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("name", ["claim-small", "memfd"])
def test_a_device_gives_the_same_account(name: str) -> None:
    chosen = instance(name)
    assert explore(chosen, CUDA) == explore(chosen, HERE)


@pytest.mark.parametrize("words", [1, 2, 3])
@pytest.mark.parametrize("mixers", [(), (1, 1, 1, 1)], ids=["spread", "plain sum"])
def test_states_of_several_words_are_told_apart_on_a_device(
    words: int, mixers: tuple[int, ...], device: Device
) -> None:
    prepared = Prepared.of(instance("claim-small"))
    bits = -(-prepared.layout.bits // words)
    layout = Layout(prepared.layout.components, prepared.layout.cells, mixers, bits)
    first = layout.pack(prepared.layout.unpack(prepared.initial))
    found = Search(replace(prepared, layout=layout, initial=first), {}, CUDA)
    found.run()
    assert layout.words >= words
    assert (found.states, int(found.fired.sum()), len(found.levels) - 1) == (1564, 3620, 17)  # as SPIN counts


@pytest.mark.usefixtures("device")
def test_a_search_goes_from_a_device_to_this_machine_and_back(tmp_path: Path) -> None:
    small = instance("claim-small")
    kept = Options(checkpoint=tmp_path)
    explore(small, replace(kept, max_states=300, device="cuda"))
    explore(small, replace(kept, max_states=600))
    assert explore(small, replace(kept, device="cuda")) == explore(small, HERE)


ARRAY = np.arange(3)


@pytest.mark.parametrize(
    "slip",
    [
        lambda there: there + ARRAY,
        lambda there: np.add(ARRAY, there),
        lambda there: np.add(there, there, out=ARRAY),
        lambda there: ARRAY[there],
        lambda there: there[ARRAY],
        lambda there: np.concatenate([there, ARRAY]),
        lambda there: np.asarray(there),
        lambda there: np.take(there, there, mode="clip"),
        lambda there: np.maximum.accumulate(there),
        lambda there: np.unique(there),
    ],
)
def test_the_stand_in_refuses_what_a_graphics_card_would(slip: Callable[[Foreign], object]) -> None:
    with pytest.raises((TypeError, IndexError)):
        slip(FOREIGN.put(ARRAY))


def test_the_stand_in_has_no_more_than_cupy() -> None:
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    for name, parameters in FUNCTIONS.items():
        there = list(inspect.signature(getattr(cupy, name)).parameters)
        assert there[: len(parameters)] == list(parameters), name
    assert "out" in inspect.signature(cupy.take).parameters


class NoCard(Exception):
    """What CuPy raises where CUDA does not answer."""


def cupy_with(devices: Callable[[], int]) -> SimpleNamespace:
    runtime = SimpleNamespace(getDeviceCount=devices, CUDARuntimeError=NoCard)
    return SimpleNamespace(cuda=SimpleNamespace(runtime=runtime), asarray=FOREIGN.put, asnumpy=FOREIGN.get)


def silent() -> int:
    raise NoCard("no driver")


@pytest.mark.parametrize(
    ("cupy", "said"),
    [
        (None, r"needs CuPy.*pip install 'attorn\[cuda\]'"),
        (cupy_with(silent), r"no graphics card answers \(no driver\)"),
        (cupy_with(lambda: 0), "has no graphics card of CUDA"),
    ],
    ids=["no CuPy", "no driver", "no card"],
)
def test_where_there_is_no_card_that_is_told(cupy: object, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    with pytest.raises(BadInput, match=said):
        explore(instance("claim-tiny"), CUDA)


def test_cupy_is_what_is_used_where_there_is_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy_with(lambda: 1))
    chosen = instance("claim-tiny")
    assert explore(chosen, CUDA) == explore(chosen, HERE)


@pytest.mark.parametrize(
    ("other", "said"),
    [({"symmetry": True}, "symmetry"), ({"threads": 2}, "threads"), ({"engine": "compiled"}, "knows no devices")],
    ids=["symmetry", "threads", "machine code"],
)
def test_what_a_device_does_not_do_is_refused(other: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        replace(CUDA, **other)  # type: ignore[arg-type]


def test_the_command_says_so_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    done = attorn_("check", "claim-tiny", "--device", "cuda", "--out", str(tmp_path))
    assert done.exit_code == 3
    assert "--device cuda needs CuPy" in done.stderr
