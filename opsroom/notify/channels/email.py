"""E-mail over SMTP, secured by STARTTLS unless said otherwise; in a thread of the receiver's own.

The thread is its own so that a mail server that hangs keeps no other receiver's thread busy. The Message-ID
is made of the notice's id, so that repeats are one message to whoever sorts them out.
"""

from __future__ import annotations

import asyncio
import ipaddress
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from opsroom.model import MICROS_PER_S
from opsroom.notify.channel import Undelivered, refused_setting, secret_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsroom.notify.channel import Message
    from opsroom.settings import NotifyRoute, NotifySection, SmtpSection

PERMANENT: Final = 500
TRIES_WITHIN: Final = 3
"""How many time-outs one try may take in all: each step of the conversation has its own."""


class Email:
    """One mailbox."""

    def __init__(self, to: str, smtp: SmtpSection, password: str, timeout_s: float) -> None:
        """Keep address and server; nothing is connected yet."""
        self._to = to
        self._smtp = smtp
        self._password = password
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(1, "notify-email")

    async def send(self, message: Message) -> None:
        """Hand the mail to the server."""
        mail = self._mail(message)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TRIES_WITHIN * self._timeout_s):
                await loop.run_in_executor(self._thread, self._deliver, mail)
        except TimeoutError as error:
            raise Undelivered("the mail server does not answer in time", code="receiver_timeout") from error

    async def close(self) -> None:
        """Let the thread go; one that hangs ends with its own time-out."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        domain = self._smtp.sender.rpartition("@")[2] or "localhost"
        mail["From"], mail["To"] = self._smtp.sender, self._to
        mail["Subject"] = message.subject
        mail["Message-ID"] = f"<{message.id}@{domain}>"
        mail["Date"] = format_datetime(datetime.fromtimestamp(message.made // MICROS_PER_S, UTC))
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Opsroom-Id"] = message.id
        if message.exercise:
            mail["X-Opsroom-Exercise"] = "yes"
        mail.set_content(message.text)
        return mail

    def _deliver(self, mail: EmailMessage) -> None:
        try:
            with self._connected() as server:
                server.send_message(mail)
        except TimeoutError as error:
            raise Undelivered("the mail server does not answer in time", code="receiver_timeout") from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _answered(max(codes, default=PERMANENT)) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Undelivered(
                "the mail server does not offer what the settings ask for (STARTTLS or sign-in)",
                code="receiver_refused",
                permanent=True,
            ) from error
        except smtplib.SMTPResponseException as error:
            raise _answered(error.smtp_code) from error
        except (smtplib.SMTPException, OSError) as error:
            if isinstance(
                error.__context__, TimeoutError
            ):  # smtplib tells of a time-out as a lost connection
                raise Undelivered(
                    "the mail server does not answer in time", code="receiver_timeout"
                ) from error
            raise Undelivered(f"not reached ({type(error).__name__})", code="receiver_unreachable") from error

    def _connected(self) -> smtplib.SMTP:
        """Connect, secure, sign in; what fails half-way leaves no open socket."""
        smtp = self._smtp
        context = ssl.create_default_context()
        if smtp.tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                smtp.host, smtp.port, timeout=self._timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(smtp.host, smtp.port, timeout=self._timeout_s)
        try:
            if smtp.tls == "starttls":
                server.starttls(context=context)
            if smtp.user:
                server.login(smtp.user, self._password)
        except BaseException:
            server.close()
            raise
        return server


def _answered(code: int) -> Undelivered:
    permanent = code >= PERMANENT
    return Undelivered(
        f"the mail server answered {code}",
        code="receiver_refused" if permanent else "receiver_failed",
        permanent=permanent,
    )


def _local(host: str) -> bool:
    """Say whether the name is this machine's own: only there mail may go in the clear."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_channel(route: NotifyRoute, settings: NotifySection, environ: Mapping[str, str]) -> Email:
    """Open the channel of a route.

    Raises:
        SettingsError: address, server or password cannot be used.
    """
    smtp = settings.smtp
    if not smtp.host:
        raise refused_setting(route, "no mail server is named.", "Name one: [notify.smtp] host.")
    if smtp.tls == "none" and not _local(smtp.host):
        raise refused_setting(route, "mail would leave this machine in the clear.", 'Set tls = "starttls".')
    if "@" not in route.to or not route.to.isprintable():
        raise refused_setting(route, "`to` is no e-mail address.", "Write name@host.")
    return Email(
        route.to, smtp, secret_of(environ, smtp.password_env, "notify.smtp.password_env"), settings.timeout_s
    )
