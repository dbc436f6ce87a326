"""The guard: only pages of this very server may ask, and only with its token."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "Guard"]

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""What every answer carries: no code, style or connection from elsewhere, no frames, nothing kept."""

MOST_BYTES = 32 * 2**20  # of a request: a trace of a long run


class Guard:
    """Refuses what was not asked by a page of this server.

    hosts: the names by which the server is called, with its port. Another name is a page that had it resolve to here.
    token: what every request to ``/api/`` must carry; pages of other servers cannot know it.
    """

    def __init__(self, application: ASGIApp, hosts: frozenset[str], token: str) -> None:
        self._application = application
        self._hosts, self._token = hosts, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refused = self._refusal(scope["path"], Headers(scope=scope))
        if refused is None:
            await self._application(scope, receive, guarded)
        else:
            status, says = refused
            await JSONResponse({"error": says}, status)(scope, receive, guarded)

    def _refusal(self, path: str, headers: Headers) -> tuple[int, str] | None:
        if headers.get("host", "") not in self._hosts:
            return 421, "this server answers under its own address only"
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return 403, "pages of other servers may not ask here"
        if path.startswith("/api/"):
            if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return 403, "pages of other servers may not ask here"
            if not hmac.compare_digest(headers.get("x-attorn-token", "").encode(), self._token.encode()):
                return 401, "the token is missing or of another run; open the address that attorn explore printed"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return 413, f"a request may have at most {MOST_BYTES >> 20} MiB"
        return None
