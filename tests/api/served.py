"""The service as the load test runs it, over the folder that ``LIANZHAO_SERVED`` names: it looks for new companies all the time.

``python -m tests.api.served PORT`` serves it by the very server that users start, with two workers.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from matcher.api.app import create_app
from matcher.api.serving import Serving, serve
from matcher.api.settings import Settings
from tests.api.conftest import small


def settings() -> Settings:
    return replace(small(Path(os.environ["LIANZHAO_SERVED"])), look_every=0.05)


def create() -> FastAPI:
    return create_app(settings())


if __name__ == "__main__":
    served = Serving(port=int(sys.argv[1]), workers=2, application="tests.api.served:create")
    raise SystemExit(serve(served, settings(), print))
