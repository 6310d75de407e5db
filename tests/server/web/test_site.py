"""What there is to ask for, and who may."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
import pytest
import trio

from trio_chat.core.networks import parse_network
from trio_chat.server.web.files import File, file, static
from trio_chat.server.web.messages import Request, Response, joined
from trio_chat.server.web.origins import Names, client
from trio_chat.server.web.site import Page, Site, WebPolicy

PAGE = Page(
    title="The chat",
    accent="#00ff00",
    icon="/icon",
    network="Net",
    lobby="#lobby",
    websocket="/ws",
    version="1.2.3",
)
POLICY = WebPolicy(
    page=PAGE,
    dashboard=PAGE,
    icon=None,
    websocket=("/", "/ws"),
    names=Names(server="irc.test"),
    admin=(parse_network("127.0.0.0/8"), parse_network("192.0.2.0/24")),
    believed=(parse_network("127.0.0.9"),),
)


def site(**changes: object) -> Site:
    async def show() -> Response:
        await trio.lowlevel.checkpoint()
        return Response(status=HTTPStatus.OK, body=b"secret")

    return Site(msgspec.structs.replace(POLICY, **changes), {"/metrics": show})


async def respond(site: Site, request: Request) -> Response:
    return await site.respond(request, client(request, site.policy.believed))


def asked(path: str, peer: str = "127.0.0.1", host: str = "localhost", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method="GET",
        path=path,
        headers={"host": host, **named},
        peer=peer,
        local="127.0.0.1",
    )


async def test_the_page_and_what_it_is_told() -> None:
    found = await respond(site(), asked("/"))
    assert found.status is HTTPStatus.OK
    assert b"<html" in found.body
    told = msgspec.json.decode((await respond(site(), asked("/page.json"))).body)
    assert told == msgspec.to_builtins(PAGE)


async def test_every_file_is_served_with_its_type_and_asked_for_again_for_nothing() -> None:
    for name, served in static().items():
        path = {"index.html": "/", "dashboard.html": "/dashboard"}.get(name, f"/static/{name}")
        found = await respond(site(), asked(path))
        assert (found.status, found.body) == (HTTPStatus.OK, served.body)
        headers = dict(found.headers)
        assert headers["Content-Type"] == served.kind
        again = await respond(site(), asked(path, if_none_match=f'"x", W/{headers["ETag"]}'))
        assert (again.status, again.body) == (HTTPStatus.NOT_MODIFIED, b"")
        assert dict(again.headers)["ETag"] == headers["ETag"]
        other = await respond(site(), asked(path, if_none_match='"x"'))
        assert other.status is HTTPStatus.OK


async def test_only_what_browsers_are_meant_to_have_is_served() -> None:
    assert file("page.py", b"") is None
    assert isinstance(file("index.html", b"x"), File)
    names = ("..%2fsite.py", "../site.py", "index.html", "dashboard.html", "", "nothing.js")
    for name in names:
        assert (await respond(site(), asked(f"/static/{name}"))).status is HTTPStatus.NOT_FOUND


async def test_an_icon_of_ones_own() -> None:
    icon = file("logo.png", b"png")
    found = await respond(site(icon=icon), asked("/icon"))
    assert found.body == b"png"
    assert dict(found.headers)["Content-Type"] == "image/png"
    assert b"<svg" in (await respond(site(), asked("/favicon.ico"))).body


async def test_without_a_page_there_is_a_websocket_all_the_same() -> None:
    bare = site(page=None, dashboard=None)
    found = await respond(bare, asked("/"))
    assert found.status is HTTPStatus.UPGRADE_REQUIRED
    assert ("Upgrade", "websocket") in found.headers
    assert (await respond(bare, asked("/page.json"))).status is HTTPStatus.NOT_FOUND
    assert (await respond(site(), asked("/ws"))).status is HTTPStatus.UPGRADE_REQUIRED


async def test_the_dashboard_is_served_to_everybody_and_does_without_the_page() -> None:
    alone = site(page=None)
    for path in ("/dashboard", "/static/dashboard.js", "/page.json", "/icon"):
        found = await respond(alone, asked(path, "198.51.100.7"))
        assert found.status is HTTPStatus.OK, path
    assert b"<html" in (await respond(alone, asked("/dashboard"))).body
    assert (await respond(alone, asked("/"))).status is HTTPStatus.UPGRADE_REQUIRED
    without = site(dashboard=None)
    assert (await respond(without, asked("/dashboard"))).status is HTTPStatus.NOT_FOUND
    assert (await respond(without, asked("/"))).status is HTTPStatus.OK


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (asked("/metrics"), 200),
        (asked("/metrics", "192.0.2.7", "irc.test"), 200),
        (asked("/metrics", "198.51.100.7"), 403),
        (asked("/metrics", ""), 403),
        # A page of evil.example has a visitor's browser ask, at what it says is its own name.
        (asked("/metrics", host="evil.example:55555"), 403),
        # A proxy that nobody has told us of may speak for anybody.
        (asked("/metrics", x_forwarded_for="192.0.2.7"), 403),
        (asked("/metrics", via="1.1 proxy"), 403),
        (asked("/metrics", "127.0.0.9", x_forwarded_for="192.0.2.7"), 200),
        (asked("/metrics", "127.0.0.9", x_forwarded_for="198.51.100.7"), 403),
        *[
            (asked("/metrics", host="127.0.0.1", **{name: "192.0.2.7"}), 403)
            for name in ("x_real_ip", "x_forwarded_host", "cf_connecting_ip", "true_client_ip")
        ],
        (asked("/nowhere"), 404),
    ],
)
async def test_who_is_shown_what(request_: Request, status: int) -> None:
    assert (await respond(site(), request_)).status == status


def test_headers_that_come_twice() -> None:
    found = joined([(b"Via", b"1.1 a"), (b"HOST", b"x"), (b"via", b"1.1 b")])
    assert found == {"via": "1.1 a, 1.1 b", "host": "x"}
