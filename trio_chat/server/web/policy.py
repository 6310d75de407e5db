"""What of the configuration concerns what is served."""

from __future__ import annotations

from trio_chat.config import Config
from trio_chat.config.conversion import ConfigError
from trio_chat.config.files import read_icon, unreadable
from trio_chat.server.web.files import File, file
from trio_chat.server.web.origins import Names
from trio_chat.server.web.site import Page, WebPolicy


def web_policy(config: Config) -> WebPolicy:
    """Return it. Raises `ConfigError` when the icon can not be read."""
    web = config.web
    page = Page(
        title=web.title or config.server.network,
        accent=web.accent,
        icon="/icon",
        network=config.server.network,
        lobby=config.server.lobby,
        websocket=next((path for path in web.websocket if path != "/"), "/"),
    )
    return WebPolicy(
        page=page if web.page else None,
        dashboard=page if web.dashboard else None,
        icon=_icon(config),
        websocket=web.websocket,
        names=Names(server=config.server.name, origins=web.origins),
        admin=web.admin,
        believed=config.gateways.http,
    )


def _icon(config: Config) -> File | None:
    path = config.web.icon
    if path is None:
        return None
    try:
        return file(path.name, read_icon(path))
    except (OSError, ValueError) as error:
        raise ConfigError([unreadable("web.icon", path, error)]) from None
