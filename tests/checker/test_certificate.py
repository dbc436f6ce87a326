"""Closure certificates: confirmed as written, rejected as soon as anything in them is not so."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from attorn.checker import oracle
from attorn.checker.certificate import write_certificate
from attorn.checker.verdicts import Exploration
from attorn.checker.verify_certificate import fault, main
from attorn.model.instances import instance
from attorn.spec.errors import BadInput, Unsound
from attorn.spec.language import (
    Concrete,
    Counter,
    Element,
    Expr,
    Instance,
    Machine,
    Relation,
    State,
    action,
    forall,
    initial,
    invariant,
    legal_end,
    two_state,
)
from tests.machines.random_machines import instances, wide_instances


class Lamp(Element):
    """One of a row."""


class Row(State):
    lit = Relation(Lamp)
    switched = Counter(2)


@initial
def dark(s: Row) -> None:
    s.lit[...] = False
    s.switched = 0


@action
def switch(s: Row, lamp: Lamp) -> None:
    """A lamp is lit; two at most."""
    s.require(~s.lit[lamp], s.switched < 2)
    s.lit[lamp] = True
    s.switched = s.switched + 1


@invariant
def two_at_most(s: Row) -> Expr:
    """No more than two were switched on."""
    return s.switched < 3


@invariant
def one_at_most(s: Row) -> Expr:
    """Wrong: a second lamp can be lit."""
    return s.switched < 2


@two_state
def none_goes_out(before: Row, after: Row) -> Expr:
    """A lamp that is lit stays so."""
    return forall(Lamp, lambda lamp: before.lit[lamp] >> after.lit[lamp])


@two_state
def only_the_first(before: Row, after: Row) -> Expr:
    """Wrong: a second lamp can be lit."""
    return before.switched == 0


@legal_end
def all_switched(s: Row) -> Expr:
    return s.switched == 2


def _row(*statements: Any, lamps: int = 4) -> Instance:
    return Instance.of(Machine("row", Row, dark, (switch,), statements), Lamp=lamps)


ROW = _row(two_at_most, none_goes_out, all_switched)
LINES = 2


def _certificate(instance: Instance, folder: Path) -> bytes:
    file = folder / "closure"
    write_certificate(_explored(instance), file, _blocks(instance))
    return file.read_bytes()


def _explored(instance: Instance) -> Exploration:
    return oracle.explore(instance, goals=False)


def _blocks(instance: Instance) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """All reachable states, by the plain interpreter, last met first."""
    concrete = Concrete(instance)
    found = dict.fromkeys(concrete.initial_states())
    waiting = list(found)
    while waiting:
        for _, after in concrete.successors(waiting.pop()):
            if after not in found:
                found[after] = None
                waiting.append(after)
    return [np.array(list(found)[::-1], np.int64)]


def _altered(content: bytes, change: Callable[[list[bytes], dict[str, Any]], list[bytes]]) -> bytes:
    """The certificate that somebody would write who knows the format: header and sha256 fit the new states."""
    magic, text, body = content.split(b"\n", LINES)
    header = json.loads(text)
    width = header["bytes"]
    rows = change([body[place : place + width] for place in range(0, len(body), width)], header)
    header |= {"states": len(rows), "sha256": hashlib.sha256(b"".join(rows)).hexdigest()}
    return b"\n".join((magic, json.dumps(header).encode(), b"".join(rows)))


def test_a_certificate_is_confirmed_as_written(tmp_path: Path) -> None:
    """By hand: no lamp, four times one lamp, six times two lamps; 4 + 4·3 steps."""
    content = _certificate(ROW, tmp_path)
    header = json.loads(content.split(b"\n")[1])
    assert (header["states"], header["transitions"], header["bytes"]) == (11, 16, 1)
    assert header["properties"] == ["two_at_most", "none_goes_out", "no_deadlock"]
    assert fault(content, ROW.machine) == ""


def test_the_layout_is_the_one_described(tmp_path: Path) -> None:
    """By hand: a bit for each of four lamps, two bits for 0..2, two unused; dark first, then the last lamp alone."""
    body = _certificate(ROW, tmp_path).split(b"\n", LINES)[2]
    assert list(body)[:3] == [0b0000_00_00, 0b0001_01_00, 0b0010_01_00]


def test_a_state_removed_is_rejected(tmp_path: Path) -> None:
    content = _certificate(ROW, tmp_path)
    for gone in range(11):
        less = _altered(content, lambda rows, header, gone=gone: rows[:gone] + rows[gone + 1 :])  # type: ignore[misc]
        assert "not closed" in fault(less, ROW.machine) or "initial state" in fault(less, ROW.machine)


def test_a_state_added_is_rejected(tmp_path: Path) -> None:
    content = _certificate(ROW, tmp_path)
    more = _altered(content, lambda rows, header: sorted([*rows, b"\xf4"]))
    assert "cannot be reached" in fault(more, ROW.machine)
    with_padding = _altered(content, lambda rows, header: sorted([*rows, b"\x01"]))
    assert "cannot be reached" in fault(with_padding, ROW.machine)


def test_a_state_altered_is_rejected(tmp_path: Path) -> None:
    content = _certificate(ROW, tmp_path)
    assert "not closed" in fault(_altered(content, lambda rows, header: [*rows[:-1], b"\xff"]), ROW.machine)
    assert "sha256" in fault(content[:-1] + b"\xff", ROW.machine)


def test_states_out_of_order_or_twice_are_rejected(tmp_path: Path) -> None:
    content = _certificate(ROW, tmp_path)
    assert "sorted" in fault(_altered(content, lambda rows, header: rows[::-1]), ROW.machine)
    assert "sorted" in fault(_altered(content, lambda rows, header: [*rows, rows[-1]]), ROW.machine)


def test_a_truncated_certificate_is_rejected(tmp_path: Path) -> None:
    content = _certificate(ROW, tmp_path)
    assert all(fault(content[:length], ROW.machine) for length in range(len(content)))


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("digest", "0" * 64, "another specification"),
        ("sizes", {"Lamp": 5}, "cells"),
        ("sizes", {"Lamp": "4"}, "first two lines"),
        ("cells", [], "cells"),
        ("bytes", 2, "does not hold"),
        ("transitions", 17, "16 transitions, not 17"),
        ("properties", ["two_at_most", "all_is_well"], "does not have"),
        ("properties", ["two_at_most", "two_at_most"], "does not have, or one twice"),
        ("properties", [[]], "first two lines"),
        ("states", None, "first two lines"),
    ],
)
def test_a_header_that_says_something_else_is_rejected(key: str, value: object, why: str, tmp_path: Path) -> None:
    magic, text, body = _certificate(ROW, tmp_path).split(b"\n", LINES)
    changed = json.dumps({**json.loads(text), key: value}).encode()
    assert why in fault(b"\n".join((magic, changed, body)), ROW.machine)


def test_a_certificate_of_another_specification_is_rejected(tmp_path: Path) -> None:
    assert "another specification" in fault(_certificate(ROW, tmp_path), _row(two_at_most).machine)


def test_only_what_holds_is_claimed(tmp_path: Path) -> None:
    wrong = _row(one_at_most, only_the_first, two_at_most)
    content = _certificate(wrong, tmp_path)
    assert json.loads(content.split(b"\n")[1])["properties"] == ["two_at_most"]
    assert fault(content, wrong.machine) == ""


@pytest.mark.parametrize("name", ["one_at_most", "only_the_first", "no_deadlock"])
def test_a_property_that_does_not_hold_is_rejected(name: str, tmp_path: Path) -> None:
    wrong = _row(one_at_most, only_the_first)

    def claimed(rows: list[bytes], header: dict[str, Any]) -> list[bytes]:
        header["properties"] = [name]
        return rows

    assert fault(_altered(_certificate(wrong, tmp_path), claimed), wrong.machine) == f"{name} does not hold"


def test_a_search_that_did_not_finish_gives_no_certificate(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="ended early"):
        write_certificate(oracle.explore(ROW, max_states=5), tmp_path / "closure", _blocks(ROW))
    assert list(tmp_path.iterdir()) == []


def test_states_that_the_engine_did_not_count_are_not_certified(tmp_path: Path) -> None:
    with pytest.raises(Unsound, match="11 states, but lists 10"):
        write_certificate(_explored(ROW), tmp_path / "closure", [_blocks(ROW)[0][1:]])
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot write"):
        write_certificate(_explored(ROW), tmp_path / "nowhere" / "closure", _blocks(ROW))
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match="cannot write"):
        write_certificate(_explored(ROW), tmp_path / "folder", _blocks(ROW))
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


def test_states_of_several_words_are_certified(tmp_path: Path) -> None:
    """70 lamps and a counter take 72 bits; by hand, 1 + 70 + 70·69/2 states."""
    wide = _row(none_goes_out, lamps=70)
    content = _certificate(wide, tmp_path)
    header = json.loads(content.split(b"\n")[1])
    assert (header["bytes"], header["states"]) == (9, 2486)
    assert fault(content, wide.machine) == ""


def test_the_explorers_own_states_of_the_claim_are_confirmed(tmp_path: Path) -> None:
    from attorn.checker.explore import explore

    claim = instance("claim-tiny")
    write_certificate(explore(claim), tmp_path / "closure")
    assert fault((tmp_path / "closure").read_bytes(), claim.machine) == ""


def test_the_program_says_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = ModuleType("machines_for_certificates")
    module.MACHINES = {"row": ROW.machine}  # type: ignore[attr-defined]
    module.ROW = ROW.machine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    content = _certificate(ROW, tmp_path)
    file = str(tmp_path / "closure")
    for name in ("MACHINES", "ROW"):
        assert main([file, f"{module.__name__}:{name}"]) == 0
        assert "confirmed: 11 states, 16 transitions" in capsys.readouterr().out
    (tmp_path / "closure").write_bytes(content[:-1])
    assert main([file, f"{module.__name__}:ROW"]) == 1
    assert "rejected" in capsys.readouterr().out
    assert main([file, f"{module.__name__}:COLUMN"]) == 3
    assert main([file, "no.such.module:ROW"]) == 3
    assert main([str(tmp_path / "absent"), f"{module.__name__}:ROW"]) == 3
    assert main([file]) == 3
    said = capsys.readouterr().err
    assert "COLUMN" in said
    assert "cannot read" in said
    assert "Traceback" not in said


def _confirmed(drawn: Instance, folder: Path) -> None:
    explored = oracle.explore(drawn, goals=False, max_states=200)
    if explored.finished:
        assert fault(_certificate(drawn, folder), drawn.machine) == ""


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(instances())
def test_certificates_of_random_machines_are_confirmed(
    tmp_path_factory: pytest.TempPathFactory, drawn: Instance
) -> None:
    _confirmed(drawn, tmp_path_factory.mktemp("drawn"))


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(wide_instances())
def test_certificates_of_wide_machines_are_confirmed(tmp_path_factory: pytest.TempPathFactory, drawn: Instance) -> None:
    _confirmed(drawn, tmp_path_factory.mktemp("drawn"))
