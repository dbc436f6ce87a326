"""The pytest plugin: a fixture by which a test of an implementation of your own is three lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

__all__ = ["conforms"]


@pytest.fixture
def conforms() -> Callable[..., Any]:
    """Test a system: ``conforms("claim-small", MyVmm)`` fails where it departs, by a minimal program."""
    from attorn.conform import conforms

    return conforms
