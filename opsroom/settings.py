"""All settings and every limit, in one place.

Read from `opsroom.toml`, overridden by `OPSROOM_<SECTION>__<KEY>`.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from opsroom.environment import REMEDY, not_json, refuse_strays
from opsroom.errors import SettingsError
from opsroom.section import ReplaySection, Section, StoreSection


class Server(Section):
    """Where the room answers."""

    host: str = Field("127.0.0.1", description="address to bind; beyond loopback only with TLS")
    port: int = Field(8040, ge=0, le=65535, description="TCP port; 0 picks a free one")
    tls: tuple[str, str] | Literal["self-signed"] | None = Field(
        None, description="certificate and key files, or self-signed"
    )
    names: tuple[str, ...] = Field(
        (), description="further host names the room answers to, beside addresses and localhost"
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="addresses whose forwarding headers are believed"
    )
    clock: Literal["wall", "stream"] = Field(
        "wall", description="room clock: wall, or stream for replays and drills"
    )


class LogSection(Section):
    """Where the one log is kept."""

    url: str = Field(
        "sqlite:///opsroom-data/log.db", description="URL of the log: sqlite, or memory:// for tests"
    )
    group_commit_ms: float = Field(2.0, ge=0, description="how long a commit waits for company")


class RoomSection(Section):
    """How the room thinks about time and alerts."""

    economy: str = Field("economy.toml", description="file with units, series and indicators")
    rules: str = Field("rules", description="folder with the files of alarm rules")
    rules_every_s: float = Field(
        2.0, gt=0, description="how often that folder is looked at for files that changed"
    )
    recovery_default_s: float = Field(
        900.0, gt=0, description="recovery time a level for a series without declared period"
    )
    grey_default_s: float = Field(
        180.0, gt=0, description="age at which a value without declared period is shown as old"
    )
    detection: bool = Field(True, description="run detectors; off stores and shows readings only")
    recovery_readings: int = Field(2, ge=1, description="readings inside the band that end an alert")
    filter_profile: Literal["default", "historical", "precise"] = Field(
        "default",
        description="priors of the filter that names changes: default, historical (1971) or precise",
    )
    discord_share: float = Field(
        0.1, ge=0, le=1, description="share of one core for the discord of chosen series; 0 chooses none"
    )
    discord_series: int = Field(
        64, ge=0, description="most series with a discord: 130 KB of memory and 25 KB of snapshot each"
    )
    delivery_s: float = Field(
        5.0, ge=0, description="time after a raise within which delivery to the unit starts its clock"
    )
    tick_s: float = Field(0.25, gt=0, description="how often the room clock is written to the log")
    idle_s: float = Field(
        10.0,
        gt=0,
        description="wall time without a frame after which a source holds back no clock, and once its "
        "lateness is over too, nothing that waits of it",
    )
    ahead_s_max: float = Field(300.0, ge=0, description="how far ahead of the wall clock a reading may be")
    vitals_every_s: float = Field(
        5.0, ge=0, description="how often the room looks at its own state and alerts the top unit; 0: never"
    )
    budget_per_week: float = Field(0.1, gt=0, description="expected false alarms for each series and week")
    ack_timeout_s: float | None = Field(
        None, gt=0, description="how long an acknowledgement holds unless its class says; none: for good"
    )
    return_stagger_s: float = Field(
        10.0, ge=0, description="time between the returns of what one unit has shelved: no flood at shift end"
    )
    followups_max: int = Field(
        10_000, ge=1, description="decisions waiting for their follow-up: bounds what outlives the wall"
    )
    snapshot_s: float = Field(10.0, gt=0, description="how often the room's state is snapshotted")


class DoorsSection(Section):
    """How senders of other protocols are taken in."""

    mapping: str = Field(
        "doors.toml",
        description="file that says which series their readings are; absent: docs/doors.md's default",
    )


class SmtpSection(Section):
    """The mail server that e-mail goes through."""

    host: str = Field("", description="mail server; empty: no e-mail can be sent")
    port: int = Field(587, ge=1, le=65535, description="its port")
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection is secured; none only to this machine"
    )
    user: str = Field("", description="who signs in; empty: nobody does")
    password_env: str = Field("", description="environment variable that holds the password")
    sender: str = Field("opsroom@localhost", description="address the mail comes from")


class NotifyRoute(Section):
    """One receiver: which news it hears, over which channel, in which language."""

    name: str = Field(min_length=1, max_length=64, description="name in logs, lists and identifiers; unique")
    channel: str = Field(description="email, webhook, ntfy, or a channel of your own")
    to: str = Field(min_length=1, description="e-mail address, or URL (ntfy: with the topic)")
    unit: str = Field(
        "", description="path of the unit whose level this receiver stands for; empty: the root"
    )
    below: bool = Field(False, description="hear of all units below as well")
    seat: str = Field("", description="hear only calls of this person's seat")
    kinds: tuple[Literal["raised", "called", "climbed", "recovered", "decided", "pressed"], ...] = Field(
        ("raised", "called", "climbed", "recovered", "decided", "pressed"), description="which news"
    )
    priority_max: int | None = Field(
        None, ge=1, le=3, description="least urgent priority told when raised; else notify.priority_max"
    )
    group_by: Literal["unit", "route"] = Field(
        "unit", description="what one notification gathers: a unit's alerts, or everything of this route"
    )
    lang: Literal["de", "en", "es"] = Field("en", description="language of subject and body")
    secret_env: str = Field("", description="environment variable with the signing key or access token")


class WatchdogSection(Section):
    """A sign of life for a monitor outside: it alarms when this stops."""

    url: str = Field("", description="where the sign of life is posted; empty: nowhere")
    every_s: float = Field(60.0, gt=0, description="how often, while the room is well")
    secret_env: str = Field("", description="environment variable with the signing key")


class AlertmanagerSection(Section):
    """Where alerts of Prometheus' Alertmanager belong in the tree."""

    unit_label: str = Field("opsroom_unit", description="label that names the unit, relative to the token's")
    units: dict[str, str] = Field(
        {}, description='"label=value" to the path of a unit, relative to the token\'s; the first that fits'
    )


