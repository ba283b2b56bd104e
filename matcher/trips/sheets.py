"""What a visit sheet says of a company (拜访单): its profile, what is doubtful, what to ask."""

from __future__ import annotations

from datetime import timedelta

from matcher.engine import Engine
from matcher.intake import Companies
from matcher.intake.fields import EPOCH, UNKNOWN, UNKNOWN_DAY
from matcher.trips.candidates import Candidate
from matcher.trips.plans import Profile
from matcher.types import RankedCompany

_ASKS = ("先问清", "再问")
_DOUBTS = ("待核", "近年有变")
_MOST_UNKNOWN = 5
_LEAST = 0.5  # points; less is a shade, not a doubt
_TARGET_QUESTIONS = (
    "会员（入园企业）里，哪几家有到外地投资、扩产的打算，能不能引见",
    "会员多的行业是哪几个，与本园区的产业链对得上哪些环节",
    "以后怎样联络：推介会、对接会、委托招商，由谁对接",
)


class Sheets:
    """Writes what stands on visit sheets (拜访单的内容).

    Args:
        engine: Of the zone.
        companies: All of them.
    """

    def __init__(self, engine: Engine, companies: Companies) -> None:
        self._engine, self._companies = engine, companies
        codes = zip(companies.text["uscc"], companies.text["name"], strict=True)
        self._places = {code or name: place for place, (code, name) in enumerate(codes)}
        self._vetoes = {veto.id: veto.label for veto in engine.zone.scoring.vetoes}

    def profile(self, one: Candidate) -> Profile | None:
        """What the file says of a company (企业资料); of a target its address."""
        if one.target is not None:
            return Profile(one.target.address, None, None, None, None, "") if one.target.address else None
        place = self._places.get(one.id)
        if place is None:
            return None
        companies = self._companies
        capital, paid, insured = (int(column[place]) for column in (companies.capital, companies.paid_capital, companies.insured))
        return Profile(
            address=companies.text["address"][place],
            founded=_day(int(companies.founded[place])),
            capital=None if capital == UNKNOWN else capital / 10_000,
            paid_capital=None if paid == UNKNOWN else paid / 10_000,
            insured=None if insured == UNKNOWN else insured,
            business_scope=companies.text["business_scope"][place],
        )

    def doubts(self, result: RankedCompany | None) -> tuple[str, ...]:
        """What to look into (疑点): what took points, what may bar it, what the file does not say."""
        if result is None:
            return ("不在企业登记里，会员数、分值是自己填的，行前核实",)
        told = [part for part in _parts(result.reason) if part.startswith(_DOUBTS)]
        told += [
            f"{one.label}（{one.points:+.1f} 分）：{one.evidence}"
            for one in result.contributions
            if one.points <= -_LEAST and one.known
        ]
        told += [f"可能一票否决：{self._vetoes.get(veto, veto)}（资料不全，读不出）" for veto in result.possible_vetoes]
        if result.family and result.family.head != result.name:
            told.append(f"名称属{result.family.head}（{result.family.head_city or '城市不详'}），投资由谁定要先问清")
        return tuple(told)

    def questions(self, one: Candidate) -> tuple[str, ...]:
        """What to ask (要问的), the first thing first."""
        if one.result is None:
            return _TARGET_QUESTIONS
        told = [part.removeprefix("先问清").removeprefix("再问") for part in _parts(one.result.reason) if part.startswith(_ASKS)]
        fields = [one.result.next_question] if one.result.next_question else []
        fields += [field for field in one.result.unknown if field not in fields]
        labels = list(dict.fromkeys(label for label in (self._label(field) for field in fields[:_MOST_UNKNOWN]) if label))
        return (*told, *([f"资料里没有、顺便核实：{'；'.join(labels)}"] if labels else []))

    def _label(self, field: str | None) -> str:
        return self._engine.questions.get(field or "", "")


def _parts(reason: str) -> list[str]:
    return [part for part in reason.rstrip("。").split("；") if part]


def _day(days: int) -> str | None:
    return None if days == UNKNOWN_DAY else (EPOCH + timedelta(days=days)).isoformat()
