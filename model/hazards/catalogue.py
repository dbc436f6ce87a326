"""The catalogue: all sixty-nine known failures, those in the model and those that are out of it, and why."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from attorn.model.hazards.cancelling import CANCELLING
from attorn.model.hazards.commit import COMMIT
from attorn.model.hazards.devices import DEVICES
from attorn.model.hazards.hazard import Hazard
from attorn.model.hazards.life import LIFE
from attorn.model.hazards.memory import MEMORY
from attorn.spec.errors import UnknownName

__all__ = ["CATALOGUE", "HAZARDS", "OUT_OF_MODEL", "hazard"]

CATALOGUE = tuple(f"H{number}" for number in range(1, 70))
"""The ids of all known failures."""

HAZARDS: Mapping[str, Hazard] = {
    each.id: each
    for each in sorted((*COMMIT, *CANCELLING, *MEMORY, *DEVICES, *LIFE), key=lambda each: CATALOGUE.index(each.id))
}
"""The failures that the model has, by id, in the order of the catalogue."""

OUT_OF_MODEL: Mapping[str, str] = {
    "H11": "names of states: an error while cancelling was shown as `failed`; here an outcome is told once, at the end",
    "H17": "order of events as a manager sees it; that is for checking traces of a real system",
    "H27": "accounting of folios of several sizes; here a segment has one size",
    "H39": "dirty bits of copying passes; in place nothing is copied, so nothing is sent too little of",
    "H41": "dirt after the last copying pass; in place there is no such pass, and what remains of it is H40",
    "H50": "clocks and their offsets; the model has no time",
    "H61": "memory errors in the handling of queued requests; a step of the model has no inside",
}
"""The failures that the model does not have, each with the reason."""


def hazard(name: str) -> Hazard:
    """The hazard of that id, however it is spelled; raises UnknownName, with the reason if it is out of the model."""
    wanted = name.strip().upper()
    if wanted in HAZARDS:
        return HAZARDS[wanted]
    if wanted in OUT_OF_MODEL:
        raise UnknownName(f"hazard {wanted} is out of the model: {OUT_OF_MODEL[wanted]}.")
    near = difflib.get_close_matches(wanted, CATALOGUE, n=1)
    advice = f"Did you mean `{near[0]}`?" if near else f"They are called {CATALOGUE[0]} to {CATALOGUE[-1]}."
    raise UnknownName(f"no hazard is called `{name}`. {advice}")
