"""What a request works on (服务状态): the companies and the rules that it found when it came, and holds to its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from matcher.api.problems import RefusedError
from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import RequestError
from matcher.intake import Companies, Intake, read_files
from matcher.matching.name_files import index_of
from matcher.matching.name_index import NameIndex
from matcher.matching.profiles import ProfileReader, Profiles
from matcher.snapshot import ProfileCache, Snapshot, open_profiles
from matcher.snapshot.cards import card
from matcher.storage import TextColumn

_BY_NAME = "name:"


@dataclass(frozen=True)
class Base:
    """The companies (企业库): of the current snapshot, or of the bundled sample where none was built.

    Attributes:
        version: Of the snapshot, or digest of the sample.
        index: Of the names.
    """

    version: str
    intake: Intake
    snapshot: Snapshot | None
    index: NameIndex

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot) -> Base:
        """The companies of a snapshot (快照的企业); all that requests may read is mapped now, whatever is pruned later."""
        return cls(snapshot.version, snapshot.intake(), snapshot, snapshot.names)

    @classmethod
    def of_sample(cls, corpora: Corpora) -> Base:
        """The bundled companies (随附样例)."""
        intake = read_files([corpora.sample], corpora)
        text = intake.companies.text
        return cls(intake.digest, intake, None, index_of(text["name"], text["former_names"]))

    def __len__(self) -> int:
        return len(self.intake.companies)

    @property
    def companies(self) -> Companies:
        """In columns (企业列)."""
        return self.intake.companies

    @cached_property
    def _codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Hashes of the codes, ascending, and whose they are."""
        codes = self.companies.text["uscc"]
        hashes = np.fromiter(map(hash, codes), dtype=np.int64, count=len(codes))
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order

    def with_code(self, code: str) -> int:
        """The company of a code (按代码查企业).

        Raises:
            RequestError: There is none.
        """
        wanted = code.strip().upper()
        hashes, order = self._codes
        begin, end = (int(np.searchsorted(hashes, hash(wanted), side=side)) for side in ("left", "right"))
        codes = self.companies.text["uscc"]
        for place in order[begin:end].tolist() if wanted else ():
            if codes[place] == wanted:
                return int(place)
        raise RequestError("企业", code, hint=f"企业库 {self.version[:12]} 有 {len(self):,} 家")

    def id_of(self, place: int) -> str:
        """What a company is known by (企业标识): its code, else its name."""
        text = self.companies.text
        return text["uscc"][place] or _BY_NAME + text["name"][place]

    def with_id(self, id_: str) -> int | None:
        """The company that is known by an id (按标识查企业), None if there is none."""
        if id_.startswith(_BY_NAME):
            former = self.index.former
            found = self.index.exact(id_.removeprefix(_BY_NAME))
            return next((one if one < len(self) else int(former[one - len(self)]) for one in found), None)
        try:
            return self.with_code(id_)
        except RequestError:
            return None

    def beginning(self, start: str, most: int) -> list[int]:
        """The first companies whose names begin so (名称以此开头的)."""
        names = self.companies.text["name"]
        if isinstance(names, TextColumn):
            return names.beginning(start, most)
        return [place for place, name in enumerate(names) if name.startswith(start)][:most]

    def card(self, place: int) -> dict[str, Any]:
        """All that is known of a company (企业档案)."""
        return card(self.snapshot or self.intake, place)

    def ready(self) -> Base:
        """This base once codes can be found without delay (备好)."""
        assert len(self._codes) == 2
        return self


@dataclass(frozen=True)
class State:
    """One state of the service (服务状态); a swap makes another and leaves this one as it is.

    Attributes:
        number: Counts the states of this process from 1.
        base: The companies; None if there is a snapshot that could not be opened, and no earlier one.
        engines: Zone → engine over its rules folder.
        broken: Zone → why its rules could not be read, where there are no earlier ones.
    """

    number: int
    opened_at: datetime
    home: Path
    base: Base | None
    engines: Mapping[str, Engine]
    broken: Mapping[str, str]
    _known: WeakKeyDictionary[ProfileReader, ProfileCache | Profiles | None] = field(default_factory=WeakKeyDictionary)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def engine(self, zone: str) -> Engine:
        """The engine of a zone (园区的引擎).

        Raises:
            RequestError: There is no such zone.
            RefusedError: Its rules hold mistakes.
        """
        if zone in self.broken:
            raise RefusedError("not-ready", f"园区 {zone} 的规则有误，等改好：{self.broken[zone]}")
        if zone not in self.engines:
            raise RequestError("园区", zone, self.engines)
        return self.engines[zone]

    def companies(self) -> Base:
        """The companies (企业库).

        Raises:
            RefusedError: There are none to work with.
        """
        if self.base is None:
            raise RefusedError("not-ready", "快照打不开，见 /readyz；修好或重新构建后会自动换上")
        return self.base

    def known(self, engine: Engine) -> ProfileCache | Profiles | None:
        """What the companies' texts say by an engine's words (已读的文本), None where a snapshot's must be read for each list."""
        base = self.companies()
        with self._lock:
            if engine.reader not in self._known:
                if base.snapshot is None:
                    self._known[engine.reader] = engine.reader.read(base.companies, 1)
                else:
                    self._known[engine.reader] = open_profiles(self.home, base.snapshot, engine.reader)
            return self._known[engine.reader]
