"""Where the server listens, what it says of that, and why it can not."""

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from io import StringIO
from pathlib import Path

import pytest
import structlog.testing
import trio
from cryptography.hazmat.primitives import serialization

from tests.server.test_run import (
    NAME,
    connect_tls,
    read_all,
    read_until,
    running,
    tls_text,
)
from trio_chat.config import Config, ConfigError, TcpAddress, load
from trio_chat.server.banner import banner
from trio_chat.server.errors import StartError
from trio_chat.server.listeners import Endpoint, open_endpoints
from trio_chat.server.run import serve


def unix_text(*more: str) -> str:
    return "\n".join([f'{NAME}[[listeners]]\naddress = "unix:chat.sock"', *more])


def another_group() -> int:
    """Return a group that this process may give a file to, if it can be another than its own."""
    if os.geteuid() == 0:
        return 54_321
    return next((group for group in os.getgroups() if group != os.getegid()), os.getegid())


async def open_all(tmp_path: Path, *addresses: str) -> list[Endpoint]:
    path = tmp_path / "chat.toml"
    path.write_text("".join(f'[[listeners]]\naddress = "{address}"\n' for address in addresses))
    return [
        endpoint
        for listener in load(path, {}).listeners
        for endpoint in await open_endpoints(listener)
    ]


def only_tls(text: str) -> str:
    return text.replace('key = "key.pem"', 'key = "key.pem", only = true')


async def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = tmp_path / "chat.toml"
        path.write_text(f'[[listeners]]\naddress = "127.0.0.1:{port}"\n')
        config = load(path, {"XDG_DATA_HOME": str(tmp_path)})
        with pytest.raises(StartError) as caught:
            await serve(config, reload=lambda: config, out=StringIO())
        assert str(caught.value) == f"can not listen on 127.0.0.1:{port}: address already in use"


async def test_what_can_not_be_a_host(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text('[[listeners]]\naddress = "☃.example:1"\n')
    with pytest.raises(StartError, match=r"^can not listen on ☃\.example:1: that is not a host$"):
        await open_endpoints(load(path, {}).listeners[0])
    path.write_text('[[listeners]]\naddress = "foo..bar:1"\n')
    with pytest.raises(ConfigError, match=r'address is "foo\.\.bar:1"; expected host:port'):
        load(path, {})


async def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(tls_text(tmp_path))
    config = load(path, {})
    (tmp_path / "cert.pem").write_text("nonsense")
    with pytest.raises(StartError) as caught:
        await open_endpoints(config.listeners[0])
    assert str(caught.value).startswith(f"can not use the certificate {tmp_path / 'cert.pem'} with")


async def test_a_key_with_a_password_is_an_error_and_no_question(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(tls_text(tmp_path))
    config = load(path, {})
    key = serialization.load_pem_private_key((tmp_path / "key.pem").read_bytes(), None)
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(StartError, match="can not use the certificate"):
        await open_endpoints(config.listeners[0])
    with pytest.raises(ConfigError, match="not encrypted"):
        load(path, {})


@pytest.mark.parametrize("address", ["*:0", ":0"])
async def test_every_address_is_one_port_of_ipv4_and_of_ipv6(tmp_path: Path, address: str) -> None:
    async with running(tmp_path, f'{NAME}[[listeners]]\naddress = "{address}"\n') as it:
        (port,) = {endpoint.socket.getsockname()[1] for endpoint in it.server.endpoints}
        for host in ("127.0.0.1", "::1"):
            stream = await trio.open_tcp_stream(host, port)
            it.streams.append(stream)
            await stream.send_all(b"PING x\r\n")
            await read_until(stream, b"PONG irc.test x\r\n")
        lines = it.out.getvalue().splitlines()
        assert lines[:3] == [
            f"Listening on *:{port}, every address of IPv4 and IPv6",
            "Connect with any of these:",
            f"  nc 127.0.0.1 {port}",
        ]
        # Both are taken now.
        for host in ("0.0.0.0", "[::]", "*"):
            with pytest.raises(StartError, match=f":{port}: address already in use"):
                await open_all(tmp_path, f"{host}:{port}")


async def test_the_urgent_half_of_a_telnet_command_is_not_missing(tmp_path: Path) -> None:
    address = '[[listeners]]\naddress = "127.0.0.1:0"\n'
    async with running(tmp_path, f"{NAME}{address}") as it:
        stream = await trio.open_tcp_stream(*it.server.endpoints[0].socket.getsockname())
        it.streams.append(stream)
        await stream.send_all(b"ali\r\n")
        await read_until(stream, b"ali")
        # As telnet's `send synch` does: IAC, urgent; then DM.
        await stream.socket.send(b"\xff", socket.MSG_OOB)
        await stream.send_all(b"\xf2/whois ali\r\n")
        assert b"UTF-8" not in await read_until(stream, b"~ali@")


async def test_a_port_that_somebody_has_in_the_other_family_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    class Contended(socket.socket):
        """Somebody has the first free port that is found, and only in IPv6."""

        __slots__ = ()

        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            asked.append(address)
            if len(asked) == 2:
                raise OSError(errno.EADDRINUSE, "Address already in use")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Contended)
    endpoints = await open_all(tmp_path, "*:0")
    monkeypatch.undo()
    ports = [endpoint.socket.getsockname()[1] for endpoint in endpoints]
    for endpoint in endpoints:
        endpoint.close()
    assert [host for host, _ in asked] == ["0.0.0.0", "::"] * 2
    assert asked[0][1] == asked[2][1] == 0
    assert ports == [asked[3][1]] * 2


@pytest.mark.parametrize("there", [socket.AF_INET, socket.AF_INET6])
async def test_every_address_where_there_is_only_one_family(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: socket.AddressFamily
) -> None:
    class Half(socket.socket):
        __slots__ = ()

        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            if self.family != there:
                raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Half)
    endpoints = await open_all(tmp_path, "*:0")
    monkeypatch.undo()
    (endpoint,) = endpoints
    try:
        port = endpoint.socket.getsockname()[1]
        family = "IPv4" if there is socket.AF_INET else "IPv6"
        lines = banner(endpoints, Config()).splitlines()
        assert lines[0] == f"Listening on *:{port}, every address of {family}"
    finally:
        endpoint.close()


