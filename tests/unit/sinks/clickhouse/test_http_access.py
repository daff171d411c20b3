"""Who may ask ClickHouse's HTTP interface, and who may write: passwords, the administrator, addresses."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from pydantic import SecretStr

from schemas.settings import Settings
from sinks.clickhouse import admin as admins
from sinks.clickhouse.admin import Credentials
from sinks.clickhouse.client import connect, target
from sinks.clickhouse.embedded import serve
from sinks.clickhouse.errors import SchemaError
from sinks.clickhouse.migrate import migrate
from tests.support.http_asking import asking

Ask = Callable[..., Any]

PASSWORD = "open, sesame: ü"  # noqa: S105


@pytest.fixture
def guarded(embedded: Settings) -> Settings:
    """The same settings with a password."""
    return embedded.model_copy(update={"http_password": SecretStr(PASSWORD)})


async def test_the_password_by_every_way(migrated: Any, guarded: Settings) -> None:
    """Basic authentication, ClickHouse's headers and the URL carry it, under any name; /ping needs none."""
    assert migrated is not None
    async with serve(guarded) as bound, asking(bound) as ask:
        basic = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
        for options in (
            {"headers": {"X-ClickHouse-User": "default", "X-ClickHouse-Key": PASSWORD}},
            {"headers": {"Authorization": basic}},
            {"params": {"password": PASSWORD}},
            {"params": {"user": "me", "password": PASSWORD}},
        ):
            assert (await ask("POST", data="SELECT 1", **options))[:3:2] == (200, b"1\n")
            status, headers, _ = await ask("POST", data="TRUNCATE TABLE events", **options)
            assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "497")
        assert (await ask("GET", "/ping"))[2] == b"Ok.\n"


async def test_a_wrong_password_and_none(migrated: Any, guarded: Settings) -> None:
    """401 with ClickHouse's codes, before the body is read; the password is in no message."""
    assert migrated is not None
    async with serve(guarded) as bound, asking(bound) as ask:
        for options, code in (
            ({}, "194"),
            ({"headers": {"X-ClickHouse-User": "me"}}, "194"),
            ({"params": {"password": "guess"}}, "516"),
            ({"headers": {"Authorization": "Bearer x"}}, "516"),
            ({"headers": {"Authorization": "Basic %"}}, "516"),
            ({"params": {"user": admins.USER, "password": PASSWORD}}, "516"),
            ({"params": {"user": admins.USER}}, "194"),
        ):
            status, headers, body = await ask("POST", data="SELECT 1", **options)
            assert (status, headers["X-ClickHouse-Exception-Code"]) == (401, code)
            assert headers["WWW-Authenticate"].startswith("Basic ")
            assert PASSWORD.encode() not in body
            assert b"guess" not in body


async def test_without_a_password_anybody_here_reads(ask: Ask) -> None:
    """On loopback, as before, a user name and a password that are sent all the same do no harm."""
    assert (await ask("POST", data="SELECT 1", params={"user": "me", "password": "x"}))[0] == 200
    status, headers, _ = await ask("POST", data="SELECT 1", params={"user": admins.USER, "password": "x"})
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (401, "516")


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "clickhouse.example:0"])
async def test_other_addresses_need_a_password(embedded: Settings, address: str) -> None:
    """It does not start there without one, and says what to do."""
    for password in (None, SecretStr("")):
        open_ = embedded.model_copy(update={"http": address, "http_password": password})
        with pytest.raises(ValueError, match=r"other machines: set WINBACK_HTTP_PASSWORD, or listen on 127\.0\.0\.1"):
            await serve(open_).__aenter__()


async def test_another_address_is_held_to_the_same(migrated: Any, guarded: Settings) -> None:
    """Off loopback any host name leads there; pages of other sites, and writing, stay out."""
    assert migrated is not None
    wide = guarded.model_copy(update={"http": "0.0.0.0:0"})
    login = {"params": {"password": PASSWORD}}
    async with serve(wide) as bound, asking(("127.0.0.1", bound[1])) as ask:
        named = {"Host": "clickhouse.example"}
        assert (await ask("POST", data="SELECT 1", headers=named, **login))[0] == 200
        assert (await ask("POST", data="SELECT 1", headers={**named, "Origin": "http://evil.example"}, **login))[
            0
        ] == 403
        assert (await ask("POST", data="SELECT 1", headers={**named, "Sec-Fetch-Site": "cross-site"}, **login))[
            0
        ] == 403
        assert (await ask("POST", data="SELECT file('/etc/hostname')", headers=named, **login))[0] == 403
        assert (await ask("POST", data="SELECT 1", headers=named))[0] == 401


