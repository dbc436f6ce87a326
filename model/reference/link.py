"""A connection that is made again after it broke, because the process at the other end was started again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attorn.model.reference.refusals import PeerGone
from attorn.model.reference.wire import Call, Caller, Noise, close_all, connect

__all__ = ["Link"]


class Link:
    """Calls to one party, by the path at which it listens.

    A call during which the other end dies raises PeerGone and is not repeated: whether it was done is not known. So
    does every later call, until ``reconnect`` says that the other end was started again. Where there is a token, a new
    connection begins with a hello.
    """

    def __init__(self, path: Path, peer: str, token: str = "", vm: str = "", seconds: float = 10.0) -> None:
        self.path, self.peer, self.token, self.vm, self.seconds = path, peer, token, vm, seconds
        self.attempts = 3
        self.noise: Noise | None = None
        self._caller: Caller | None = None
        self._broken = False

    def call(self, method: str, /, **arguments: Any) -> Any:
        """The result of a method; raises Refused, PeerGone or NoReply."""
        result, handles = self.call_for_handles(method, **arguments)
        close_all(handles)
        return result

    def call_for_handles(self, method: str, /, **arguments: Any) -> tuple[Any, tuple[int, ...]]:
        """The result of a method, and the handles that came with it."""
        caller = self._connected()
        try:
            return caller.call_for_handles(method, **arguments)
        except PeerGone as error:
            self._note(error)
            raise

    def begin(self, *calls: Call) -> None:
        """Send what will be asked next, and do not wait; see ``Caller.begin``."""
        caller = self._connected()
        try:
            caller.begin(*calls)
        except PeerGone as error:
            self._note(error)
            raise

    def has_begun(self, *calls: Call) -> bool:
        """Whether these were begun, and nothing else has been asked since."""
        return self._caller is not None and self._caller.has_begun(*calls)

    def foresee(self, *calls: Call) -> None:
        """Have several calls made in one message; see ``Caller.foresee``."""
        caller = self._connected()
        try:
            caller.foresee(*calls)
        except PeerGone as error:
            self._note(error)
            raise

    def reconnect(self) -> None:
        """Connect again, even if nothing seems broken."""
        self.close()
        self._broken = False
        self._connected()

    def close(self) -> None:
        """Close the connection."""
        if self._caller is not None:
            self._caller.close()
            self._caller = None

    def _note(self, error: PeerGone) -> None:
        if error.party == self.peer:
            self.close()
            self._broken = True

    def _connected(self) -> Caller:
        if self._broken:
            raise PeerGone(self.peer)
        if self._caller is None:
            channel = connect(self.path, self.peer)
            caller = Caller(channel, self.seconds, self.attempts)
            if self.token:
                try:
                    caller.call("hello", token=self.token, vm=self.vm)
                except BaseException:
                    channel.close()
                    raise
            channel.noise = self.noise
            self._caller = caller
        return self._caller
