"""Which operation a request is for (所问的操作), known before anything of its body is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Scope

_CONVERTER = re.compile(r"(?<=\w):\w+(?=})")  # {book:book} is called {book}
FOUND = "lianzhao.found"
"""Where the request's scope keeps what was found (查得的操作)."""


@dataclass(frozen=True)
class Found:
    """An operation (查得的操作).

    Attributes:
        id: Its operation id.
        template: Its path, with names in place of values.
        zone: The zone that the path names, if it names one.
    """

    id: str
    template: str
    zone: str | None = None


@dataclass(frozen=True)
class _Way:
    id: str
    template: str
    methods: frozenset[str] | None  # None: all, as a mounted application has it
    path: re.Pattern[str] = field(repr=False)


class Operations:
    """All operations of an application (全部操作), in the order in which it looks for them itself."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._ways: list[_Way] | None = None

    @property
    def ways(self) -> list[tuple[str, str, frozenset[str] | None]]:
        """Id, path and methods of each (操作清单)."""
        return [(way.id, way.template, way.methods) for way in self._known()]

    def find(self, scope: Scope) -> Found | None:
        """The operation that a request is for; None if there is none (查操作)."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        for way in self._known():
            if way.methods is None or scope["method"] in way.methods:
                match = way.path.match(path)
                if match:
                    return Found(way.id, way.template, match.groupdict().get("zone"))
        return None

    def _known(self) -> list[_Way]:
        if self._ways is None:
            self._ways = [
                _Way(
                    getattr(one, "operation_id", None) or str(one.name),
                    _CONVERTER.sub("", str(one.path)),
                    frozenset(one.methods) if one.methods else None,
                    one.path_regex,
                )
                for one in iter_route_contexts(self._app.routes)
            ]
        return self._ways
