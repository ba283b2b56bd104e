"""Who could be visited (候选): the ranked list and the user's own targets, each with its place, its chance and its family."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from matcher.engine import Engine
from matcher.errors import InputError, OptionError, RequestError
from matcher.intake import Intake
from matcher.places import Gazetteer, Point, district_finder, short
from matcher.rules.trips import TripRules
from matcher.runs import Request
from matcher.scoring.formula import UNIT
from matcher.snapshot import ProfileCache
from matcher.trips.request import STATE_LABELS, Appointment, State, Target, TripRequest
from matcher.types import RankedCompany, Ranking, Run

_LOOKED_AT = 3  # times as many lines of the list are looked at, so that every city has its own
_MOST_ASKED = 12


@dataclass(frozen=True)
class Candidate:
    """Somebody who could be visited (候选).

    Attributes:
        id: Credit code, else the name.
        point: Where it is.
        score: In units.
        chance: Thousandths.
        bucket, chain: What it serves: segment and chain, or the kind of target.
        family: Of one family only one is visited.
        state: Of the appointment.
        appointment: If there is one.
        result: The line of the list; None for a target.
    """

    id: str
    name: str
    kind: str
    point: Point
    score: int
    chance: int
    bucket: tuple[str | None, str]
    chain: str | None
    family: str
    state: State = "pending"
    must: bool = False
    appointment: Appointment | None = None
    result: RankedCompany | None = None
    target: Target | None = None


@dataclass(frozen=True)
class Candidates:
    """All who could be visited (全部候选).

    Attributes:
        those: In the order of the list, targets behind.
        cities: Short names; in their order if the request has one.
        refused: Who refused or is not wanted, and why.
        warnings: What the user should know.
        tracked: Of how many the ledgers know the chance.
        further: Further down the list, in the same cities: not planned, but called on instead of a neighbour who refuses.
    """

    run: Run
    considered: int
    those: tuple[Candidate, ...]
    cities: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    tracked: int = 0
    further: tuple[Candidate, ...] = ()

    def with_further(self, who: str) -> Candidates:
        """The same with one of those further down among the candidates (从后面的名单里补进一家); unchanged where that one is not there."""
        found = next((one for one in self.further if who in (one.id, one.name)), None)
        return self if found is None else replace(self, those=(*self.those, found))


def gather(
    engine: Engine,
    intake: Intake,
    request: TripRequest,
    rules: TripRules,
    *,
    known: ProfileCache | None = None,
    chances: Mapping[str, float] | None = None,
) -> Candidates:
    """Who could be visited on a trip (收集候选).

    Args:
        engine: Ranks.
        intake: The companies.
        request: The trip.
        rules: Defaults.
        known: What the companies' texts say, if it was read before.
        chances: Id or name → chance of a meeting, of whoever knows better than the default.

    Raises:
        RequestError: A city does not exist, or a company is not on the list.
        InputError: The same of a row of the user's tables.
    """
    return _Gathering(engine, intake, request, rules, chances or {}).gather(known)


class _Gathering:
    def __init__(
        self, engine: Engine, intake: Intake, request: TripRequest, rules: TripRules, chances: Mapping[str, float]
    ) -> None:
        self._engine, self._intake, self._request, self._rules, self._chances = engine, intake, request, rules, chances
        self._gazetteer = Gazetteer(engine.corpora)
        self._districts = district_finder(engine.corpora)
        self._warnings: list[str] = []

    def gather(self, known: ProfileCache | None) -> Candidates:
        request, most = self._request, self._request.candidates or self._rules.search.candidates
        asked = Request(request.start, request.cities, request.chains, request.group, request.need, most * _LOOKED_AT)
        ranking = self._engine.rank(self._intake, asked, known)
        there = [one for one in (self._company(result) for result in ranking.results) if one is not None]
        targets = [self._target(target) for target in request.targets]
        listed = self._limited(there, most)
        listed, refused = self._told([*listed, *targets], there, ranking)
        cities = self._cities(listed)
        kept = [one for one in listed if one.point.city in cities]
        self._check_cities(kept, cities)
        tracked = sum(one.id in self._chances or one.name in self._chances for one in kept)
        known_ids, out = {one.id for one in listed}, {name for name, _ in refused}
        further = tuple(one for one in there if one.point.city in cities and one.id not in known_ids and one.name not in out)
        return Candidates(
            ranking.run, ranking.considered, tuple(kept), cities, tuple(refused), tuple(self._warnings), tracked, further
        )

    def _company(self, result: RankedCompany) -> Candidate | None:
        point = self._gazetteer.point(result.city or result.province or "", result.county or "")
        if point is None:
            return None
        return Candidate(
            id=result.uscc or result.name,
            name=result.name,
            kind="company",
            point=point,
            score=round(result.score * UNIT),
            chance=self._chance(result.uscc or "", result.name, self._rules.chance.pending),
            bucket=(result.chain, result.segment or ""),
            chain=result.chain,
            family=result.family.head if result.family else result.uscc or result.name,
            result=result,
        )

    def _chance(self, uscc: str, name: str, default: int) -> int:
        known = self._chances.get(uscc, self._chances.get(name))
        return default if known is None else round(1000 * min(1.0, max(0.0, known)))

    def _target(self, target: Target) -> Candidate:
        source = target.source
        try:
            city = self._engine.cities.full_name(target.city)
        except RequestError as error:
            raise InputError(source.file or "对象表", str(error), row=source.row, field="城市") from None
        county = target.county or self._districts.find(city, target.address)
        point = self._gazetteer.point(city, county)
        if point is None or (target.county and not point.county):
            raise InputError(source.file or "对象表", f"{city}没有这个区县：{target.county}", row=source.row, field="区县")
        reach = self._rules.targets.reach
        reached = max((int(members) for members in reach if int(members) <= (target.members or 0)), default=0)
        score = target.score if target.score is not None else reach[str(reached)]
        return Candidate(
            id=target.name,
            name=target.name,
            kind=target.kind,
            point=point,
            score=round(score * UNIT),
            chance=self._chance("", target.name, self._rules.targets.chance),
            bucket=(None, f":{target.kind}"),
            chain=None,
            family=target.name,
            target=target,
        )

    def _limited(self, there: Sequence[Candidate], most: int) -> list[Candidate]:
        """The first of the list, with some of every city that was asked for."""
        kept = set(range(min(most, len(there))))
        asked = {short(self._engine.cities.full_name(city)) for city in self._request.cities}
        found: Counter[str] = Counter(there[place].point.city for place in kept)
        for place, one in enumerate(there):
            if place not in kept and one.point.city in asked and found[one.point.city] < self._rules.search.per_city:
                kept.add(place)
                found[one.point.city] += 1
        return [there[place] for place in sorted(kept)]

    def _told(
        self, listed: list[Candidate], there: Sequence[Candidate], ranking: Ranking
    ) -> tuple[list[Candidate], list[tuple[str, str]]]:
        """What the user says of single ones: must, must not, appointments."""
        request, refused = self._request, list[tuple[str, str]]()
        finder = _Finder([*there, *(one for one in listed if one.target)], self._beside(ranking), self._asked_for)
        at = {one.id: place for place, one in enumerate(listed)}

        def place_of(who: str, source: tuple[str, int | None] = ("", None)) -> int:
            found = finder.find(who, *source)
            if found.id not in at:
                at[found.id] = len(listed)
                listed.append(found)
            return at[found.id]

        for who in request.must:
            place = place_of(who)
            listed[place] = replace(listed[place], must=True)
        out: dict[int, str] = {place_of(who): "写明不去" for who in request.must_not}
        seen: dict[int, Appointment] = {}
        for appointment in request.appointments:
            file, row = appointment.source.file, appointment.source.row
            place = place_of(appointment.who, (file, row))
            if place in seen:
                raise InputError(file or "约定", f"{appointment.who} 写了两次", row=row, field="企业")
            seen[place] = appointment
            if appointment.state == "refused":
                out[place] = STATE_LABELS["refused"]
            agreed = appointment.state == "agreed"
            one = listed[place]
            chance = max(one.chance, self._rules.chance.agreed) if agreed else one.chance
            listed[place] = replace(one, state=appointment.state, appointment=appointment, chance=chance, must=one.must or agreed)
        for place, why in out.items():
            if listed[place].must:
                raise OptionError(f"{listed[place].name} 既要去又不去：{why}", field="must")
            refused.append((listed[place].name, why))
        kept = [one for place, one in enumerate(listed) if place not in out]
        self._one_family(kept)
        return kept, refused

    def _one_family(self, kept: Sequence[Candidate]) -> None:
        families: dict[str, list[str]] = defaultdict(list)
        for one in kept:
            if one.must:
                families[one.family].append(one.name)
        for names in families.values():
            if len(names) > 1:
                raise OptionError(f"{'、'.join(names)} 是同一集团，只去一家；请只留一家必访或已约", field="must")

    def _beside(self, ranking: Ranking) -> list[Candidate]:
        """Who is on the list beside the chains: not planned unless the user says so."""
        return [one for one in (self._company(result) for result in ranking.opportunities) if one is not None]

    def _asked_for(self, who: str) -> tuple[list[Candidate], str]:
        """Companies by that code or with that in the name, however far down the list or wherever they are; else why there are none."""
        text = self._intake.companies.text
        cells = enumerate(zip(text["uscc"], text["name"], strict=True))
        places = [place for place, (code, name) in cells if who == code or (len(who) >= 2 and who in name)]
        exact = [place for place in places if who == text["name"][place]]
        if not places:
            return [], ""
        only = replace(self._intake, companies=self._intake.companies.take((exact or places)[:_MOST_ASKED]))
        ranking = self._engine.rank(only, Request(self._request.start, top=_MOST_ASKED))
        found = [self._company(result) for result in ranking.results] + self._beside(ranking)
        labels = {veto.id: veto.label for veto in self._engine.zone.scoring.vetoes}
        barred = "、".join(labels[veto] for veto in ranking.vetoed)
        return [
            one for one in found if one is not None
        ], f"资料里有，但被一票否决：{barred}" if barred else "资料里有，但不合任何环节"

    def _cities(self, listed: Sequence[Candidate]) -> tuple[str, ...]:
        """The cities of the trip; those that must be gone to, then those with most to visit, where none were asked for."""
        asked = tuple(dict.fromkeys(short(self._engine.cities.full_name(city)) for city in self._request.cities))
        if asked:
            for one in listed:
                if one.must and one.point.city not in asked:
                    where = f"在{one.point.city}，不在行程的城市里：{'、'.join(asked)}"
                    raise OptionError(f"{one.name} 必访，但{where}；请加上{one.point.city}", field="cities")
            return asked
        weight: dict[str, int] = defaultdict(int)
        for one in listed:
            weight[one.point.city] += one.score * one.chance
        musts = list(dict.fromkeys(one.point.city for one in listed if one.must))
        best = sorted((city for city in weight if city not in musts), key=lambda city: (-weight[city], city))
        chosen = [*musts, *best][: max(self._rules.search.cities, len(musts))]
        if left := [city for city in best if city not in chosen]:
            self._warnings.append(
                f"名单涉及 {len(weight)} 座城市，只考虑分量最重的 {len(chosen)} 座；未考虑：{'、'.join(left[:8])}等 {len(left)} 座"
            )
        return tuple(chosen)

    def _check_cities(self, kept: Sequence[Candidate], cities: Sequence[str]) -> None:
        found = Counter(one.point.city for one in kept)
        if empty := [city for city in cities if not found[city]]:
            raise OptionError(
                f"{'、'.join(empty)}没有可拜访的对象；请去掉这座城市，或把那里的商会、园区写进登记以外的对象", field="cities"
            )
        vague = sum(not one.point.county for one in kept)
        if vague:
            told = f"参与排程的 {len(kept):,} 家里，{vague:,} 家的地址只能定到城市（排上了的写着“区县不详”）"
            self._warnings.append(f"{told}，按市中心估路程，出发前核实地址")


class _Finder:
    """Finds whom the user means (找企业): by code, by name, by a part of a name that only one has."""

    def __init__(
        self, listed: Iterable[Candidate], beside: Iterable[Candidate], asked_for: Callable[[str], tuple[list[Candidate], str]]
    ) -> None:
        self._asked_for = asked_for
        self._all: dict[str, Candidate] = {}
        self._by_name: dict[str, Candidate] = {}
        for one in (*listed, *beside):
            self._all.setdefault(one.id, one)
        for one in self._all.values():
            self._by_name.setdefault(one.name, one)
        for one in self._all.values():
            for other in one.result.family.others if one.result and one.result.family else ():
                self._by_name.setdefault(other, one)  # of one family one is visited: the one on the list

    def find(self, who: str, file: str, row: int | None) -> Candidate:
        """The one who is meant.

        Raises:
            RequestError: Nobody, or several.
            InputError: The same of a row of a file.
        """
        found = self._all.get(who) or self._by_name.get(who)
        if found is not None:
            return found
        holding = {one.id: one for name, one in self._by_name.items() if len(who) >= 2 and who in name}
        why = ""
        if not holding:
            further, why = self._asked_for(who)
            holding = {one.id: one for one in further}
        if len(holding) == 1:
            return next(iter(holding.values()))
        if holding:
            names = "、".join(one.name for one in list(holding.values())[:4])
            error: RequestError = OptionError(
                f"「{who}」不止一家：{names}{' 等' if len(holding) > 4 else ''}；请写全名或统一社会信用代码"
            )
        elif why:
            error = OptionError(f"「{who}」{why}；要去就写进登记以外的对象")
        else:
            error = RequestError("企业", who, self._by_name, "商会、园区请写进登记以外的对象")
        if file:
            raise InputError(file, str(error), row=row, field="企业")
        raise error
