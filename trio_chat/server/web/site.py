"""What there is to ask for, and who may.

There is one `Site`; when the configuration changes, so does what it goes by. Must not know
connections.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec

from trio_chat import __version__
from trio_chat.core.networks import Network, in_networks
from trio_chat.server.web.files import File, static
from trio_chat.server.web.messages import JSON, Request, Response, cached, etag, text
from trio_chat.server.web.origins import Client, Names, is_believed, is_forwarded

_PAGE = "index.html"
_STATIC = "/static/"
_DASHBOARD = "dashboard.html"
_PAGES = (_PAGE, _DASHBOARD)
"""Which have addresses of their own."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What the page is told of the server: `/page.json`."""

    title: str
    accent: str
    icon: str
    network: str
    lobby: str
    websocket: str
    version: str = __version__


class WebPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What of the configuration concerns it: see `[web]`."""

    page: Page | None
    """None: there is none."""
    dashboard: Page | None = None
    """What the dashboard is told, which is the same; None: there is none."""
    icon: File | None
    """Instead of the one in the package."""
    websocket: tuple[str, ...]
    """The paths of it."""
    names: Names
    admin: tuple[Network, ...]
    believed: tuple[Network, ...]
    """Proxies that say for whom they ask."""


Show = Callable[[], Awaitable[Response]]


class Site:
    """What is served, by path. `private` is what only administrators are shown: the networks of
    `[web] admin`."""

    def __init__(self, policy: WebPolicy, private: dict[str, Show]) -> None:
        self.policy = policy
        """May be replaced at any time, and so may this:"""
        self.private = private

    async def respond(self, request: Request, who: Client) -> Response:
        """Answer a GET; of the answer to a HEAD only the head is sent."""
        path = request.path
        if path in self.private:
            return await self.private[path]() if self._is_admin(request, who) else _forbidden()
        found = self._public(request, path)
        if found is not None:
            return found
        if path in self.policy.websocket:
            return text(
                HTTPStatus.UPGRADE_REQUIRED,
                "here is a WebSocket, for IRC",
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
            )
        return text(HTTPStatus.NOT_FOUND, "there is nothing at this address")

    def _public(self, request: Request, path: str) -> Response | None:
        told = self.policy.page or self.policy.dashboard
        if told is None:
            return None
        if path == "/page.json":
            body = msgspec.json.encode(told)
            return cached(request, body, JSON, etag(body))
        file = None
        if path == "/":
            file = static()[_PAGE] if self.policy.page is not None else None
        elif path == "/dashboard":
            # What it shows is secret, it is not.
            file = static()[_DASHBOARD] if self.policy.dashboard is not None else None
        elif path == "/icon" or path == "/favicon.ico":
            file = self.policy.icon or static()["icon.svg"]
        elif path.startswith(_STATIC) and path.removeprefix(_STATIC) not in _PAGES:
            file = static().get(path.removeprefix(_STATIC))
        return None if file is None else cached(request, file.body, file.kind, file.tag)

    def _is_admin(self, request: Request, who: Client) -> bool:
        """Whether an administrator asks, and no page of somebody else's that they are looking at,
        nor a proxy for whomever."""
        if is_forwarded(request) and not is_believed(request.peer, self.policy.believed):
            return False
        return in_networks(who.address, self.policy.admin) and self.policy.names.is_ours(
            request.header("host"), request.local
        )


def _forbidden() -> Response:
    return text(
        HTTPStatus.FORBIDDEN,
        "this is for the networks in [web] admin, under a name that is this server's "
        "([web] origins)",
    )
