"""E-mail and ntfy at real servers, words in two languages, exercises, the sign of life."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import email.header
import email.policy
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from opsroom.errors import SettingsError, StoreFull
from opsroom.notify import Watchdog, open_channels
from opsroom.notify.wording import message_of
from opsroom.settings import Settings
from opsroom.store.offload import InlineOffload
from tests.notify import servers, world
from tests.notify.world import FIRST_LINE, SITE, START, World

MAIL = {"name": "mail", "channel": "email", "to": "watch@example.org", "below": True}


def smtp_of(mail: servers.MailServer, **more: object) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": mail.port, "tls": "none", **more}


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    public, private = tmp_path / "c.pem", tmp_path / "k.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context


def parsed(mail: str) -> email.message.EmailMessage:
    return email.message_from_string(mail, policy=email.policy.default)


async def one_mail(mail: servers.MailServer, made: Settings) -> World:
    here = World(made)
    await here.notifier.start()
    here.commit(here.raised(FIRST_LINE), here.raised(FIRST_LINE + 1))
    await here.turn()
    return here


def test_mail_has_subject_body_and_a_constant_id() -> None:
    async def scene() -> None:
        async with servers.smtp() as mail:
            here = await one_mail(
                mail,
                world.settings({**MAIL, "group_by": "route", "lang": "de"}, wait_s=0, smtp=smtp_of(mail)),
            )
            (raw,) = mail.mails
            got = parsed(raw)
            assert (
                got["Subject"] == f"Meldung: site/line{FIRST_LINE}/power, Grenze überschritten, und 1 weitere"
            )
            assert got["To"] == "watch@example.org"
            assert got["Auto-Submitted"] == "auto-generated"
            assert got["Message-ID"] == f"<{got['X-Opsroom-Id']}@localhost>"
            text = got.get_content()
            assert "steht bei site/line" in text
            assert "2023" in text
            assert here.waiting() == 0

    asyncio.run(scene())


def test_mail_goes_through_starttls_with_a_password_from_the_environment(
    certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    public, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(public))

    async def scene() -> None:
        async with servers.smtp(context) as mail:
            smtp = smtp_of(mail, tls="starttls", user="room", password_env="KEY")
            await one_mail(mail, world.settings({**MAIL, "group_by": "route"}, wait_s=0, smtp=smtp))
            assert (len(mail.mails), mail.secured, len(mail.signed_in)) == (1, 1, 1)

    asyncio.run(scene())


def test_an_unknown_certificate_or_no_starttls_sends_nothing(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    async def scene() -> None:
        for context, state, code in (
            (certificate[1], "waiting", "receiver_unreachable"),
            (None, "dead", "receiver_refused"),
        ):
            async with servers.smtp(context) as mail:
                here = await one_mail(
                    mail,
                    world.settings(
                        {**MAIL, "group_by": "route"}, wait_s=0, smtp=smtp_of(mail, tls="starttls")
                    ),
                )
                (letter,) = here.store.outbox.letters(state)
                assert letter.reason.startswith(code)
                assert mail.mails == []

    asyncio.run(scene())


@pytest.mark.parametrize(("answer", "state"), [("451 later", "waiting"), ("550 unknown", "dead")])
def test_what_the_mail_server_answers_decides(answer: str, state: str) -> None:
    async def scene() -> None:
        async with servers.smtp() as mail:
            mail.answer_rcpt = answer
            here = await one_mail(
                mail, world.settings({**MAIL, "group_by": "route"}, wait_s=0, smtp=smtp_of(mail))
            )
            assert [one.state for one in here.store.outbox.letters(state)] == [state]

    asyncio.run(scene())


def test_mail_in_the_clear_stays_on_this_machine() -> None:
    made = world.settings(MAIL, smtp={"host": "mail.example.org", "tls": "none"})
    with pytest.raises(SettingsError):
        open_channels(made.notify, {})


def test_ntfy_gets_title_priority_and_the_id_it_may_drop_repeats_by() -> None:
    async def scene() -> None:
        async with servers.http() as receiver:
            route = {
                "name": "n",
                "channel": "ntfy",
                "to": receiver.url,
                "below": True,
                "lang": "de",
                "secret_env": "KEY",
            }
            here = World(world.settings(route, wait_s=0, exercise=True))
            await here.notifier.start()
            here.commit(here.raised(FIRST_LINE))
            await here.notifier.read()
            (letter,) = here.store.outbox.letters("waiting")
            await here.notifier.deliver("n")
            (post,) = receiver.posts
            (title, charset), *_ = email.header.decode_header(post.headers["title"])
            assert isinstance(title, bytes)
            assert title.decode(charset or "ascii").startswith("[ÜBUNG / EXERCISE] Meldung: site/line3/power")
            assert post.headers["priority"] == "5"
            assert post.headers["x-sequence-id"] == letter.notice.id
            assert post.headers["authorization"] == "Bearer s3cret-key"
            assert post.headers["tags"] == "raised,exercise"
            assert "ÜBUNG" in post.body.decode()

    asyncio.run(scene())


@pytest.mark.parametrize("lang", ["en", "de", "es"])
def test_an_exercise_says_so_everywhere(lang: str) -> None:
    group = world.grouping(world.settings({**MAIL}, wait_s=0), exercise=True)
    tree = world.catalog()
    (notice,) = group.step([world.raised(tree, FIRST_LINE, START)], START, tree, [])
    message = message_of(notice, lang, "/")
    assert message.subject.startswith("[")
    assert "EXERCISE" in message.subject.partition("]")[0]
    assert "EXERCISE" in message.text.splitlines()[0]
    assert (message.event["exercise"], message.event["data"]["exercise"]) == (True, True)


def test_300_alerts_under_one_cause_are_named_in_the_subject_and_bounded_in_the_body() -> None:
    tree = world.catalog(300)
    group = world.grouping(world.settings({**MAIL}))
    cut = world.raised(tree, SITE, START, alert_id="cut")
    group.step(
        [cut, *(world.raised(tree, FIRST_LINE + n, START, cause="cut") for n in range(300))], START, tree, []
    )
    (notice,) = group.step([], START + 5_000_000, tree, [])
    message = message_of(notice, "en", "/")
    assert message.subject == "alert: site/power, limit passed, with 300 under it"
    assert "301 alerts." in message.text
    assert "and 281 more." in message.text
    assert len(message.event["data"]["alerts"]) == 301


def test_a_name_cannot_break_a_header_open() -> None:
    tree = world.catalog()
    series = tree.series[FIRST_LINE]
    import msgspec

    from opsroom.records import SeriesSet

    tree.apply(SeriesSet(msgspec.structs.replace(series, name="x\r\nBcc: all@example.org")))
    group = world.grouping(world.settings({**MAIL}, wait_s=0))
    (notice,) = group.step([world.raised(tree, FIRST_LINE, START)], START, tree, [])
    assert "\n" not in message_of(notice, "en", "/").subject
    assert "\r" not in message_of(notice, "en", "/").subject


class Condition:
    """A room that is well until told otherwise."""

    ready, store_failing, lag_s = True, False, 0.0


class Pulse:
    """A store that takes a row until its disk is full."""

    full = False

    def beat(self, at: int) -> None:
        if self.full:
            raise StoreFull(f"no space at {at}")


def test_the_sign_of_life_stops_when_the_room_is_not_well() -> None:
    async def scene() -> None:
        async with servers.http() as receiver:
            made = world.settings(watchdog={"url": receiver.url, "secret_env": "KEY"})
            here = World(made)
            await here.notifier.start()
            room, pulse = Condition(), Pulse()
            dog = Watchdog(
                made.notify,
                room,
                pulse,
                InlineOffload(),
                here.clock,
                reading=here.notifier,
                environ=here.environ,
            )
            assert not await dog.beat()
            assert dog.silent == ("not_telling",)
            await here.notifier.read()
            assert await dog.beat()
            for change, reason in (("lag_s", "behind_log"), ("store_failing", "store_failing")):
                setattr(room, change, 6.0)
                assert not await dog.beat()
                assert dog.silent == (reason,)
                setattr(room, change, 0.0)
            pulse.full = True
            assert not await dog.beat()
            pulse.full = False
            here.clock.advance(1)
            assert await dog.beat()
            here.clock.advance(31)
            assert not await dog.beat()
            assert len(receiver.posts) == 2
            assert len(set(receiver.ids)) == 2
            assert {post.event["type"] for post in receiver.posts} == {"io.opsroom.alive"}

    asyncio.run(scene())