class NotifySection(Section):
    """Who is told outside the room, and how hard it tries."""

    priority_max: int = Field(2, ge=1, le=3, description="least urgent priority told when raised")
    wait_s: float = Field(5.0, ge=0, description="how long the first alert of a group waits for company")
    timeout_s: float = Field(10.0, gt=0, description="time one try may take")
    retry_first_s: float = Field(5.0, gt=0, description="pause after the first failed try; it doubles")
    retry_max_s: float = Field(300.0, gt=0, description="longest pause between tries")
    give_up_s: float = Field(86_400.0, gt=0, description="age at which a notice becomes a dead letter")
    queue_max: int = Field(
        100, ge=1, description="notices waiting for a receiver; beyond it new ones join the newest waiting"
    )
    exercise: bool = Field(
        False, description="mark everything as exercise; a room on the stream's clock does so anyway"
    )
    source: str = Field("/opsroom", description="`source` of CloudEvents: a URI that names this room")
    route: tuple[NotifyRoute, ...] = Field((), description="receivers, one `[[notify.route]]` each")
    smtp: SmtpSection = Field(SmtpSection(), description="mail server, `[notify.smtp]`")
    watchdog: WatchdogSection = Field(WatchdogSection(), description="sign of life, `[notify.watchdog]`")
    alertmanager: AlertmanagerSection = Field(
        AlertmanagerSection(), description="receiving alerts, `[notify.alertmanager]`"
    )


Pair = tuple[float, float]