async def test_no_address_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nowhere(socket.socket):
        __slots__ = ()

        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(socket, "socket", Nowhere)
    with pytest.raises(StartError) as caught:
        await open_all(tmp_path, "*:0")
    assert str(caught.value) == "can not listen on *:0: cannot assign requested address"


async def test_a_unix_socket_left_over_is_replaced_but_one_in_use_is_not(tmp_path: Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "chat.sock"))
    stale.close()
    async with running(tmp_path, f'{NAME}[[listeners]]\naddress = "unix:chat.sock"\n') as it:
        assert f"nc -U {tmp_path / 'chat.sock'}" in it.out.getvalue()
        config = load(tmp_path / "chat.toml", {})
        with pytest.raises(StartError, match="in use"):
            await open_endpoints(config.listeners[0])
        (tmp_path / "file.sock").write_text("precious")
        other = load(tmp_path / "chat.toml", {"TRIO_CHAT_LISTENERS": f"unix:{tmp_path}/file.sock"})
        with pytest.raises(StartError, match="in use"):
            await open_endpoints(other.listeners[0])
        assert (tmp_path / "file.sock").read_text() == "precious"


async def test_a_servers_own_unix_socket_is_removed_at_its_end_and_no_other(tmp_path: Path) -> None:
    path, text = tmp_path / "chat.sock", unix_text()
    async with running(tmp_path, text):
        assert path.exists()
    assert not path.exists()
    async with running(tmp_path, text):
        path.unlink()
        # Whoever is next is there already.
        with socket.socket(socket.AF_UNIX) as next_one:
            next_one.bind(os.fspath(path))
            next_one.listen()
            found = path.lstat()
            other = text.replace("chat.sock", "other.sock")
            async with running(tmp_path, f"{other}".replace(NAME, f'{NAME}data = ""\n')):
                pass
    assert (path.lstat().st_dev, path.lstat().st_ino) == (found.st_dev, found.st_ino)
    path.unlink()
    async with running(tmp_path, text):
        path.unlink()
        path.write_text("precious")
    assert path.read_text() == "precious"
    path.unlink()
    async with running(tmp_path, text):
        path.unlink()
    assert not path.exists()


async def test_a_unix_socket_that_can_not_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlink(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with structlog.testing.capture_logs() as logs:
        # Without a directory, and so without a control socket.
        async with running(tmp_path, unix_text().replace(NAME, f'{NAME}data = ""\n')):
            monkeypatch.setattr(Path, "unlink", unlink)
        monkeypatch.undo()
    assert [(log["path"], log["error"]) for log in logs if log["log_level"] == "warning"] == [
        (str(tmp_path / "chat.sock"), "Operation not permitted")
    ]


async def test_a_unix_socket_has_its_mode_and_group_before_anybody_can_connect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[os.stat_result] = []

    class Observed(socket.socket):
        __slots__ = ()

        def listen(self, backlog: int = 0, /) -> None:
            found.append((tmp_path / "chat.sock").stat())
            super().listen(backlog)

    monkeypatch.setattr(socket, "socket", Observed)
    group = another_group()
    path = tmp_path / "chat.toml"
    path.write_text(unix_text('mode = "0662"', f'group = "{group}"'))
    # Whatever the umask takes away.
    before = os.umask(0o077)
    try:
        (endpoint,) = await open_endpoints(load(path, {}).listeners[0])
    finally:
        os.umask(before)
    endpoint.close()
    (status,) = found
    assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o662, group)


