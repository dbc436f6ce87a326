"""What a host is asked for and cannot be is refused before anything starts, with what there is to choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from attorn.model.reference.refusals import Refused
from attorn.reference import Host


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"size": 3}, "a segment of 3 bytes is not whole pages of 4096"),
        ({"segments": 0}, "at least one segment is needed, not 0"),
        ({"owner": ["moon"] * 8}, "owner names one of partition0, partition1 for each of 8 segments"),
        ({"owner": ["partition0"] * 7}, "owner names one of partition0, partition1 for each of 8 segments"),
        ({"owner": []}, "owner names one of partition0, partition1 for each of 8 segments"),
        ({"policy": "ask"}, "there is no policy 'ask'; there are: cooperate, ptrace, kill, none"),
        ({"memory": "disk"}, 'memory is "memfd", "directory", or the path of a directory, and not \'disk\''),
        ({"memory": Path("/nowhere")}, "there is no directory /nowhere in which segments could be made"),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else "",
)
def test_a_host_that_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        Host(**{"engine": "pretend", "segments": 8, **given})
    assert said in str(refused.value)


def test_parties_and_guests_that_there_are_not_are_refused(tmp_path: Path) -> None:
    owner = ["partition1", "partition0"]
    with Host(engine="pretend", segments=2, owner=owner, policy="cooperate", memory=tmp_path) as host:
        assert host.table().owner == owner
        assert host.process_of("partition0") == host.processes()["partition0"]
        for asked in (host.kill, host.process_of):
            with pytest.raises(Refused, match="there is no party `mars`; there are: firmware, partition0, partition1"):
                asked("mars")
        calls: list[Callable[[], object]] = [
            lambda: host.restart("mars"),
            lambda: host.crash("firmware"),
            lambda: host.report("vm0", "mars"),
            lambda: host.arm("mars", "vm:restore:done"),
            lambda: host.process_of("firmware", vm="vm0"),
        ]
        for call in calls:
            with pytest.raises(Refused, match=r"there is no partition `.*`; there are: partition0, partition1"):
                call()


@pytest.mark.parametrize("memory", ["memfd", "directory"])
def test_memory_by_name_is_taken(memory: Any) -> None:
    with Host(engine="pretend", segments=2, memory=memory) as host:
        assert host.create(segments=1).partition == "partition0"
