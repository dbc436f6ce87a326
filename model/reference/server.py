"""The answering end of connections: methods that are called by messages, each request done once."""

from __future__ import annotations

import inspect
import selectors
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

import msgspec

from attorn.model.reference.refusals import NoReply, PeerGone
from attorn.model.reference.wire import Call, Channel, Frame, Noise, Reply, close_all
from attorn.spec.errors import BadInput

__all__ = ["Server"]


@dataclass(frozen=True)
class _Method:
    function: Callable[..., Any]
    arguments: type[msgspec.Struct]
    wants: tuple[str, ...]


@dataclass
class _Client:
    channel: Channel
    last: int = -1
    answer: Frame | None = None


class Server:
    """The answering end: one thread that serves many connections, one request at a time.

    A method is a function whose annotations say what it takes: arguments of other types or names are refused before
    it is called. A parameter named ``channel`` gets the connection, and one named ``handles`` the handles that came,
    which are closed afterwards. It returns a result, or a result and handles, which stay the server's.
    """

    def __init__(self, name: str, methods: Iterable[Callable[..., Any]]) -> None:
        self.name = name
        self._methods = {each.__name__: _method(each) for each in methods}
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self.on_gone: Callable[[Channel], None] = lambda channel: None
        self.noise: Noise | None = None

    def offer(self, method: Callable[..., Any]) -> None:
        """Answer one more method."""
        self._methods[method.__name__] = _method(method)

    def accept_from(self, listening: socket.socket) -> None:
        """Take connections from a listening socket."""
        self._selector.register(listening, selectors.EVENT_READ, None)

    def add(self, connection: socket.socket, peer: str) -> None:
        """Serve a connection that is there already."""
        self._selector.register(connection, selectors.EVENT_READ, _Client(Channel(connection, peer, self.noise)))

    def watch(self, handle: int, then: Callable[[], None]) -> None:
        """Call something whenever a handle becomes readable."""
        self._selector.register(handle, selectors.EVENT_READ, then)

    def unwatch(self, handle: int) -> None:
        """Stop watching a handle."""
        self._selector.unregister(handle)

    def stop(self) -> None:
        """Leave ``run`` after the request at hand."""
        self._stopping = True

    def run(self) -> None:
        """Serve until told to stop."""
        while not self._stopping:
            for key, _ in self._selector.select():
                if isinstance(key.data, _Client):
                    self._serve(key.data)
                elif key.data is None:
                    assert isinstance(key.fileobj, socket.socket)
                    connection, _ = key.fileobj.accept()
                    self.add(connection, "client")
                else:
                    key.data()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Client):
                key.data.channel.close()
        self._selector.close()

    def _serve(self, client: _Client) -> None:
        try:
            frame = client.channel.receive(0.001)
            if frame is None:
                return
            if not isinstance(frame.body, Call) or frame.number < client.last:
                close_all(frame.handles)  # nothing that was asked, or something long answered that comes late
                return
            if frame.number == client.last and client.answer is not None:
                close_all(frame.handles)
                client.channel.send(client.answer)
                return
            try:
                reply, handles = self._answer(frame.body, client.channel, frame.handles)
                if frame.body.then and not reply.refused:
                    reply = msgspec.structs.replace(reply, then=self._answers(frame.body.then, client.channel))
            finally:
                close_all(frame.handles)
            answer = Frame(frame.number, reply, handles)
            # An answer with handles is not kept: asked again, it is made again.
            client.last, client.answer = frame.number, None if handles else answer
            client.channel.send(answer)
        except PeerGone:
            self._selector.unregister(client.channel.socket)
            client.channel.close()
            self.on_gone(client.channel)

    def _answers(self, calls: Sequence[Call], channel: Channel) -> tuple[Reply, ...]:
        """Answers up to the first refusal."""
        found: list[Reply] = []
        for call in calls:
            reply, _ = self._answer(call, channel, ())
            found.append(reply)
            if reply.refused:
                break
        return tuple(found)

    def _answer(self, call: Call, channel: Channel, came: tuple[int, ...]) -> tuple[Reply, tuple[int, ...]]:
        method = self._methods.get(call.method)
        if method is None:
            return Reply(refused=f"{self.name} knows no method `{call.method}`.", kind="Refused"), ()
        try:
            given = msgspec.convert(call.arguments, method.arguments)
        except msgspec.ValidationError as error:
            return Reply(refused=f"{self.name}, {call.method}: {error}.", kind="Refused"), ()
        arguments = {name: getattr(given, name) for name in method.arguments.__struct_fields__}
        try:
            extra = {"channel": channel, "handles": came}
            result = method.function(**{name: extra[name] for name in method.wants}, **arguments)
        except (PeerGone, NoReply) as error:
            return Reply(refused=str(error), gone=error.party), ()
        except BadInput as error:
            return Reply(refused=str(error), kind=type(error).__name__), ()
        if isinstance(result, tuple):
            return Reply(result[0]), tuple(result[1])
        return Reply(result), ()


def _method(function: Callable[..., Any]) -> _Method:
    hints = get_type_hints(function)
    fields: list[Any] = []
    wants: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("channel", "handles"):
            wants.append(parameter.name)
        elif parameter.default is parameter.empty:
            fields.append((parameter.name, hints[parameter.name]))
        else:
            fields.append((parameter.name, hints[parameter.name], parameter.default))
    shape = msgspec.defstruct(function.__name__, fields, forbid_unknown_fields=True, kw_only=True)
    return _Method(function, shape, tuple(wants))
