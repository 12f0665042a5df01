"""Calendar and weather of the simulated economy: local time, holidays, temperature, wind, rain. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from opsroom.model import Micros

ZONE: Final = "America/Santiago"
HOLIDAYS: Final = frozenset({(1, 1), (5, 1), (5, 21), (9, 18), (9, 19), (10, 12), (11, 1), (12, 8), (12, 25)})
REGIONS: Final = ("north", "centre", "south")
SUNDAY: Final = 6
SATURDAY: Final = 5
RAMP_H: Final = 0.5
ROAD_NIGHT: Final = 0.3
ROAD_SUNDAY: Final = 0.6
MEMORY_H: Final = np.array([60.0, 14.0, 20.0])[:, None]
"""How long warmth, wind and rain stay as they are."""
WARMTH_C: Final = np.array([19.0, 15.0, 11.0])
WIND_MS: Final = np.array([6.5, 7.0, 8.0])
_ZONE: Final = ZoneInfo(ZONE)


class Moment(NamedTuple):
    """An instant as people live it: hour of the local day, day of the week (0 Monday), day of the year."""

    hour: float
    weekday: int
    yearday: int
    is_holiday: bool

    @property
    def rests(self) -> bool:
        """Tell whether it is a Sunday or a holiday."""
        return self.is_holiday or self.weekday == SUNDAY


class Weather(NamedTuple):
    """The weather of the three regions (3): degrees Celsius, m/s, mm/h."""

    temperature: np.ndarray
    wind: np.ndarray
    rain: np.ndarray


def moment(at: Micros) -> Moment:
    """Give the local moment of an instant (us UTC)."""
    local = datetime.fromtimestamp(at // MICROS_PER_S, UTC).astimezone(_ZONE)
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0
    return Moment(hour, local.weekday(), local.timetuple().tm_yday, (local.month, local.day) in HOLIDAYS)


def _open(hour: np.ndarray, begin: float, end: float) -> np.ndarray:
    """Give how far a shift from `begin` to `end` is under way: it starts and ends within half an hour."""
    begun = np.minimum(np.maximum((hour - begin) / RAMP_H, 0.0), 1.0)
    left: np.ndarray = begun * np.minimum(np.maximum((end - hour) / RAMP_H, 0.0), 1.0)
    return left


def working(shift: np.ndarray, offset_h: np.ndarray, at: Moment) -> np.ndarray:
    """Give the share of full work (E) that the shifts (int, E) run; `offset_h` (E) is who begins later."""
    hour = at.hour - offset_h
    two = np.zeros(len(shift)) if at.rests else _open(hour, 6.0, 22.0)
    day = np.zeros(len(shift)) if at.rests else _open(hour, 7.0, 13.0 if at.weekday == SATURDAY else 16.5)
    road = (ROAD_NIGHT + (1.0 - ROAD_NIGHT) * _open(hour, 5.0, 21.0)) * (ROAD_SUNDAY if at.rests else 1.0)
    share: np.ndarray = np.choose(shift, [np.ones(len(shift)), two, day, road])
    return share


WEEK_SHARE: Final = np.array(
    [
        1.0,
        6 * 15.5 / 168.0,
        (5 * 9.0 + 5.5) / 168.0,
        (6 + ROAD_SUNDAY) * (24.0 * ROAD_NIGHT + 15.5 * (1.0 - ROAD_NIGHT)) / 168.0,
    ]
)
"""The mean share of full work over an ordinary week, by shift; beginning and end count half."""


def shopping(at: Moment) -> float:
    """Give what households buy now, relative to the mean of the week: shops are open from 8 to 20."""
    open_share = float(_open(np.array([at.hour]), 8.0, 20.0)[0])
    return open_share * (1.15 if at.rests else 2.25)


def lighting(at: Moment) -> float:
    """Give what households draw from the grid, relative to the mean: least at four, most at nine at night."""
    evening = float(np.exp(-(((at.hour - 20.5) / 2.6) ** 2)))
    return 0.82 + 0.55 * evening + 0.18 * float(np.sin(np.pi * np.clip((at.hour - 6.0) / 12.0, 0.0, 1.0)))


def weather(state: np.ndarray, at: Moment) -> Weather:
    """Turn the state of the weather (3 quantities, 3 regions; standard normal) into what is measured."""
    season = float(np.cos(2.0 * np.pi * (at.yearday - 15) / 365.0))
    daily = float(np.cos(2.0 * np.pi * (at.hour - 15.0) / 24.0))
    breeze = 1.0 + 0.2 * float(np.cos(2.0 * np.pi * (at.hour - 17.0) / 24.0))
    return Weather(
        WARMTH_C + 6.0 * season + 5.0 * daily + 2.5 * state[0],
        WIND_MS * np.exp(0.38 * state[1] - 0.07) * breeze,
        1.2 * np.maximum(0.0, state[2] - 1.1),
    )