class FiguresSection(Section):
    """By what the alarm figures are judged; pairs are target and most that is manageable."""

    per_10min: Pair = Field((1.0, 2.0), description="alarms in ten minutes, mean")
    per_hour: Pair = Field((6.0, 12.0), description="alarms in an hour, mean")
    per_day: Pair = Field(
        (144.0, 288.0), description="alarms a day (IEC 62682:2014; ISA-18.2-2009 has 150 and 300, 2016 none)"
    )
    hour_raises: int = Field(30, ge=1, description="an hour with more alarms than this is too full")
    hours_over: float = Field(0.01, ge=0, description="share of hours that may be too full")
    bin_raises: int = Field(10, ge=1, description="ten minutes with more alarms than this are too full")
    bins_over: float = Field(0.01, ge=0, description="share of ten minutes that may be too full")
    bin_max: int = Field(10, ge=0, description="most alarms in any ten minutes")
    flood_start: int = Field(10, ge=2, description="raises in ten minutes at which a flood starts")
    flood_end: int = Field(5, ge=1, description="raises in ten minutes below which it ends")
    in_flood: float = Field(0.01, ge=0, description="share of the time that may be flood")
    top_share: Pair = Field((0.01, 0.05), description="share of the ten most frequent in all alarms")
    chatter_raises: int = Field(3, ge=2, description="raises of one series that are chattering")
    chatter_s: float = Field(60.0, gt=0, description="if they come within this time")
    chattering: int = Field(0, ge=0, description="series that may chatter")
    fleeting_s: float = Field(10.0, gt=0, description="an alarm that clears alone within this is fleeting")
    fleeting: int = Field(0, ge=0, description="alarms that may be fleeting")
    stale_h: float = Field(24.0, gt=0, description="hours after which an active alarm is stale")
    stale: int = Field(4, ge=0, description="alarms that may be stale on any one day")
    mix: tuple[float, float, float] = Field(
        (0.8, 0.15, 0.05), description="shares of low (at least), medium and high priority (at most)"
    )
    unauthorised: int = Field(0, ge=0, description="silences without a person or rule, or without a reason")
    days_min: float = Field(30.0, gt=0, description="days that the standards ask for; less is said")
    days_max: float = Field(93.0, gt=0, le=400, description="longest span of one answer: bounds its bins")
    edges_max: int = Field(500_000, ge=1, description="edges read for one answer: bounds memory and time")

    @model_validator(mode="after")
    def _ends_below_its_start(self) -> Self:
        if self.flood_end > self.flood_start:
            raise ValueError("flood_end is above flood_start")
        return self


class Limits(Section):
    """Every limit of the room with its reason."""

    frame_bytes_max: int = Field(1 << 20, description="one frame of a sender: bounds memory a connection")
    frame_bytes_max_screen: int = Field(
        64 << 10, description="one frame before login or from a screen: they have nothing long to say"
    )
    body_bytes_max: int = Field(
        8 << 20, description="one request of a door, packed or unpacked: bounds memory and one step of work"
    )
    inflight_bytes: int = Field(
        64 << 20,
        description="frames accepted and not yet durable, all connections: bounds memory of the room",
    )
    disk_free_least: int = Field(1 << 30, description="free space below which the top unit is alerted")
    credit_bytes: int = Field(256 << 10, description="share of one full-form connection of the above")
    malformed_frames_max: int = Field(
        10, description="malformed frames after which a connection is closed: a broken sender"
    )
    nesting_max: int = Field(
        16, description="depth of arrays and objects in a frame: bounds the parser's stack"
    )
    batch_readings_max: int = Field(65_536, description="readings in one batch: bounds one step of detection")
    series_per_source: int = Field(
        1_000, description="unknown series a source may bring: a typing loop must not flood the tree"
    )
    sources_per_unit: int = Field(
        10_000, ge=1, description="names of senders of one unit: the numbers of each are kept for ever"
    )
    connections_max: int = Field(2_000, description="open WebSockets: bounds file descriptors")
    hello_s: float = Field(10.0, description="time to say who you are: half-open connections hold nothing")
    ping_s: float = Field(5.0, description="keep-alive interval; a silent peer is found within four of them")
    log_lag_s: float = Field(
        0.5, description="how far behind its log the room may be before credit is withheld"
    )
    viewer_stalled_s: float = Field(30.0, description="a screen that reads nothing is closed with 1013")
    journal_page: int = Field(1_000, description="rows in one answer: bounds one query")
    note_chars: int = Field(2_000, description="length of a note: it is shown on a card")
    shelve_s_max: float = Field(
        28_800.0, gt=0, description="longest shelving: one shift, or nobody on duty knows of it"
    )
    audit_s_max: float = Field(
        28_800.0, gt=0, description="longest audit of a unit below: one shift, then it is declared anew"
    )
    drill_s_max: float = Field(28_800.0, gt=0, description="longest exercise: one shift, then it ends")
    recovery_s_min: float = Field(
        1.0, gt=0, description="shortest recovery time two councils may agree: nobody looks sooner"
    )
    recovery_s_max: float = Field(
        2_678_400.0, gt=0, description="longest: a month, or the level above would never hear of it"
    )
    backtest_readings: int = Field(
        5_000_000, ge=1, description="readings played for one preview of a rule: bounds its time"
    )
    acknowledge_max: int = Field(1_000, description="alerts acted on in one request: bounds one answer")
    reorder_readings: int = Field(
        2_000_000,
        ge=0,
        description="readings waiting for watermarks, all sources: bounds memory; then the oldest go early",
    )
    login_per_minute: int = Field(10, description="password tries an address and minute: guessing is slow")
    sessions_hours: float = Field(12.0, description="life of a signed-in session: one shift")
    kiosk_code_s: float = Field(900.0, gt=0, description="life of a wall screen's one-time code")
    kiosk_days_max: float = Field(366.0, gt=0, description="longest life of a wall screen")


