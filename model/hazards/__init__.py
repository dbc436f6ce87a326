"""Known failures of real systems, each as a protocol with one thing changed for the worse."""

from attorn.model.hazards.catalogue import CATALOGUE, HAZARDS, OUT_OF_MODEL, hazard
from attorn.model.hazards.hazard import Change, Hazard, Source

__all__ = ["CATALOGUE", "HAZARDS", "OUT_OF_MODEL", "Change", "Hazard", "Source", "hazard"]