@pytest.mark.parametrize("group", ["no-such-group", "4294967295", "99999999999"])
async def test_a_group_that_there_is_not(tmp_path: Path, group: str) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(unix_text(f'group = "{group}"'))
    with pytest.raises(StartError) as caught:
        await open_endpoints(load(path, {}).listeners[0])
    place = f"unix:{tmp_path / 'chat.sock'}"
    assert str(caught.value) == f'can not listen on {place}: there is no group "{group}"'
    assert not (tmp_path / "chat.sock").exists()


async def test_a_group_has_a_name(tmp_path: Path) -> None:
    try:
        name = grp.getgrgid(os.getegid()).gr_name
    except KeyError:
        pytest.skip("this process's group has no name")
    path = tmp_path / "chat.toml"
    path.write_text(unix_text(f'group = "{name}"'))
    (endpoint,) = await open_endpoints(load(path, {}).listeners[0])
    assert (tmp_path / "chat.sock").stat().st_gid == os.getegid()
    endpoint.close()


async def test_a_group_that_the_socket_may_not_be_given_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chown(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", chown)
    path = tmp_path / "chat.toml"
    path.write_text(unix_text('group = "0"'))
    with pytest.raises(StartError) as caught:
        await open_endpoints(load(path, {}).listeners[0])
    place = f"unix:{tmp_path / 'chat.sock'}"
    assert str(caught.value) == f'can not give {place} to the group "0": operation not permitted'
    assert not (tmp_path / "chat.sock").exists()


async def test_another_mode_takes_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, unix_text('mode = "0600"')) as it:
        (tmp_path / "chat.toml").write_text(unix_text('mode = "0660"'))
        with structlog.testing.capture_logs() as logs:
            await it.server.reload()
        assert "listeners have changed, which takes a restart" in [log["event"] for log in logs]


async def test_a_unix_socket_of_tls_only(tmp_path: Path) -> None:
    text = only_tls(tls_text(tmp_path)).replace("127.0.0.1:0", "unix:chat.sock")
    async with running(tmp_path, text) as it:
        path = tmp_path / "chat.sock"
        lines = it.out.getvalue().splitlines()
        assert lines[0] == f"Listening on unix:{path}, TLS only"
        assert lines[2:] == [f"  openssl s_client -quiet -unix {path}"]


async def test_a_port_of_tls_only_and_what_is_said_of_it(tmp_path: Path) -> None:
    text = tls_text(tmp_path)
    async with running(tmp_path, only_tls(text)) as it:
        address = it.server.endpoints[0].address
        assert isinstance(address, TcpAddress)
        assert it.out.getvalue().splitlines() == [
            f"Listening on {address}, TLS only",
            "Connect with any of these:",
            f"  a browser: https://{address}/",
            f"  openssl s_client -quiet -connect {address}",
            f"  trio-chat client {address} --tls",
            f"  an IRC client, such as: irssi, and there /connect -tls 127.0.0.1 {address.port}",
        ]
        inside = await connect_tls(it)
        await inside.send_all(b"PING x\r\n")
        await read_until(inside, b"PONG irc.test x\r\n")
        outside = await it.connect()
        await outside.send_all(b"PING x\r\n")
        reason = b"ERROR :Closing link (This port speaks TLS only)\r\n"
        assert await read_all(outside) == reason
        # That can change with the certificate.
        (tmp_path / "chat.toml").write_text(text)
        assert await it.server.reload() == ""
        outside = await it.connect()
        await outside.send_all(b"PING x\r\n")
        await read_until(outside, b"PONG irc.test x\r\n")


async def test_the_banner_shows_an_address_that_one_can_connect_to(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text('[[listeners]]\naddress = "0.0.0.0:0"\n')
    endpoints = await open_endpoints(load(path, {}).listeners[0])
    address = endpoints[0].address
    assert isinstance(address, TcpAddress)
    try:
        assert banner(endpoints, Config()).splitlines() == [
            f"Listening on 0.0.0.0:{address.port}",
            "Connect with any of these:",
            f"  nc 127.0.0.1 {address.port}",
            f"  trio-chat client 127.0.0.1:{address.port}",
            f"  an IRC client, such as: irssi -c 127.0.0.1 -p {address.port}",
            "From elsewhere, with this host's name or address in place of 127.0.0.1.",
        ]
    finally:
        for endpoint in endpoints:
            endpoint.close()
