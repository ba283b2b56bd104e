"""One pass over the companies for many zones (一遍数据、多个园区): the jobs in their order, and the lists made of what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import functions as sql

from matcher.engine import Engine
from matcher.errors import ClusterError, InputError
from matcher.intake import Reject
from matcher.intake.companies import DAMAGED, files_digest
from matcher.intake.flaws import PERSON, are_persons
from matcher.parts import told_of
from matcher.runs import Request
from matcher.scoring.published import entries_digest
from matcher.snapshot.staging import LIKE_PERSON, ROUNDED
from matcher.spark import sources
from matcher.spark.best import Best, BestOfAll, CountBefore
from matcher.spark.fold import Fold
from matcher.spark.lists import ClusterList
from matcher.spark.package import Package, folder_for, pack, ship
from matcher.spark.place import Place
from matcher.spark.read import Facts, Read
from matcher.spark.rows import BEST, COUNTED, LISTED, MEMBERS, STAGED, columns_of, facts
from matcher.spark.session import prepare, told
from matcher.types import Ranking

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

PARTITION_ROWS = 20_000
"""Rows of a partition (每个分区的行数); they bound memory and nothing else."""
_Node = TypeVar("_Node", str, int)


@dataclass(frozen=True)
class Taken:
    """What became of the rows (接入结果): ``accepted + merged + rejected == read``.

    Attributes:
        files: As the user named them.
        notes, digest, undated: As in ``Intake``.
    """

    files: tuple[str, ...]
    digest: str
    read: int
    accepted: int
    merged: int
    rejected: int
    notes: Mapping[str, int]
    undated: int


def rank_zones(
    spark: SparkSession,
    files: Sequence[str],
    engines: Sequence[Engine],
    request: Request,
    *,
    dated: date | None = None,
    keep: Callable[[str, Iterator[Reject]], None] | None = None,
) -> tuple[list[Ranking], Taken]:
    """The lists of many zones in one pass over the companies (集群排名): what ``Engine.rank`` gives of the same files, to the byte.

    Args:
        spark: A session, see ``connected``.
        files: Parquet files, or folders of them, wherever the cluster finds them.
        engines: One a zone, over the same corpora.
        request: The same of every zone.
        dated: The day of the data, for rows that do not say.
        keep: Is given the digest of the files and their rejected rows, in order, if there are any.

    Raises:
        InputError: A file cannot be read.
        RequestError: The request names what a zone does not have.
        ClusterError: The cluster did not do its work; ``PackageError`` where the rules did not reach a worker whole.
    """
    for engine in engines:
        engine.check(request)
    if len({engine.zone.id for engine in engines}) < len(engines) or len({engine.corpora.digest for engine in engines}) != 1:
        raise ClusterError("一遍数据排几个园区，应各是一个园区，用同一份语料")
    prepare(spark)
    with told():
        package, path = pack(engines, folder_for(spark.sparkContext))
        ship(spark.sparkContext, package, path)
        return _Pass(spark, package, engines, request, dated).run(files, keep)


class _Pass:
    def __init__(
        self, spark: SparkSession, package: Package, engines: Sequence[Engine], request: Request, dated: date | None
    ) -> None:
        self.spark, self.package, self.engines, self.request, self.dated = spark, package, list(engines), request, dated
        self.kept: list[DataFrame] = []

    def run(self, paths: Sequence[str], keep: Callable[[str, Iterator[Reject]], None] | None) -> tuple[list[Ranking], Taken]:
        files = sources.look_over(self.spark, paths, self.engines[0].corpora)
        digest = files_digest([one.digest for one in files], self.dated)
        try:
            staged, blocks = self._staged(files)
            decided, counts = _decided(blocks, files)
            if keep and counts["rejected"]:
                keep(digest, _rejects(staged, files, decided))
            members, sums = self._members(staged, decided, counts["read"])
            accepted, rejected = sums["accepted"], counts["rejected"]
            merged = counts["read"] - rejected - accepted
            notes = _notes(blocks, decided, staged)
            names = tuple(one.file for one in files)
            taken = Taken(names, digest, counts["read"], accepted, merged, rejected, notes, sums["undated"])
            rankings = self._lists(staged, members, decided, sums, digest)
            sources.check_unchanged(self.spark, files)
        finally:
            for frame in self.kept:
                frame.unpersist()
        return rankings, taken

    def _keep(self, frame: DataFrame) -> DataFrame:
        """Kept on the workers' disks while the pass lasts: several jobs read it."""
        self.kept.append(frame.persist(StorageLevel.DISK_ONLY))
        return self.kept[-1]

    def _staged(self, files: list[sources.ClusterFile]) -> tuple[DataFrame, list[dict[str, Any]]]:
        """The rows, and what is to be known of each block; files with a pasted header of another order are read in theirs."""
        staged = self._keep(self._read(files, frozenset()))
        blocks = _facts(staged)
        foreign = frozenset(int(block["file"]) for block in blocks if block["foreign"])
        if foreign:
            staged.unpersist()
            staged = self._keep(self._read(files, foreign))
            blocks = _facts(staged)
        return staged, blocks

    def _read(self, files: list[sources.ClusterFile], in_order: frozenset[int]) -> DataFrame:
        parts = []
        for group in sources.groups(files):
            for numbers in ([n for n in group if n not in in_order], *([n] for n in group if n in in_order)):
                if not numbers:
                    continue
                first, alone = files[numbers[0]], numbers[0] in in_order
                rows = sources.frame(self.spark, [files[number] for number in numbers])
                if alone:
                    rows = rows.repartition(1).sortWithinPartitions("__row")
                where = sources.addresses(files, numbers)
                parts.append(rows.mapInArrow(Read(self.package, where, first.header, first.damaged, self.dated, alone), STAGED))
        return reduce(lambda one, other: one.union(other), parts)

    def _members(self, staged: DataFrame, decided: Facts, read: int) -> tuple[DataFrame, dict[str, Any]]:
        """Who may be listed, and the sums of what the partitions tell."""
        self.partitions = max(-(-read // PARTITION_ROWS), self.spark.sparkContext.defaultParallelism)
        companies = staged.filter("key is not null").repartition(self.partitions, "key")
        members = self._keep(companies.mapInArrow(Place(self.package, self.request, decided), MEMBERS))
        zones = len(self.engines)
        found: dict[str, Any] = {"accepted": 0, "undated": 0, "considered": 0}
        found |= {"barred": [Counter() for _ in range(zones)], "lists": [set() for _ in range(zones)]}
        for one in _facts(members):
            for name in ("accepted", "undated", "considered"):
                found[name] += one.get(name, 0)
            for zone in range(zones):
                found["barred"][zone].update(dict(enumerate(one.get("barred", [[]] * zones)[zone])))
                found["lists"][zone].update(one.get("lists", [[]] * zones)[zone])
        return members.filter("fact is null"), found

    def _lists(self, staged: DataFrame, members: DataFrame, decided: Facts, sums: Mapping[str, Any], digest: str) -> list[Ranking]:
        listed = self._keep(self._folded(members))
        folded = np.sum([one["folded"] for one in _facts(listed)] or [[0] * 2 * len(self.engines)], axis=0)
        listed = listed.filter("fact is null")
        lists = self._ordered(listed)
        before = self._counted(listed, lists)
        wanted = sorted({at for one in lists for at in one.needed()})
        companies = self._fetched(staged, decided, wanted)
        rankings = []
        for zone, engine in enumerate(self.engines):
            on_chains, beside = lists[2 * zone : 2 * zone + 2]
            results, open_ = on_chains.lines(*companies, before.get(2 * zone, {}))
            opportunities, _ = beside.lines(*companies, {})
            read = frozenset(told_of(engine).lists[number] for number in sums["lists"][zone])
            barred = sums["barred"][zone]
            counts = np.array([barred[number] for number in range(len(engine.ruleset.vetoes))], dtype=np.int64)
            run = engine.manifest(digest, self.request, entries_digest(read))
            away = int(folded[2 * zone] + folded[2 * zone + 1])
            rankings.append(Ranking(run, results, sums["considered"], engine.vetoed(counts), away, opportunities, open_))
        return rankings

    def _folded(self, members: DataFrame) -> DataFrame:
        """Families folded: partitions by what all of a family share, where known groups join several of these."""
        pairs = members.filter("group > 0").select("group", "block").distinct().collect()
        roots = joined_blocks([(int(row["group"]), str(row["block"])) for row in pairs])
        if roots:
            table = self.spark.createDataFrame(sorted(roots.items()), "block string, root string")
            members = (
                members.join(sql.broadcast(table), "block", "left").withColumn("block", sql.coalesce("root", "block")).drop("root")
            )
        return members.repartition(self.partitions, "block").mapInArrow(Fold(self.package), LISTED)

    def _ordered(self, listed: DataFrame) -> list[ClusterList]:
        """Of each list the best of each segment, in the list's order."""
        lists = [ClusterList(engine, self.request, slot) for n, engine in enumerate(self.engines) for slot in (2 * n, 2 * n + 1)]
        depths = tuple(one.depth for one in lists)
        best = listed.mapInArrow(Best(len(lists), depths), BEST).repartition(self.partitions, "slot", "segment")
        rows: list[list[Row]] = [[] for _ in lists]
        for row in best.mapInArrow(BestOfAll(depths), BEST).collect():
            rows[row["slot"]].append(row)
        for one, mine in zip(lists, rows, strict=True):
            one.arrange(mine)
        return lists

    def _counted(self, listed: DataFrame, lists: Sequence[ClusterList]) -> dict[int, dict[int, int]]:
        """List → number of a company whose place is asked for → how many that were not kept stand before it."""
        asked = [one for one in lists if one.last and one.targets]
        if not asked:
            return {}
        factors = {one.slot: one.factors for one in asked}
        last, targets = {one.slot: one.last for one in asked}, {one.slot: one.targets for one in asked}
        count = CountBefore(len(lists), factors, last, targets)
        found: dict[int, dict[int, int]] = {}
        for row in listed.mapInArrow(count, COUNTED).groupBy("slot", "target").agg(sql.sum("count").alias("count")).collect():
            found.setdefault(row["slot"], {})[row["target"]] = int(row["count"])
        return found

    def _fetched(self, staged: DataFrame, decided: Facts, wanted: list[tuple[int, int]]) -> tuple[Any, dict[tuple[int, int], int]]:
        """The few companies that are told of, whole, and the place of each among them by its first row."""
        where = self.spark.createDataFrame(wanted, "file int, row int")
        rows = staged.filter("key is not null")
        codes = rows.join(sql.broadcast(where), ["file", "row"], "left_semi").select("key").distinct()
        found = [row.asDict() for row in rows.join(sql.broadcast(codes), "key", "left_semi").collect()]
        table = pa.Table.from_pylist(found, schema=pa.schema(list(columns_of(STAGED).items())))
        whole = decided.merged(table.sort_by([("file", "ascending"), ("row", "ascending")]))
        first = whole.first.tolist()
        return whole.companies, {(one >> 32, one & 0xFFFFFFFF): place for place, one in enumerate(first)}


def _facts(frame: DataFrame) -> list[dict[str, Any]]:
    return list(facts(frame.filter("fact is not null").select("fact").collect()))


def _decided(blocks: Sequence[Mapping[str, Any]], files: Sequence[sources.ClusterFile]) -> tuple[Facts, dict[str, int]]:
    """What all rows together decide, and how many were read and rejected."""
    total: Counter[str] = Counter()
    for block in blocks:
        total.update(
            {name: block[name] for name in ("read", "names", "short", "damaged", "damaged_persons", "rejected", "persons")}
        )
    if not total["read"]:
        raise InputError(files[0].file, "只有表头，没有企业")
    persons = are_persons(total["short"], total["names"])
    damaged = total["damaged"] + (0 if persons else total["damaged_persons"]) > 0
    return Facts(persons, damaged), {"read": total["read"], "rejected": total["rejected"] + (total["persons"] if persons else 0)}


def _notes(blocks: Sequence[Mapping[str, Any]], decided: Facts, staged: DataFrame) -> dict[str, int]:
    """Problem → count, of rows that were kept."""
    found: Counter[str] = Counter()
    for block in blocks:
        found.update(block["notes"])
        found.update({} if decided.persons else block["person_notes"])
    if decided.damaged:
        kept = staged.filter(f"key is not null and (flags & {ROUNDED}) > 0")
        found[DAMAGED] += (kept.filter(f"(flags & {LIKE_PERSON}) = 0") if decided.persons else kept).count()
    return dict(+found)


def _rejects(staged: DataFrame, files: Sequence[sources.ClusterFile], decided: Facts) -> Iterator[Reject]:
    """The rejected rows in order, a partition of them at a time."""
    lost = staged.filter("reason is not null").select("file", "row", "field", "reason")
    if decided.persons:
        mine = staged.filter(f"key is not null and (flags & {LIKE_PERSON}) > 0")
        lost = lost.union(mine.select("file", "row", sql.lit(PERSON[0]), sql.lit(PERSON[1])))
    for row in lost.orderBy("file", "row").toLocalIterator():
        yield Reject(row["file"], files[row["file"]].file, row["row"], row["field"], row["reason"])


def joined_blocks(pairs: Sequence[tuple[int, str]]) -> dict[str, str]:
    """Block → the least of all blocks that known groups join it with, of those that are joined (由知名集团连起来的块).

    Args:
        pairs: Known group and block of companies that bear its name.
    """
    leader: dict[str, str] = {}

    def find(block: str) -> str:
        while leader.setdefault(block, block) != block:
            block = leader[block]
        return block

    first: dict[int, str] = {}
    for group, block in sorted(pairs):
        one, other = sorted((find(first.setdefault(group, block)), find(block)))
        leader[other] = one
    return {block: find(block) for block in leader if find(block) != block}
