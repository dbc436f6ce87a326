"""Arrays that stand in for those of a graphics card: only what CuPy has reaches their numbers.

Whatever mixes them with arrays of this machine's memory, or turns one into the other unasked, raises TypeError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from attorn.checker.explore.device import Device

__all__ = ["FOREIGN", "FUNCTIONS", "Foreign"]

FUNCTIONS = {
    "arange": ("start",),
    "argsort": ("a",),
    "concatenate": ("tup",),
    "copyto": ("dst", "src", "casting"),
    "empty": ("shape", "dtype"),
    "flatnonzero": ("a",),
    "lexsort": ("keys",),
    "searchsorted": ("a", "v"),
    "stack": ("tup",),
    "zeros": ("shape", "dtype"),
}
"""The functions that there are, with those of CuPy's parameters that are used."""


class Foreign(NDArrayOperatorsMixin):
    """An array that is elsewhere."""

    def __init__(self, there: Any) -> None:
        self._there = there

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("an array of the device is no array of this machine's memory")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: tuple[Any, ...] = (), **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            raise TypeError(f"{ufunc.__name__}.{method} with {list(kwargs)} is not there")
        found = ufunc(*map(_there, inputs), **({"out": tuple(map(_target, out))} if out else {}))
        return out[0] if out else Foreign(found)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        known = FUNCTIONS.get(function.__name__, ())
        if len(args) > len(known) or not kwargs.keys() <= set(known):
            raise TypeError(f"{function.__name__} with {len(args)} arguments and {list(kwargs)} is not there")
        found = function(*map(_there, args), **{name: _there(each) for name, each in kwargs.items()})
        return None if found is None else Foreign(found)

    def __getitem__(self, key: Any) -> Foreign:
        return Foreign(np.asarray(self._there[_there(key)]))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._there[_there(key)] = _there(value)

    def __len__(self) -> int:
        return len(self._there)

    def __bool__(self) -> bool:
        return bool(self._there)

    __hash__ = None  # type: ignore[assignment]

    @property
    def dtype(self) -> Any:
        return self._there.dtype

    @property
    def nbytes(self) -> int:
        return int(self._there.nbytes)

    def any(self) -> Foreign:
        return Foreign(self._there.any())

    def astype(self, dtype: Any) -> Foreign:
        return Foreign(self._there.astype(dtype))

    def sort(self) -> None:
        self._there.sort()

    def take(self, places: Any, out: Any = None) -> Foreign:
        found = self._there.take(_there(places), out=None if out is None else _target(out), mode="wrap")
        return Foreign(found) if out is None else out

    def view(self, dtype: Any) -> Foreign:
        return Foreign(self._there.view(dtype))


def _there(each: Any) -> Any:
    if isinstance(each, Foreign):
        return each._there
    if isinstance(each, list | tuple):
        return type(each)(map(_there, each))
    if isinstance(each, np.ndarray):
        raise TypeError("an array of this machine's memory slipped in")
    return each


def _target(each: Any) -> Any:
    if not isinstance(each, Foreign):
        raise TypeError("what is worked out on the device cannot be written into this machine's memory")
    return each._there


FOREIGN = Device(lambda array: Foreign(array.copy()), lambda array: _target(array).copy())
