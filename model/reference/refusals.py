"""What the reference implementation refuses or finds gone, as errors that speak to a person.

BadInput
└── NotDone
    ├── Refused          a party was asked for what it must not do; nothing has changed
    │   ├── Forged       an extended configuration that cannot be trusted
    │   └── NoSuchVm     the firmware knows no VM of that name
    ├── PeerGone         the process at the other end has died
    ├── NoReply          the other end lives, perhaps, but has not answered in time
    ├── Damaged          a message or a durable record is not what was written
    └── Unsupported      this computer or installation lacks what was asked for
"""

from __future__ import annotations

from attorn.spec.errors import BadInput

__all__ = ["Damaged", "Forged", "NoReply", "NoSuchVm", "NotDone", "PeerGone", "Refused", "Unsupported"]


class NotDone(BadInput):
    """Base of what the running system reports: something was not done, and why."""


class Refused(NotDone):
    """A party was asked for what it must not do; nothing has changed."""


class Forged(Refused):
    """An extended configuration says what is not so, or cannot be."""


class NoSuchVm(Refused):
    """The firmware knows no VM of that name."""


class PeerGone(NotDone):
    """The process at the other end has died, or closed its connection."""

    def __init__(self, party: str) -> None:
        super().__init__(f"{party} is gone: its connection has broken.")
        self.party = party


class NoReply(NotDone):
    """The other end has not answered in time; whether it has done what was asked is not known."""

    def __init__(self, party: str, method: str, seconds: float) -> None:
        super().__init__(f"{party} has not answered `{method}` within {seconds:g} s; whether it was done is not known.")
        self.party = party


class Damaged(NotDone):
    """A message or a durable record is not what was written."""


class Unsupported(NotDone):
    """This computer or installation lacks what was asked for."""
