"""For all tests: properties are checked, not the speed of the machine that checks them."""

from __future__ import annotations

import hypothesis

# A busy machine may take long for one example, and for making it.
hypothesis.settings.register_profile(
    "patient",
    hypothesis.settings(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("patient")
