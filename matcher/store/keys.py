"""API keys (接口密钥): who may ask the service for what. A key is shown once, when it is made; only its SHA-256 is kept.

A key reads ``lz_<id>_<secret>``. The id is public and finds the row; the secret is 256 random bits, so a fast hash is enough: there is
nothing to guess (``docs/decisions/0017-keys-roles-and-limits.md``). What a key may do is its role, cut down by its zones and scopes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from matcher.errors import OptionError, RequestError
from matcher.store.audit import Entry, record
from matcher.store.database import Store
from matcher.store.rulesets import one_line
from matcher.store.tables import api_keys

ROLES = {"planner": "招商人员", "analyst": "规则分析员", "tracker": "跟踪系统", "admin": "管理员"}
"""Role → what it is called (角色)."""
SCOPES = {
    "read": "园区、产业链、规则、企业", "rank": "排序与缺口", "score": "评分", "resolve": "企业归一与对照", "runs": "批次",
    "trips": "行程", "ledger": "台账与通报", "admin": "审计与指标",
}  # fmt: skip
"""Scope → what it opens (范围)."""
_KEY = re.compile(r"lz_([a-z2-7]{12})_[a-z2-7]{52}", re.ASCII)
_LONGEST_NAME = 60
_LONGEST_LIFE = timedelta(days=36525)
MOST_PER_MINUTE = 1_000_000
"""Requests in a minute that a key may be given (最高频率)."""
MOST_BODY = 1 << 30
"""Bytes of a body that a key may be given (最大请求体); the service holds so much only as far as its settings go."""
_SPARSE = timedelta(hours=1)
_NOBODY = "0" * 64  # a hash that no key has


class Standing(Enum):
    """Whether a key counts (密钥状态)."""

    LIVE = "有效"
    EXPIRED = "已过期"
    REVOKED = "已撤销"
    UNKNOWN = "不认识"


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret (密钥).

    Attributes:
        id: The public beginning.
        zones: Whose rules and companies it may ask for; None is all.
        scopes: What of its role it may do; None is all.
        group: The recruitment group whose rows of the ledgers are its own.
        leader: Whether it reads all rows of the ledgers.
        per_minute: Requests in a minute; 0 is no limit, None as the service says.
        body: Most bytes of a request's body; None as the service says.
    """

    id: str
    name: str
    role: str
    zones: tuple[str, ...] | None
    scopes: tuple[str, ...] | None
    group: str | None
    leader: bool
    per_minute: int | None
    body: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None

    def standing(self, now: datetime) -> Standing:
        """Whether it counts at a moment (是否有效)."""
        if self.revoked_at is not None:
            return Standing.REVOKED
        return Standing.EXPIRED if self.expires_at is not None and now >= self.expires_at else Standing.LIVE


@dataclass(frozen=True)
class KeptKey:
    """A key as it is kept, with the hash that proves the secret (留存的密钥)."""

    key: ApiKey
    hash: str


@dataclass(frozen=True)
class Wanted:
    """What a new key is to be (新密钥的内容); ``None`` is no limit of its own."""

    name: str
    role: str
    zones: Sequence[str] | None = None
    scopes: Sequence[str] | None = None
    group: str | None = None
    leader: bool = False
    per_minute: int | None = None
    body: int | None = None
    expires_at: datetime | None = None


def key_id(token: str) -> str | None:
    """The public beginning of what looks like a key (密钥编号); None if it does not."""
    found = _KEY.fullmatch(token)
    return found[1] if found else None


def create_key(store: Store, wanted: Wanted, *, by: str) -> tuple[str, ApiKey]:
    """Makes a key (新建密钥).

    Args:
        store: The database.
        wanted: What it is to be.
        by: Who makes it.

    Returns:
        The key itself, which nobody can be told again, and what is kept of it.

    Raises:
        OptionError: A name, role, scope or date is none.
        StoreError: The database cannot be written.
    """
    now = datetime.now(UTC)
    values = _checked(wanted, now)
    id_, secret = _letters(8)[:12], _letters(32)
    token = f"lz_{id_}_{secret}"
    values.update(id=id_, hash=_hash(token), created_at=now, created_by=by)
    with store.writing() as connection:
        connection.execute(insert(api_keys).values(values))
        record(connection, Entry(key=None, name=by, operation="create_key", status=201, request=id_))
        made = _found(connection, id_)
    assert made is not None
    return token, made.key


def list_keys(store: Store, *, revoked: bool = False) -> list[ApiKey]:
    """Keys, the oldest first (列出密钥); ``revoked`` with those that were revoked."""
    wanted = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
    if not revoked:
        wanted = wanted.where(api_keys.c.revoked_at.is_(None))
    with store.reading() as connection:
        return [_kept(row).key for row in connection.execute(wanted)]


def revoke_key(store: Store, id_: str, *, by: str) -> tuple[ApiKey, bool]:
    """Makes a key void (撤销密钥); it stays in the list of all.

    Returns:
        The key, and whether it was not revoked before.

    Raises:
        RequestError: There is no such key.
        StoreError: The database cannot be written.
    """
    wanted = _id_of(id_)
    standing = (api_keys.c.id == wanted) & api_keys.c.revoked_at.is_(None)
    with store.writing() as connection:
        changed = bool(
            connection.execute(update(api_keys).where(standing).values(revoked_at=datetime.now(UTC), revoked_by=by)).rowcount
        )
        found = _found(connection, wanted)
        if found is None:
            raise RequestError("密钥", wanted, connection.execute(select(api_keys.c.id)).scalars())
        if changed:
            record(connection, Entry(key=None, name=by, operation="revoke_key", status=200, request=wanted))
    return found.key, changed


