"""The running reference implementation as a library: ``from attorn.reference import Host``."""

from attorn.model.reference.host import Host, Vm
from attorn.model.reference.journey import Ending
from attorn.model.reference.judge import Departure, Verdict
from attorn.model.reference.refusals import Refused, Unsupported
from attorn.model.reference.revocation import Policy

__all__ = ["Departure", "Ending", "Host", "Policy", "Refused", "Unsupported", "Verdict", "Vm"]
