"""The hash of what is shipped moves with every constant; rows of `bench detect` have their shape."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest

from opsroom.bench.economy import detection_hash
from opsroom.detect.shipped import constants, settings_hash
from opsroom.settings import Settings


def test_the_hash_is_the_same_each_time() -> None:
    assert settings_hash() == settings_hash()
    assert len(settings_hash()) == 64


@pytest.mark.parametrize(
    "name", sorted(name for name, value in constants().items() if isinstance(value, str | int))
)
def test_the_hash_changes_with_any_constant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings_hash()
    module = importlib.import_module(f"opsroom.detect.{name.rpartition('.')[0]}")
    constant = name.rpartition(".")[2]
    value = getattr(module, constant)
    other: object
    if isinstance(value, str):
        other = value + "x"
    else:
        nearest = math.nextafter(value, math.inf if value == 0.0 else 0.0)
        other = nearest if isinstance(value, float) else value + 1
    monkeypatch.setattr(module, constant, other)
    assert settings_hash() != before


def test_the_hash_changes_with_a_figure_inside_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    from opsroom.detect import filter as naming

    before = settings_hash()
    other = naming.PROFILES["historical"].copy()
    other[0, 0] = np.nextafter(other[0, 0], 1.0)
    monkeypatch.setattr(naming, "PROFILES", {**naming.PROFILES, "historical": other})
    assert settings_hash() != before


def test_a_room_with_default_settings_has_the_hash_of_what_is_shipped() -> None:
    plain = Settings()
    assert detection_hash(plain) == settings_hash() == settings_hash(recovery_readings=2)
    room = plain.room.model_copy(update={"budget_per_week": 1.0})
    assert detection_hash(plain.model_copy(update={"room": room})) != settings_hash()


def test_a_setting_that_detection_has_not_is_refused() -> None:
    with pytest.raises(TypeError):
        settings_hash(colour=3.0)