def limit_key(store: Store, id_: str, limits: Mapping[str, int | None], *, by: str) -> ApiKey:
    """Gives a key other limits (改密钥的限额); they hold everywhere within a second.

    Args:
        store: The database.
        id_: The key.
        limits: ``per_minute`` and ``body``, those that change; None is as the service says.
        by: Who changes them.

    Returns:
        The key as it is now.

    Raises:
        OptionError: A limit is out of bounds, or the key is revoked.
        RequestError: There is no such key.
        StoreError: The database cannot be written.
    """
    values = {name: limits[name] for name in ("per_minute", "body") if name in limits}
    _check_limits(values.get("per_minute"), values.get("body"))
    if not values:
        raise OptionError("请写 --rate 或 --body，要改成多少")
    wanted = _id_of(id_)
    with store.writing() as connection:
        before = _found(connection, wanted)
        if before is None:
            raise RequestError("密钥", wanted, connection.execute(select(api_keys.c.id)).scalars())
        if before.key.revoked_at is not None:
            raise OptionError(f"密钥 {wanted} 已撤销，不能改限额")
        connection.execute(update(api_keys).where(api_keys.c.id == wanted).values(values))
        record(connection, Entry(key=None, name=by, operation="limit_key", status=200, request=wanted))
        after = _found(connection, wanted)
    assert after is not None
    return after.key


def find_key(store: Store, id_: str) -> KeptKey | None:
    """What is kept of a key (查密钥); None if there is none."""
    with store.reading() as connection:
        return _found(connection, id_)


def proves(token: str, kept: KeptKey | None) -> bool:
    """Whether a key is the kept one (核对密钥), in a time that does not depend on how much of it is right, or on whether there is one."""
    same = hmac.compare_digest(_hash(token), kept.hash if kept else _NOBODY)
    return same and kept is not None


def live_keys(store: Store) -> int:
    """How many keys count now (有效密钥数)."""
    in_time = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > datetime.now(UTC))
    with store.reading() as connection:
        counted = select(func.count()).select_from(api_keys).where(api_keys.c.revoked_at.is_(None) & in_time)
        return int(connection.execute(counted).scalar_one())


def used_long_ago(key: ApiKey, now: datetime) -> bool:
    """Whether its last use should be written again (是否该记使用时间)."""
    return key.last_used_at is None or now - key.last_used_at >= _SPARSE


def note_use(store: Store, id_: str, now: datetime) -> None:
    """Writes the time of the last use (记使用时间), unless another process just did."""
    old = api_keys.c.last_used_at.is_(None) | (api_keys.c.last_used_at <= now - _SPARSE)
    with store.writing() as connection:
        connection.execute(update(api_keys).where((api_keys.c.id == id_) & old).values(last_used_at=now))


def _checked(wanted: Wanted, now: datetime) -> dict[str, Any]:
    name = one_line(wanted.name)
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise OptionError(f"--name 应为 1 到 {_LONGEST_NAME} 个字：谁用这把密钥")
    if wanted.role not in ROLES:
        raise RequestError("角色", wanted.role, ROLES)
    for scope in wanted.scopes or ():
        if scope not in SCOPES:
            raise RequestError("范围", scope, SCOPES)
    if wanted.expires_at is not None and not now < wanted.expires_at <= now + _LONGEST_LIFE:
        raise OptionError("密钥的到期时间应在今天以后、一百年以内")
    _check_limits(wanted.per_minute, wanted.body)
    return {
        "name": name, "role": wanted.role, "group": wanted.group, "leader": wanted.leader, "expires_at": wanted.expires_at,
        "per_minute": wanted.per_minute, "body": wanted.body,
        "zones": sorted(set(wanted.zones)) if wanted.zones else None,
        "scopes": sorted(set(wanted.scopes)) if wanted.scopes else None,
    }  # fmt: skip


def _check_limits(per_minute: int | None, body: int | None) -> None:
    if per_minute is not None and not 0 <= per_minute <= MOST_PER_MINUTE:
        raise OptionError(f"--rate 应为 0（不限）到 {MOST_PER_MINUTE:,} 的整数：每分钟的请求数")
    if body is not None and not 1 <= body <= MOST_BODY:
        raise OptionError(f"--body 应为 1 到 {MOST_BODY:,} 的整数：请求体的字节数")


def _id_of(given: str) -> str:
    """The id in what somebody typed; a whole key names its id too."""
    return given.strip().removeprefix("lz_").partition("_")[0]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _letters(count: int) -> str:
    """Random bytes in small letters and digits that survive being read aloud."""
    return base64.b32encode(secrets.token_bytes(count)).decode().rstrip("=").lower()


def _found(connection: Connection, id_: str) -> KeptKey | None:
    row = connection.execute(select(api_keys).where(api_keys.c.id == id_)).first()
    return _kept(row) if row else None


def _kept(row: Row[Any]) -> KeptKey:
    told = dict(row._mapping)
    hash_ = told.pop("hash")
    for several in ("zones", "scopes"):
        told[several] = None if told[several] is None else tuple(told[several])
    return KeptKey(ApiKey(**told), hash_)
