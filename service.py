"""``uvicorn service:app``: hands on the HTTP application."""

from matcher.api.app import app

__all__ = ["app"]
