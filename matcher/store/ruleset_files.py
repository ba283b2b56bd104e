"""Copies of rulesets in the database (数据库里的规则副本), beside those in the home, so that another machine can make the same runs again.

A file that several rulesets share is there once. Every ruleset that is there belongs to a run or a version, and neither is ever deleted, so
nothing is cleared here.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping

from sqlalchemy import insert, select

from matcher.errors import StoreError
from matcher.rules.kept import content_digest
from matcher.store.database import Store
from matcher.store.tables import rule_files, ruleset_files


def store_ruleset(store: Store, content: Mapping[str, bytes]) -> str:
    """Keeps the files of a ruleset (存规则副本), and returns its digest; one that is there stays as it is.

    Args:
        store: The database.
        content: As ``Zone.content``.

    Raises:
        StoreError: The database cannot be written.
    """
    digest = content_digest(content)
    files = {name: hashlib.sha256(raw).hexdigest() for name, raw in content.items()}
    there = select(ruleset_files.c.name).where(ruleset_files.c.ruleset == digest).limit(1)
    with store.reading() as connection:
        if connection.execute(there).first():
            return digest
    with store.writing() as connection:
        if connection.execute(there).first():
            return digest
        known = set(connection.execute(select(rule_files.c.digest).where(rule_files.c.digest.in_(set(files.values())))).scalars())
        new = {file: content[name] for name, file in files.items() if file not in known}
        if new:
            made = [{"digest": file, "content": zlib.compress(raw, 9)} for file, raw in new.items()]
            connection.execute(insert(rule_files), made)
        connection.execute(insert(ruleset_files), [{"ruleset": digest, "name": name, "file": file} for name, file in files.items()])
    return digest


def stored_ruleset(store: Store, digest: str) -> dict[str, bytes]:
    """The files of a ruleset (取规则副本); empty if it is not there.

    Raises:
        StoreError: The database cannot be read, or what it holds is not that ruleset.
    """
    wanted = (
        select(ruleset_files.c.name, rule_files.c.content)
        .join(rule_files, rule_files.c.digest == ruleset_files.c.file)
        .where(ruleset_files.c.ruleset == digest)
        .order_by(ruleset_files.c.name)
    )
    with store.reading() as connection:
        rows = connection.execute(wanted).all()
    if not rows:
        return {}
    try:
        content = {str(name): zlib.decompress(packed) for name, packed in rows}
    except zlib.error:
        content = {}
    if not content or content_digest(content) != digest:
        raise StoreError(store.name, f"库里的规则副本 {digest[:12]} 损坏，请从备份恢复数据库")
    return content


def stored_digests(store: Store, beginning: str) -> list[str]:
    """Digests of the rulesets that begin so (按摘要的开头查规则副本)."""
    alike = select(ruleset_files.c.ruleset).distinct().where(ruleset_files.c.ruleset.startswith(beginning))
    with store.reading() as connection:
        return sorted(connection.execute(alike).scalars())
