"""One way to run property tests: no deadline, no complaint about a slow machine, more cases with --long."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("default-here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=1000)
settings.load_profile("long" if os.environ.get("CARBONLEDGER_LONG") else "default-here")
