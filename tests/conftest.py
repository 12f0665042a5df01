"""For all tests: properties are properties, and how long one takes says nothing of the code."""

from hypothesis import settings

settings.register_profile("room", deadline=None)
settings.load_profile("room")
