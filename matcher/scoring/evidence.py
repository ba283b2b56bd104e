"""Evidence (依据): the typed columns that rules may read, for pairs of a company and a segment.

A company that fits several segments has one row for each; one that fits none has a row with segment ``NO_SEGMENT``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matcher.corpora import GROUP_STATES, KINDS, MODES, Corpora
from matcher.intake import Companies
from matcher.intake.fields import UNKNOWN, UNKNOWN_DAY
from matcher.matching.profiles import Profiles, legal_forms, outlets
from matcher.matching.sparse_rows import cells_of
from matcher.places import short
from matcher.rules import Zone
from matcher.scoring.cells import YUAN_PER_WAN, age, filled, holds, lapsed, milli_log, of_cells, qualified, years_over
from matcher.scoring.published import ListReader, OnLists
from matcher.scoring.tracked import FIELDS as LEDGER_FIELDS
from matcher.scoring.tracked import LedgerReader, OnLedger
from matcher.scoring.values import Column, Field, Told
from matcher.text.names import name_reader
from matcher.text.normalise import normalise
from matcher.types import LedgerEntry, ListEntry

NO_SEGMENT = -1
"""Segment number of a company that fits none (不属于任何环节)."""
NEEDS = ("complement", "strengthen", "extend", "none")
POSITIONS = ("upstream", "midstream", "downstream", "none")
MATRICES: dict[str, tuple[str, int, type]] = {  # field → of Profiles, what stands for no segment, kind of number
    "affinity": ("affinity", 0, np.int64),
    "main_business": ("main", 0, np.int64),
    "breadth": ("breadth", 0, np.int64),
    "name_agrees": ("named", 0, np.bool_),
    "mode": ("mode", len(MODES), np.int8),
}
_TELLING = 4  # characters of a name that tell without 集团 behind them: 国药控股


def fields(chains: Sequence[str], corpora: Corpora) -> dict[str, Field]:
    """All fields that a zone's rules may read (可读字段): name → kind and Chinese label.

    Args:
        chains: Ids of the zone's chains.
        corpora: Marks, legal forms and qualifications.
    """
    return {
        "affinity": Field("number", "契合度（千分）"),
        "main_business": Field("number", "首要项目契合（千分）"),
        "name_agrees": Field("truth", "名称含行业词"),
        "mode": Field("text", "经营方式", (*MODES, "none")),
        "need": Field("text", "需求", NEEDS),
        "need_strength": Field("number", "需求强度（千分）"),
        "kind": Field("text", "环节类型", KINDS),
        "position": Field("text", "产业链位置", POSITIONS),
        "chain": Field("text", "产业链", (*chains, "none")),
        "needs_chemical_park": Field("truth", "须进化工园区"),
        "capital": Field("number", "注册资本（万元）"),
        "capital_log": Field("number", "按环节类型折算的注册资本（万元的常用对数，千分）"),
        "foreign_capital": Field("truth", "注册资本为外币"),
        "paid_capital": Field("number", "实缴资本（万元）"),
        "insured_count": Field("number", "参保人数"),
        "founded": Field("date", "成立日期"),
        "age_then": Field("number", "到资料日期的成立年数"),
        "legal_form": Field("text", "组织形式", legal_forms(corpora)),
        "outlet": Field("text", "分支网点", outlets(corpora)),
        "is_group": Field("truth", "集团或控股"),
        "is_arm": Field("truth", "名称像下属企业"),
        "decided_elsewhere": Field("truth", "名称属知名集团，总部在别的城市"),
        "place_named": Field("truth", "名称只有地名和行业，没有字号"),
        "approached": Field("truth", "园区正在对接"),
        "renowned": Field("truth", "公认的集团、品牌"),
        "group_state": Field("text", "公认的近况", GROUP_STATES),
        "wants_group": Field("truth", "环节要的是集团、品牌"),
        "individual": Field("truth", "个体工商户"),
        "listed": Field("truth", "上市"),
        "closed": Field("truth", "已停业"),
        "local": Field("truth", "已在本市"),
        "code_valid": Field("truth", "信用代码有效"),
        "permit_lapsed": Field("truth", "许可证有效期已过"),
        "permit_until": Field("date", "许可证有效期"),
        "permit_over": Field("number", "许可证到期已几年"),
        "breadth": Field("number", "与本产业链无关的经营项目数"),
        "marks": Field("list", "标记", tuple(mark.id for mark in corpora.marks)),
        "qualifications": Field("list", "资质名单", tuple(corpora.statuses["qualifications"])),
        **LEDGER_FIELDS,
    }


@dataclass(frozen=True)
class Evidence:
    """Pairs of company and segment with all that rules may read (依据).

    Attributes:
        company: Index of each pair's company, ascending.
        segment: Index of its segment, or ``NO_SEGMENT``.
        columns: Field → values, as long as ``company``.
        lists: What lists say of the companies.
        ledger: What the ledgers say of them.
        told: What has been put into words.
    """

    company: NDArray[np.int64]
    segment: NDArray[np.int64]
    columns: dict[str, Column]
    lists: OnLists = field(default_factory=OnLists)
    ledger: OnLedger = field(default_factory=OnLedger)
    told: Told = field(default_factory=Told, compare=False, repr=False)


@dataclass(frozen=True)
class Standing:
    """What a company's own row says of it, whatever the segment (企业本身的依据).

    Attributes:
        columns: Field → values, one a company.
        approached: For each name that the zone talks to: the chain's code, and the companies that bear the name.
        lists: What lists say of the companies.
        ledger: What the ledgers say of them.
    """

    columns: dict[str, Column]
    approached: list[tuple[int, list[int]]]
    lists: OnLists
    ledger: OnLedger


class EvidenceReader:
    """Makes evidence for one zone (依据读取).

    Args:
        zone: The zone.
        corpora: Marks, statuses, known groups.
        local_codes: Credit codes of companies known to be in the zone's city already.
        lists: Published lists that companies may stand on.
        ledger: What the ledgers say as of the run's day; None where there is no ledger.

    Attributes:
        lists: Finds companies on them.
        ledger: Finds companies in the ledgers.
        of_segments: Field that only the segment decides → its values by segment number, the last of a company without one.
    """

    def __init__(
        self,
        zone: Zone,
        corpora: Corpora,
        local_codes: frozenset[str] = frozenset(),
        lists: Sequence[ListEntry] = (),
        ledger: Sequence[LedgerEntry] | None = None,
    ) -> None:
        self.zone, self.corpora, self._local_codes = zone, corpora, local_codes
        self.lists, self.ledger = ListReader(lists, corpora), LedgerReader(ledger, zone)
        self.fields = fields(tuple(zone.chain_names), corpora)
        strength = {str(need): value for need, value in zone.scoring.need_strength.items()}
        segments = zone.segments
        chains = self.fields["chain"].names
        self.of_segments: dict[str, NDArray[np.generic]] = {
            "need": _codes([NEEDS.index(s.need) for s in segments], NEEDS.index("none")),
            "need_strength": _codes([strength[s.need] * s.priority // 10 if s.chain else 0 for s in segments], 0),
            "kind": _codes([KINDS.index(s.kind) for s in segments], KINDS.index("service")),
            "position": _codes([POSITIONS.index(s.position or "none") for s in segments], POSITIONS.index("none")),
            "chain": _codes([chains.index(s.chain or "none") for s in segments], chains.index("none")),
            "needs_chemical_park": _codes([int(s.needs_chemical_park) for s in segments], 0).astype(np.bool_),
            "wants_group": _codes([int(s.wants_group) for s in segments], 0).astype(np.bool_),
        }
        scale = {str(kind): round(1000 * math.log10(times)) for kind, times in zone.scoring.capital_scale.items()}
        self._capital_scale = _codes([scale.get(s.kind, 0) for s in segments], 0)
        self._seats = ["", *(short(group.city) for group in corpora.known_groups)]
        self._approached = [(normalise(one.name).removesuffix("集团"), chains.index(one.chain)) for one in zone.file.approached]
        self._home = short(zone.file.place.city)

    def pairs(self, profiles: Profiles, allowed: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Companies and segments to be scored together (候选组合).

        Args:
            profiles: The companies.
            allowed: For each segment, whether the request wants it.

        Returns:
            Company and segment of each pair, by company, then segment; every company has at least one pair.
        """
        company, segment = cells_of((profiles.affinity >= self.zone.scoring.order.least_affinity) & allowed)
        lost = np.flatnonzero(np.bincount(company, minlength=len(profiles)) == 0)
        company, segment = np.append(company, lost), np.append(segment, np.full(len(lost), NO_SEGMENT))
        order = np.lexsort((segment, company))
        return company[order], segment[order]

    def read(
        self, profiles: Profiles, standing: Standing, company: NDArray[np.int64], segment: NDArray[np.int64],
        only: Collection[str] | None = None,
    ) -> Evidence:  # fmt: skip
        """Evidence of the given pairs (组合的依据); ``standing`` is of the same companies; ``only``: these fields of all."""
        straight = len(company) == len(profiles) and np.array_equal(company, np.arange(len(company)))  # nothing to copy
        same = {name: column for name, column in standing.columns.items() if straight and name != "capital_log"}
        pairs = (profiles, standing, company, segment)
        columns = {name: same.get(name) or self.column(name, *pairs) for name in (self.fields if only is None else only)}
        return Evidence(company, segment, columns, standing.lists, standing.ledger)

    def column(
        self, name: str, profiles: Profiles, standing: Standing, company: NDArray[np.int64], segment: NDArray[np.int64],
        at: NDArray[np.int64] | None = None,
    ) -> Column:  # fmt: skip
        """One field of the given pairs (组合的一个字段), as in ``read``; ``at``: rows of ``profiles``, if not the companies' numbers."""
        if name in self.of_segments:
            return _column(self.of_segments[name][segment])
        if name in MATRICES:
            matrix, absent, kind = MATRICES[name]
            none, row = segment == NO_SEGMENT, company if at is None else at
            values: NDArray[np.generic] = np.where(none, absent, getattr(profiles, matrix)[row, segment]).astype(kind)
            return _column(values, self._read_of_pair(name, profiles, values, row, none))
        if name == "approached":
            chain, approached = self.of_segments["chain"][segment], np.zeros(len(company), dtype=np.bool_)
            for of_chain, places in standing.approached:
                if places:  # of nearly nobody
                    approached |= np.isin(company, places) & (chain == of_chain)
            return _column(approached)
        if name == "segment_underway":
            return standing.ledger.underway(company, segment)
        column = standing.columns[name]
        values, known = column.values[company], column.known[company]
        return Column(values.astype(np.int64) + self._capital_scale[segment] if name == "capital_log" else values, known)

    @staticmethod
    def _read_of_pair(
        name: str, profiles: Profiles, values: NDArray[np.generic], company: NDArray[np.int64], none: NDArray[np.bool_]
    ) -> NDArray[np.bool_] | bool:
        """Whether a pair's own texts say the value."""
        if name == "mode":
            return np.asarray(values != len(MODES))
        if name in ("main_business", "breadth"):
            return profiles.has_scope[company] & ~(none & (name == "breadth"))
        return True

    @property
    def sources(self) -> dict[str, bytes]:
        """Field → all that decides it beside the companies, their texts and the corpora (字段的出处); others depend on nothing else.

        Where two readers agree on these, and on who is paired with what, they read the same.
        """
        chains = repr(self.fields["chain"].names).encode()
        return {
            **{name: chains + table.tobytes() for name, table in self.of_segments.items()},
            "capital_log": self._capital_scale.tobytes(),
            "approached": repr(self._approached).encode() + chains + self.of_segments["chain"].tobytes(),
            "local": repr((self._home, sorted(self._local_codes))).encode(),
            "qualifications": self.lists.digest.encode(),
            **dict.fromkeys(LEDGER_FIELDS, self.ledger.digest.encode()),
            "segment_underway": f"{self.ledger.digest} {self.zone.scoring.ledger}".encode() + chains,
        }

    def standing(
        self, companies: Companies, profiles: Profiles, as_of: int, only: Collection[str] | None = None
    ) -> Standing:  # fmt: skip
        """What does not depend on the segment, as of a day in days since 1970 (企业本身的依据); ``only``: these fields of all."""
        text, statuses = companies.text, self.corpora.statuses
        everywhere = np.ones(len(companies), dtype=np.bool_)
        lists, ledger = self.lists.read(companies, as_of), self.ledger.read(companies, as_of)
        capital, currency = companies.capital, text["capital_currency"]
        founded, until = companies.founded, profiles.permit_until
        columns: dict[str, Callable[[], Column]] = {
            "capital": lambda: Column(capital / YUAN_PER_WAN, capital != UNKNOWN),
            "capital_log": lambda: Column(milli_log(capital), capital != UNKNOWN),
            "foreign_capital": lambda: Column(of_cells(currency, lambda code: code not in ("", "CNY"), np.bool_), filled(currency)),
            "paid_capital": lambda: Column(companies.paid_capital / YUAN_PER_WAN, companies.paid_capital != UNKNOWN),
            "insured_count": lambda: Column(companies.insured, companies.insured != UNKNOWN),
            "founded": lambda: Column(founded, (founded != UNKNOWN_DAY) & (founded <= as_of)),
            "age_then": lambda: age(companies, as_of),
            "legal_form": lambda: Column(profiles.legal_form, profiles.legal_form != 0),
            "outlet": lambda: Column(profiles.outlet, everywhere),
            "is_group": lambda: Column(profiles.is_group, everywhere),
            "is_arm": lambda: Column(profiles.is_arm, everywhere),
            "decided_elsewhere": lambda: self._decided_elsewhere(profiles, text["city"]),
            "place_named": lambda: Column(profiles.place_named, everywhere),
            "renowned": lambda: Column(profiles.renowned, everywhere),
            "group_state": lambda: Column(profiles.group_state, everywhere),
            "individual": lambda: self._individual(text["company_type"], profiles),
            "listed": lambda: self._on_a_market(text["listed"]),
            "closed": lambda: Column(self.closed(companies), filled(text["status"])),
            "local": lambda: self._local(text),
            "code_valid": lambda: Column(companies.code_ok, filled(text["uscc"])),
            "permit_lapsed": lambda: lapsed(until, companies.as_of),
            "permit_until": lambda: Column(until, until != UNKNOWN_DAY),
            "permit_over": lambda: _column(years_over(until, as_of)),
            "marks": lambda: Column(profiles.marks, profiles.has_scope),
            "qualifications": lambda: Column(
                qualified(text["qualifications"], statuses["qualifications"].values(), lists), ~everywhere
            ),
        }
        read = {name: make() for name, make in columns.items() if only is None or name in only}
        approached = self._in_touch(companies) if only is None or "approached" in only else []
        return Standing(read | dict(ledger.columns), approached, lists, ledger)

    def _individual(self, kinds: Sequence[str], profiles: Profiles) -> Column:
        individual = holds(kinds, self.corpora.statuses["individual"])
        return Column(individual, individual | (profiles.legal_form != 0) | filled(kinds))

    def _on_a_market(self, said: Sequence[str]) -> Column:
        yes, no = (holds(said, self.corpora.statuses[key]) for key in ("listed", "not_listed"))
        return Column(yes & ~no, yes | no)

    def closed(self, companies: Companies) -> NDArray[np.bool_]:
        """Which companies' status says that they no longer trade (已停业)."""
        return holds(companies.text["status"], self.corpora.statuses["closed"])

    def _local(self, text: Mapping[str, Sequence[str]]) -> Column:
        here, known = of_cells(text["city"], lambda city: short(city) == self._home, np.bool_), filled(text["city"])
        if self._local_codes:
            listed = np.fromiter((code in self._local_codes for code in text["uscc"]), np.bool_, len(here))
            here, known = here | listed, known | listed
        return Column(here, known)

    def _in_touch(self, companies: Companies) -> list[tuple[int, list[int]]]:
        """For each name among those whom the zone talks to: the chain, and the companies that it means."""
        if not self._approached:
            return []
        names = companies.text["name"]
        parse = name_reader(self.corpora).parse
        found: list[tuple[int, list[int]]] = [(chain, []) for _, chain in self._approached]
        said = re.compile("|".join(re.escape(called) for called, _ in self._approached))
        for place in [place for place, name in enumerate(names) if said.search(name)]:
            name = normalise(names[place])
            part = parse(name, companies.text["city"][place] or companies.text["province"][place])
            for number, (called, _) in enumerate(self._approached):
                begins = part.core.startswith(called) or name.startswith(called)
                if begins and part.outlet == "none" and (part.is_group or len(called) >= _TELLING):
                    found[number][1].append(place)
        return found

    def _decided_elsewhere(self, profiles: Profiles, cities: Sequence[str]) -> Column:
        """Whether a group that decides in another city owns the company by name."""
        there = np.zeros(len(cities), dtype=np.bool_)
        for place in np.flatnonzero(profiles.known_group > 0).tolist():
            there[place] = short(cities[place]) != self._seats[profiles.known_group[place]]
        return Column(there, np.ones(len(cities), dtype=np.bool_))


def _column(values: NDArray[np.generic], known: NDArray[np.bool_] | bool = True) -> Column:
    return Column(values, np.full(values.shape, known) if isinstance(known, bool) else known)


def _codes(values: Sequence[int], absent: int) -> NDArray[np.int64]:
    """A table by segment number whose last entry, at ``NO_SEGMENT``, is ``absent``."""
    return np.array([*values, absent], dtype=np.int64)
