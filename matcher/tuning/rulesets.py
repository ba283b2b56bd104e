"""Which ruleset a word means (规则集的叫法): the one place that knows the words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.errors import OptionError, RequestError, RulesetError
from matcher.locate import folder, home
from matcher.rules import zone_ids
from matcher.rules.kept import content_digest, folder_content, keep, keeping, kept_digests, open_kept

if TYPE_CHECKING:
    from matcher.store.database import Store
    from matcher.store.rulesets import RulesetVersion

DRAFT = "draft"
"""The rules folder as it is now (草稿)."""
PUBLISHED = "published"
"""The newest version that is not retired (现行版本)."""
_NUMBER = re.compile(r"[0-9]{1,6}")
_BEGINNING = re.compile(r"[0-9a-f]{8,64}")
_MOST_TOLD = 5


@dataclass(frozen=True)
class NamedRules:
    """The rules that a word means (所指的规则).

    Attributes:
        folder: Of the zone.
        version: The published version, where the word means one.
    """

    folder: Path
    version: RulesetVersion | None = None


def needs_store(word: str) -> bool:
    """Whether the database must be asked what a word means (要不要查数据库)."""
    return word == PUBLISHED or _NUMBER.fullmatch(word) is not None


def named_rules(
    word: str,
    zone: str,
    rules: str | Path | None = None,
    *,
    root: Path | None = None,
    store: Store | None = None,
    stored: bool = True,
) -> NamedRules:
    """The zone's folder that a word means (所指的规则): that of a kept copy is checked byte by byte.

    Args:
        word: ``draft``; ``published``; the number of a version; the first 8 or more digits of a kept copy's digest; or a path, of the
            zone's folder or of the rules folder that holds it.
        zone: Id of the zone.
        rules: The rules folder in use; found by ``locate.folder`` if None.
        root: ``LIANZHAO_HOME``; by default that of the environment.
        store: The database; by default that of the environment is opened.
        stored: Look for copies in the database too.

    Raises:
        OptionError: The word means nothing.
        RequestError: There is no such version or zone.
        RulesetError: Its copy is missing or damaged.
        StoreError: The database cannot be read.
    """
    root = root or home()
    if word == DRAFT:
        return NamedRules(folder("rules", rules) / zone)
    if needs_store(word):
        version = _version(word, zone, rules, store)
        return NamedRules(kept_or_draft(version.digest, zone, rules, root=root, store=store), version)
    if _BEGINNING.fullmatch(word) and (found := _digests(word, root, store, stored=stored)):
        if len(found) > 1:
            raise OptionError(
                f"有几份规则副本的摘要以 {word} 开头，请多写几位：{'、'.join(one[:24] for one in found[:_MOST_TOLD])}"
            )
        return NamedRules(copy_of(found[0], root=root, store=store, stored=stored))
    for path in (Path(word), Path(word) / zone):
        if (path / "zone.yaml").is_file():
            kept = path.resolve()
            is_kept = kept.parent == (root / "rulesets").resolve()
            return NamedRules(copy_of(kept.name, root=root, store=store, stored=stored) if is_kept else path)
    known = f"{DRAFT}（现在的规则目录）、{PUBLISHED}（现行版本）、版本号、规则副本的摘要，或园区的规则目录（其中有 zone.yaml）"
    raise OptionError(f"没有这套规则：{word[:80]}，应为 {known}")


def _digests(beginning: str, root: Path, store: Store | None, *, stored: bool) -> list[str]:
    """Copies in the home that begin so, and where there is none those in the database."""
    from matcher.store.database import open_store, store_exists
    from matcher.store.ruleset_files import stored_digests

    there = [digest for digest in kept_digests(root) if digest.startswith(beginning)]
    if there or not stored or (store is None and not store_exists()):
        return there
    if store is not None:
        return stored_digests(store, beginning)
    with open_store() as opened:
        return stored_digests(opened, beginning)


def copy_of(digest: str, *, root: Path | None = None, store: Store | None = None, stored: bool = True) -> Path:
    """The folder of a copy, checked byte by byte (规则副本); one that this machine lacks or has damaged comes from the database.

    Raises:
        RulesetError: It is missing or damaged, and the database has none either.
        StoreError: The database cannot be read.
    """
    from matcher.store.database import open_store, store_exists
    from matcher.store.ruleset_files import stored_ruleset

    where = root or home()
    try:
        return open_kept(where, digest)
    except RulesetError:
        if not stored or (store is None and not store_exists()):
            raise
        if store is not None:
            content = stored_ruleset(store, digest)
        else:
            with open_store() as opened:
                content = stored_ruleset(opened, digest)
        if not content:
            raise
    with keeping(where):
        keep(where, content)
    return open_kept(where, digest)


def kept_or_draft(
    digest: str, zone: str, rules: str | Path | None = None, *, root: Path | None = None, store: Store | None = None
) -> Path:
    """The folder of a ruleset (按摘要找规则): its copy, or else the draft if that is still the same.

    Raises:
        RulesetError: The copy is missing or damaged, and the draft is another.
    """
    try:
        return copy_of(digest, root=root, store=store)
    except RulesetError:
        draft = folder("rules", rules) / zone
        if draft_digest(zone, rules) != digest:
            raise
        return draft


def draft_digest(zone: str, rules: str | Path | None = None) -> str:
    """The digest of the draft as it is now (草稿的摘要); empty if its files cannot be read."""
    content = folder_content(folder("rules", rules) / zone)
    return content_digest(content) if content else ""


def _version(word: str, zone: str, rules: str | Path | None, store: Store | None) -> RulesetVersion:
    from matcher.store.rulesets import newest, numbered

    there = published_versions(zone, rules, store)
    if not there:
        how = f"先用 lianzhao rules publish {zone} --by 姓名 --note 说明 发布"
        raise OptionError(f"没有规则版本 {word}：园区 {zone} 还没有发布过规则，{how}")
    if word != PUBLISHED:
        return numbered(there, int(word))
    version = newest(there)
    if version is None:
        raise OptionError(f"没有 {PUBLISHED}：园区 {zone} 的 {len(there)} 版规则都已停用，没有现行版本；可写版本号，或再发布一次")
    return version


def published_versions(zone: str, rules: str | Path | None = None, store: Store | None = None) -> list[RulesetVersion]:
    """All versions of a zone, the oldest first (已发布的规则版本); none if there is no database, and none is made to look.

    Args:
        zone: Id of the zone.
        rules: The rules folder in use, to tell a zone without versions from a slip of the pen.
        store: The database; by default that of the environment is opened, if there is one.

    Raises:
        RequestError: There is no version, and no such zone either.
        StoreError: The database cannot be read.
    """
    from matcher.store.database import open_store, store_exists
    from matcher.store.rulesets import versions

    there: list[RulesetVersion] = []
    if store is not None:
        there = versions(store, zone)
    elif store_exists():
        with open_store() as own:
            there = versions(own, zone)
    if not there and zone not in (known := zone_ids(rules)):
        raise RequestError("园区", zone, known)
    return there
