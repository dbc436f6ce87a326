"""The server: a page and its questions, on this computer only."""

from __future__ import annotations

import asyncio
import errno
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TypeVar

import anyio.to_thread
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from attorn.checker.explorer.guard import Guard
from attorn.checker.explorer.requests import AskLandmark, AskPlay, AskSeek, AskView, Desk
from attorn.checker.explorer.seeking import Bounds, Found
from attorn.checker.report.picture_html import picture_css
from attorn.spec.errors import AttornError, BadInput, Unsound

__all__ = ["LOOPBACK", "application", "listen", "new_token", "prepared", "serve"]

LOOPBACK = "127.0.0.1"
ASSETS = files("attorn.checker.explorer").joinpath("assets")

Ask = TypeVar("Ask", AskView, AskSeek, AskLandmark, AskPlay)


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(18)


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback interface; port 0 takes a free one. Raises BadInput where it cannot be had."""
    # asyncio lets answers wait for acknowledgements, 40 ms on Linux, unless the protocol is named.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
        made.listen(64)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise BadInput(f"port {port} is in use. Choose another, or leave out --port for a free one.") from error
        raise BadInput(
            f"cannot listen on {LOOPBACK}:{port}: {error.strerror}. Leave out --port for a free one."
        ) from error
    return made


def serve(desk: Desk, at: socket.socket, token: str) -> None:
    """Answer until interrupted."""
    prepared(desk, at, token).run(sockets=[at])


def prepared(desk: Desk, at: socket.socket, token: str) -> uvicorn.Server:
    """A server for a listening socket, to be run."""
    answering = application(desk, at.getsockname()[1], token)
    return uvicorn.Server(
        uvicorn.Config(
            answering, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=1
        )
    )


def application(desk: Desk, port: int, token: str) -> Starlette:
    """The application: static files, and ``/api/`` for those who know the token."""

    async def offers(request: Request) -> Response:
        return _json(desk.offers())

    async def facts(request: Request) -> Response:
        name = request.query_params.get("name", "")
        return _json(await anyio.to_thread.run_sync(desk.facts, name))

    async def view(request: Request) -> Response:
        ask = await _asked(request, AskView)
        return _json(await anyio.to_thread.run_sync(desk.view, ask))

    async def seek(request: Request) -> Response:
        ask, bounds = await _asked(request, AskSeek), desk.bounds()
        return _json(await _searched(request, bounds, lambda: desk.seek(ask, bounds)))

    async def landmark(request: Request) -> Response:
        ask, bounds = await _asked(request, AskLandmark), desk.bounds()
        return _json(await _searched(request, bounds, lambda: desk.landmark(ask, bounds)))

    async def play(request: Request) -> Response:
        ask = await _asked(request, AskPlay)
        return _json(await anyio.to_thread.run_sync(desk.play, ask))

    async def pictures(request: Request) -> Response:
        return Response(picture_css(), media_type="text/css")

    async def page(request: Request) -> Response:
        return Response(ASSETS.joinpath("index.html").read_bytes(), media_type="text/html")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        desk.close()

    return Starlette(
        routes=[
            Route("/", page),
            Route("/api/worlds", offers),
            Route("/api/world", facts),
            Route("/api/view", view, methods=["POST"]),
            Route("/api/seek", seek, methods=["POST"]),
            Route("/api/landmark", landmark, methods=["POST"]),
            Route("/api/play", play, methods=["POST"]),
            Route("/assets/css/picture.css", pictures),
            Mount("/assets", StaticFiles(packages=[("attorn.checker.explorer", "assets")])),
        ],
        middleware=[
            Middleware(Guard, hosts=frozenset((f"{LOOPBACK}:{port}", f"localhost:{port}")), token=token),
        ],
        exception_handlers={AttornError: _refused, msgspec.DecodeError: _refused},
        lifespan=lifespan,
    )


async def _asked(request: Request, kind: type[Ask]) -> Ask:
    return msgspec.json.decode(await request.body(), type=kind)


async def _searched(request: Request, bounds: Bounds, work: Callable[[], Found]) -> Found:
    """Search in a thread; a page that no longer waits ends the search."""

    async def watch() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(0.1)
        bounds.stop.set()

    watcher = asyncio.create_task(watch())
    try:
        return await anyio.to_thread.run_sync(work)
    finally:
        watcher.cancel()


def _json(found: object) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    """An error of the user's is told as it is; a disagreement of engines is a fault of ours."""
    says = f"two parts of attorn disagree: {error}" if isinstance(error, Unsound) else str(error)
    return JSONResponse({"error": says}, 500 if isinstance(error, Unsound) else 400)
