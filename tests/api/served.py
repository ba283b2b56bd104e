"""The application as the load test serves it, over the folder that ``LIANZHAO_SERVED`` names: it looks for new companies all the time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from matcher.api.app import create_app
from tests.api.conftest import small

app = create_app(replace(small(Path(os.environ["LIANZHAO_SERVED"])), look_every=0.05))