def test_the_administrators_file(address: tuple[str, int], admin: Credentials, embedded: Settings) -> None:
    """Beside the database, for its owner alone, with the address; the same password after the next start."""
    path = Path(target(embedded).path + admins.SUFFIX)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {
        "address": f"127.0.0.1:{address[1]}", "user": admin.user, "password": admin.password,
    }  # fmt: skip
    assert len(admin.password) >= 32
    assert admins.administrator(target(embedded).path) == admin
    assert not list(path.parent.glob(f"{path.name}.*"))


async def test_migrate_and_sinks_write(address: tuple[str, int], embedded: Settings) -> None:
    """Over HTTP they log in by the file; a command that only reads does not, and cannot write."""
    file = Path(target(embedded).path + admins.SUFFIX)
    dsn = SecretStr(f"http://127.0.0.1:{address[1]}/winback")
    there = embedded.model_copy(update={"clickhouse": dsn, "http_admin": file})

    def work() -> None:
        for writes in (True, False):
            client = connect(there, writes=writes)
            try:
                if writes:
                    assert migrate(client) == []
                else:
                    with pytest.raises(DatabaseError, match="ACCESS_DENIED"):
                        client.command("TRUNCATE TABLE events")
                    with pytest.raises(SchemaError, match="WINBACK_HTTP_ADMIN="):
                        migrate(client)
            finally:
                client.close()

    await asyncio.to_thread(work)


async def test_our_own_clients_know_the_password(migrated: Any, guarded: Settings) -> None:
    """With WINBACK_HTTP_PASSWORD set, commands on this machine read; a DSN with another is taken at its word."""
    assert migrated is not None

    def work(port: int) -> None:
        there = guarded.model_copy(update={"clickhouse": SecretStr(f"http://localhost:{port}/winback")})
        client = connect(there.model_copy(update={"http_admin": Path("none")}))
        assert client.query("SELECT 1").result_rows == [(1,)]
        client.close()
        wrong = SecretStr(f"http://me:guess@localhost:{port}/winback")
        with pytest.raises(SchemaError, match="AUTHENTICATION_FAILED"):
            connect(there.model_copy(update={"clickhouse": wrong}))

    async with serve(guarded) as bound:
        await asyncio.to_thread(work, bound[1])


@pytest.mark.parametrize(
    ("dsn", "writes", "user"),
    [
        ("http://127.0.0.1:8123/winback", True, admins.USER),
        ("http://localhost:8123/winback", True, admins.USER),
        ("http://127.0.0.1:8123/winback", False, "default"),
        ("http://127.0.0.1:8124/winback", True, "default"),
        ("http://me:own@127.0.0.1:8123/winback", True, None),
        ("http://me@127.0.0.1:8123/winback", True, None),
        ("http://clickhouse.example:8123/winback", True, None),
        ("http://clickhouse.example/winback", False, None),
    ],
)
def test_secrets_leave_for_no_other_server(tmp_path: Path, dsn: str, writes: bool, user: str | None) -> None:
    """The administrator's is for the very interface that wrote it, the password for this machine, both where asked."""
    database = str(tmp_path / "clickhouse")
    admins.publish(database, "127.0.0.1:8123", admins.administrator(database))
    settings = Settings(http_password=SecretStr("x"), http_admin=tmp_path / "clickhouse.admin")
    found = admins.credentials(settings, dsn, writes=writes)
    assert (found and found.user) == user


@pytest.mark.parametrize("text", ["", "{", "[]", '{"address": "127.0.0.1:8123"}'])
def test_a_file_that_says_nothing(tmp_path: Path, text: str) -> None:
    """A file that is not one of ours counts as none, and the next start makes it anew."""
    file = tmp_path / "clickhouse.admin"
    file.write_text(text, encoding="utf-8")
    settings = Settings(http_admin=file)
    assert admins.credentials(settings, "http://127.0.0.1:8123/winback", writes=True) is None
    fresh = admins.administrator(str(tmp_path / "clickhouse"))
    admins.publish(str(tmp_path / "clickhouse"), "127.0.0.1:8123", fresh)
    assert admins.credentials(settings, "http://127.0.0.1:8123/winback", writes=True) == fresh
