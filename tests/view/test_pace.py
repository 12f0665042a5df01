"""When a screen gets its next frame: news at once, bands and silence with the beat."""

import asyncio

import numpy as np

from tests.api.small_room import HEAT, START, SmallRoom
from tests.view.test_view import AT_MILL, next_frame, told


def test_a_frame_without_news_comes_every_second(slack: float) -> None:
    async def story(room: SmallRoom) -> None:
        subscription = room.view.subscribe(AT_MILL)
        subscription.snapshot()
        begun = asyncio.get_running_loop().time()
        frame = await next_frame(subscription)
        assert 0.9 < asyncio.get_running_loop().time() - begun < 1.5 * slack
        assert (frame["alerts"], frame["ended"], frame["values"]) == ([], [], {})
        assert frame["from"] == frame["to"]
        subscription.close()

    told(story)


def test_bands_alone_are_no_frame_of_their_own(slack: float) -> None:
    """They follow their values by a moment: a screen that got both apart would get twice the frames."""

    def bands(room: SmallRoom, low: float) -> None:
        room.view.bands(np.array([HEAT]), np.array([low]), np.array([low + 10.0]))

    async def story(room: SmallRoom) -> None:
        clock = asyncio.get_running_loop().time
        subscription = room.view.subscribe(AT_MILL)
        subscription.snapshot()
        begun = clock()
        bands(room, 15.0)
        assert (await next_frame(subscription))["values"][str(HEAT)][2:4] == [15.0, 25.0]
        assert clock() - begun > 0.9, "they ride with the beat"
        bands(room, 16.0)
        await asyncio.sleep(0.3)
        begun = clock()
        room.reading(HEAT, START, 20.0)
        bands(room, 17.0)
        assert (await next_frame(subscription))["values"][str(HEAT)][1:4] == [20.0, 17.0, 27.0]
        assert clock() - begun < 0.3 * slack, "or with the next value"
        subscription.close()

    told(story)