class Settings(BaseSettings):
    """The whole; see docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="OPSROOM_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    server: Server = Server()
    store: StoreSection = StoreSection()
    log: LogSection = LogSection()
    room: RoomSection = RoomSection()
    replay: ReplaySection = ReplaySection()
    figures: FiguresSection = FiguresSection()
    limits: Limits = Limits()
    notify: NotifySection = NotifySection()
    doors: DoorsSection = DoorsSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, file (given as init values) second."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load_settings(file: Path | None = None) -> Settings:
    """Read `file` (TOML; absent means defaults) and the environment.

    Raises:
        SettingsError: the file cannot be read or is not TOML, or a key is unknown or wrong; `params` name
            file, line and key.
    """
    try:
        text = file.read_text(encoding="utf-8") if file is not None and file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}", remedy=REMEDY, file=str(file)) from error
    where = str(file) if text else "environment"
    refuse_strays(os.environ, Settings.model_fields)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = getattr(error, "lineno", None) or _line_of_message(str(error))
        raise SettingsError(
            f"{where}:{line}: not TOML: {error}", remedy="Mend that line.", file=where, line=line
        ) from error
    try:
        return Settings(**tables)
    except UnreadableError as error:
        raise not_json(error, os.environ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        line = line_of_key(text, key.split("."))
        raise SettingsError(
            f"{where}:{line}: {key}: {first['msg']}",
            remedy=REMEDY,
            file=where,
            line=line,
            key=key,
        ) from error


def line_of_key(text: str, path: list[str]) -> int:
    """Find the line (from 1) on which the key at `path` (table names, then key) stands in TOML `text`.

    1 where it does not.
    """
    table, best = "", 1
    wanted_table, wanted = ".".join(path[:-1]), path[-1]
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("["):
            table = line.strip("[] ")
            if table == ".".join(path) or table == wanted_table:
                best = number
        elif line.split("=", 1)[0].strip().strip('"') == wanted and table == wanted_table:
            return number
    return best


def _line_of_message(message: str) -> int:
    """Read the line number that tomllib puts in its message (Python 3.11 keeps it nowhere else)."""
    _, _, tail = message.partition("line ")
    digits = "".join(ch for ch in tail.split(",", 1)[0] if ch.isdigit())
    return int(digits) if digits else 1


def file_of(url: str) -> Path | None:
    """Give the file that an SQLite URL names, None for other engines."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme.startswith("sqlite") and path else None


def data_folder(settings: Settings) -> Path:
    """Give the folder of the log: what belongs to the room and to no person's file goes beside it."""
    file = file_of(settings.log.url)
    return file.parent if file is not None else Path()
