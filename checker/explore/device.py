"""Devices: where the arrays of a search lie, in the memory of this machine or on a graphics card by way of CuPy.

numpy hands each of its calls on to the library of the arrays that it is given, and makes arrays ``like`` others. So the
engine is written once, and what it computes stays where its tables and states were put.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from attorn.spec.errors import BadInput

__all__ = ["HOST", "Device", "Put", "at_places", "device_of", "look_up"]

Put = Callable[[Any], Any]


@dataclass(frozen=True)
class Device:
    """A place for arrays.

    put: an array of this machine's memory, as it is or copied to the device.
    get: the other way round.
    """

    put: Put
    get: Put


def _as_it_is(array: Any) -> Any:
    return array


HOST = Device(_as_it_is, _as_it_is)


def device_of(name: str) -> Device:
    """The device of a name, ``cpu`` or ``cuda``; raises BadInput where it is not to be had."""
    if name == "cpu":
        return HOST
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as error:
        raise BadInput(
            f"--device cuda needs CuPy, which cannot be imported ({error}). Install the one for your CUDA, such as "
            "pip install 'attorn[cuda]', or leave the option out."
        ) from error
    try:
        devices = int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise BadInput(f"--device cuda: no graphics card answers ({error}). Leave the option out.") from error
    if not devices:
        raise BadInput("--device cuda: this machine has no graphics card of CUDA. Leave the option out.")
    return Device(cupy.asarray, cupy.asnumpy)


def look_up(table: Any, places: Any, out: Any) -> None:
    """Write what a table has at some places, all of them in it, into an array."""
    if isinstance(table, np.ndarray):
        np.take(table, places, out=out, mode="clip")  # other modes copy
    else:
        table.take(places, out=out)


def at_places(table: Any, places: Any) -> Any:
    """What a table has at some places; anything of it for places that are beyond its end."""
    return table.take(places, mode="clip") if isinstance(table, np.ndarray) else table.take(places)
