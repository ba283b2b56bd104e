"""What the application holds (服务)."""

from __future__ import annotations

from fastapi import Request

from matcher.api.settings import Settings


class Service:
    """Settings, database and state of one application (服务)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def start(self) -> None:
        """Opens what requests need (启动)."""

    def close(self) -> None:
        """Gives it back (停止)."""


def service_of(request: Request) -> Service:
    """The service that a request came to (所属服务)."""
    found = request.app.state.service
    assert isinstance(found, Service)
    return found
