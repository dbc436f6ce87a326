"""Each file of tests of the reference implementation must leave no directory behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True, scope="module")
def no_directory_is_left() -> Iterator[None]:
    """Note the directories that hosts make, also in memory filesystems; fail where one is still there at the end."""
    made: list[Path] = []
    make = tempfile.mkdtemp

    def noted(*arguments: Any, **named: Any) -> str:
        made.append(Path(make(*arguments, **named)))
        return str(made[-1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "mkdtemp", noted)
        yield
    left = [each for each in made if each.name.startswith("attorn-") and each.exists()]
    # The nursery is that of the whole process, and goes with it: test_leftovers.py sees to that.
    assert [each for each in left if not each.name.startswith("attorn-nursery-")] == []
