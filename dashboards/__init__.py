"""What is seen: the Dash application, its frame, theme and assets.

`mount(api)` is the whole public surface. Dash renders the empty frame once; everything that moves comes over
the live feed into the scripts under `assets/`, which own their nodes: no callback ever writes to them, and no
callback acts.
"""

from __future__ import annotations

from dashboards.frame import index_string, layout
from dashboards.page import content_security_policy, mount

__all__ = ["content_security_policy", "index_string", "layout", "mount"]
