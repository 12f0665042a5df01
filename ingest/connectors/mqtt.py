"""MQTT 3.1.1 and 5: plain topics with bare numbers or JSON, and Sparkplug B as a host application."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal

import aiomqtt
import msgspec
from paho.mqtt import client as paho
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.connectors._rows import Instant
from ingest.connectors._source import Asked, Outlet, SourceLost
from ingest.connectors._sparkplug import NAMESPACE, Host
from ingest.connectors._sparkplug_nodes import Action, Give, Note, Publish, Sparkplug, Stale
from ingest.connectors._topics import Rule, Topic, Unread
from opsroom.errors import Invalid, OpsroomError

NEEDS = {
    "aiomqtt": "pip install 'cybersyn-opsroom[mqtt]'",
    "paho": "pip install 'cybersyn-opsroom[mqtt]'",
}

TICK_S: Final = 0.1
"""How often what is due by time is looked at: reorder windows and devices that were not born."""
INCOMING_MAX: Final = 50_000
ACK_S: Final = 0.005
"""How long a message of QoS 1 waits for others that are put into the outbox with it."""
ACKS_AT_ONCE: Final = 10
"""So many wait at most: brokers send only so many unacknowledged (mosquitto 20)."""
BURST_US: Final = 5_000_000
_US_PER_MS: Final = 1_000


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[mqtt]`: the broker, and what to read from it.

    `session_s` above 0 asks the broker to keep messages of QoS 1 that long while the connector is away.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    version: Literal["3.1.1", "5"] = "3.1.1"
    client_id: str = ""
    username: str = ""
    password_env: str = ""
    keepalive_s: int = 15
    timeout_s: float = 5.0
    session_s: int = 0
    tls: bool = False
    cacert: str = ""
    cert: str = ""
    key: str = ""
    topic: list[Topic] = []
    sparkplug: Sparkplug | None = None


def sources(settings: Settings, folder: Path) -> list[Broker]:
    """Give the broker as the one source; files are looked for in `folder`.

    Raises:
        Invalid: nothing is subscribed to, or a topic table cannot be used.
    """
    if not settings.topic and settings.sparkplug is None:
        raise Invalid(
            "Nothing to subscribe to.", remedy="Give [[mqtt.topic]] or [mqtt.sparkplug].", field="topic"
        )
    if settings.session_s and not settings.client_id:
        raise Invalid("A kept session needs a name.", remedy="Give client_id.", field="client_id")
    if settings.password_env and settings.password_env not in os.environ:
        raise Invalid(
            f"{settings.password_env} is not set.", remedy="Put the password there.", field="password_env"
        )
    return [Broker(settings, folder)]


class Client(aiomqtt.Client):
    """Messages of QoS 1 wait for `acknowledge`: until then the broker keeps them, over sessions too.

    Those of QoS 2 are acknowledged as they come. The library's own way to hold acknowledgements back leaves a
    PUBREL unanswered that is of an earlier connection, and with it a place of the broker's window for ever.
    """

    def __init__(self, *told: Any, **more: Any) -> None:
        """Take what `aiomqtt.Client` takes."""
        super().__init__(*told, **more)
        self.discarded = 0
        self._acknowledge = self._client._send_puback  # noqa: SLF001 - see above
        self._client._send_puback = _later  # type: ignore[method-assign]  # noqa: SLF001

    def acknowledge(self, message: aiomqtt.Message) -> None:
        """Let the broker forget a message."""
        if message.qos == 1:
            self._acknowledge(message.mid)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        # Of what is acknowledged a broker sends only so many at once.
        if message.qos == 0 and self._queue.qsize() >= INCOMING_MAX:
            self.discarded += 1
        else:
            super()._on_message(client, userdata, message)


class Broker:
    """One MQTT broker."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Read `settings`; certificates are looked for in `folder`."""
        self.label = f"mqtt {settings.host}:{settings.port}"
        self._settings = settings
        self._folder = folder
        self._rules = [Rule(topic, number) for number, topic in enumerate(settings.topic)]
        self._host = None if settings.sparkplug is None else Host(settings.sparkplug)
        self._host_id = "" if settings.sparkplug is None else settings.sparkplug.host_id
        self._newest: dict[str, int] = {}
        self._taken: list[aiomqtt.Message] = []
        self._has_taken = asyncio.Event()

    def asked(self) -> Sequence[Asked]:
        """Give the subscriptions."""
        return [*(rule.asked() for rule in self._rules), *(self._host.asked() if self._host else [])]

    async def session(self, out: Outlet) -> None:
        """Subscribe and listen until the broker is gone."""
        births_ms = out.now() // _US_PER_MS
        self._taken.clear()  # the numbers of messages are those of a connection
        try:
            async with self._client(births_ms) as client, asyncio.TaskGroup() as group:
                await self._subscribe(client)
                out.tell("connected", self.label)
                if self._host is not None:
                    await self._do(client, self._host.found(out.now(), out.monotonic()), out)
                if self._host_id:
                    await self._publish_state(client, online=True, t_ms=births_ms)
                beside = [
                    group.create_task(one(client, out)) for one in (self._tick, self._acknowledge_often)
                ]
                try:
                    async for message in client.messages:
                        await self._take(client, message, out)
                finally:
                    for task in beside:
                        task.cancel()
                    if self._host_id:
                        with suppress(aiomqtt.MqttError):  # the will says the same
                            await self._publish_state(client, online=False, t_ms=births_ms)
        except* aiomqtt.MqttError as group_error:
            raise SourceLost(
                f"{self.label}: {_first(group_error)}",
                remedy="Is the broker up, and are name and password right?",
            ) from group_error
        finally:
            if self._host is not None:
                self._host.lost()

    # -- the connection --------------------------------------------------------------------------------------

    def _client(self, births_ms: int) -> Client:
        settings = self._settings
        is_5 = settings.version == "5"
        properties = will = None
        if is_5 and settings.session_s:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = settings.session_s
        if self._host_id:
            will = aiomqtt.Will(
                f"{NAMESPACE}/STATE/{self._host_id}", _state(online=False, t_ms=births_ms), qos=1, retain=True
            )
        return Client(
            settings.host,
            settings.port,
            username=settings.username or None,
            password=os.environ.get(settings.password_env) if settings.password_env else None,
            identifier=settings.client_id or None,
            protocol=aiomqtt.ProtocolVersion.V5 if is_5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if is_5 else not settings.session_s,
            clean_start=not settings.session_s if is_5 else MQTT_CLEAN_START_FIRST_ONLY,
            properties=properties,
            keepalive=settings.keepalive_s,
            timeout=settings.timeout_s,
            will=will,
            tls_context=self._trust(),
        )

    def _trust(self) -> ssl.SSLContext | None:
        settings = self._settings
        if not (settings.tls or settings.cacert or settings.cert):
            return None
        trust = ssl.create_default_context(
            cafile=str(self._folder / settings.cacert) if settings.cacert else None
        )
        if settings.cert:
            trust.load_cert_chain(
                self._folder / settings.cert, self._folder / settings.key if settings.key else None
            )
        return trust

    async def _subscribe(self, client: Client) -> None:
        for rule in self._rules:
            await client.subscribe(rule.topic.filter, qos=rule.topic.qos)
        for one in self._host.filters() if self._host else []:
            await client.subscribe(one, qos=1)

    async def _publish_state(self, client: Client, *, online: bool, t_ms: int) -> None:
        """Tell nodes whether their host is there (Sparkplug 3.0, 5.14)."""
        topic = f"{NAMESPACE}/STATE/{self._host_id}"
        await client.publish(topic, _state(online=online, t_ms=t_ms), qos=1, retain=True)

    # -- messages --------------------------------------------------------------------------------------------

    async def _take(self, client: Client, message: aiomqtt.Message, out: Outlet) -> None:
        if client.discarded:
            out.tell("overrun", f"{self.label}: {client.discarded} messages of QoS 0 more than are taken")
            client.discarded = 0
        try:
            await self._give(client, message, out)
        except (aiomqtt.MqttError, OpsroomError):
            raise
        except Exception:
            client.acknowledge(message)  # it would end every session to come
            raise
        if message.qos == 1:
            self._taken.append(message)
            self._has_taken.set()
            if len(self._taken) >= ACKS_AT_ONCE:
                await self._acknowledge(client, out)

    async def _acknowledge_often(self, client: Client, out: Outlet) -> None:
        while True:
            await self._has_taken.wait()
            await out.sleep(ACK_S)
            await self._acknowledge(client, out)

    async def _acknowledge(self, client: Client, out: Outlet) -> None:
        """Acknowledge what was taken, once it is in the outbox."""
        taken, self._taken = self._taken, []
        self._has_taken.clear()
        await out.kept()
        for message in taken:
            client.acknowledge(message)

    async def _give(self, client: Client, message: aiomqtt.Message, out: Outlet) -> None:
        topic, payload, now = message.topic.value, bytes(message.payload or b""), out.now()
        if self._host is not None and topic.startswith(f"{NAMESPACE}/"):
            await self._do(client, self._host.receive(topic, payload, now, out.monotonic()), out)
            return
        for rule in self._rules:
            series = rule.match(topic)
            if series is None:
                continue
            if message.retain and not rule.topic.time and not rule.topic.retained:
                # Nobody knows how old it is.
                out.tell("retained_without_time", topic)
                return
            for one in rule.read(series, payload, now):
                if isinstance(one, Unread):
                    out.tell(one.code, one.text)
                else:
                    await out.give(one if rule.topic.time else self._spread(one, now))
            return

    def _spread(self, instant: Instant, now: int) -> Instant:
        """Give numbers without a time that come within one millisecond a millisecond each, in their order."""
        last = self._newest.get(instant.names[0], 0)
        t = max(now, min(last + _US_PER_MS, now + BURST_US))
        self._newest[instant.names[0]] = t
        return instant._replace(t=t)

    async def _do(self, client: Client, actions: Iterable[Action], out: Outlet) -> None:
        for action in actions:
            match action:
                case Give(instant):
                    await out.give(instant)
                case Stale(names):
                    await out.stale(names)
                case Publish(topic, payload):
                    await client.publish(topic, payload, qos=0)
                case Note(code, text):
                    out.tell(code, text)

    async def _tick(self, client: Client, out: Outlet) -> None:
        while self._host is not None:
            await out.sleep(TICK_S)
            await self._do(client, self._host.due(out.now(), out.monotonic()), out)


def _later(mid: int) -> MQTTErrorCode:
    del mid
    return MQTTErrorCode.MQTT_ERR_SUCCESS


def _state(*, online: bool, t_ms: int) -> bytes:
    return msgspec.json.encode({"online": online, "timestamp": t_ms})


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
