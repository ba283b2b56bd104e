"""What a trip is asked for on the page (行程的要求): the form, and the request that it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import combinations
from typing import Any

from nicegui import events, run, ui

from matcher.api.service import Service
from matcher.errors import OptionError
from matcher.rules import Zone
from matcher.rules.trips import TripRules
from matcher.runs import today
from matcher.trips.request import KIND_LABELS, STATE_LABELS, Appointment, State, Target, TripRequest, Way
from matcher.trips.tables import is_time, ways_of
from matcher.trips.ways import HOME_NAME
from matcher.web import states
from matcher.web.days import day_input
from matcher.web.widgets import pickable

MOST_TABLE = 1 << 20
"""Most bytes of a table of ways (路程表上限)."""
MOST_DAYS, MOST_TEAMS, MOST_A_DAY = 7, 5, 12
_WAYS = {"ordered": "按上面的次序，每座都去", "any": "只在上面选，去哪些、什么次序由程序定", "anywhere": "全国都行，由程序定"}
_WAITS = {30: "半分钟", 60: "一分钟", 120: "两分钟", 300: "五分钟"}
_FIELD = "outlined dense"


@dataclass
class Asked:
    """The fields of the form (表单各栏), each by its name."""

    fields: dict[str, Any] = field(default_factory=dict)
    appointments: list[dict[str, Any]] = field(default_factory=list)
    targets: list[dict[str, Any]] = field(default_factory=list)
    ways: tuple[Way, ...] = ()

    def value(self, name: str) -> Any:
        """What stands in a field (取值)."""
        return self.fields[name].value

    def request(self) -> TripRequest:
        """The request (行程请求).

        Raises:
            OptionError: A field cannot be read, in words.
        """
        way = self.value("way")
        cities = () if way == "anywhere" else tuple(self.value("cities") or ())
        if way != "anywhere" and not cities:
            raise OptionError("请选城市；不定城市的，选“全国都行，由程序定”")
        musts = _lines(self.value("must"))
        appointments = tuple(_appointment(row) for row in self.appointments if _text(row["who"]))
        return TripRequest(
            start=_day(self.value("start"), "第一天"), days=_number(self.value("days"), "拜访几天", 1, MOST_DAYS),
            cities=cities, anywhere=way != "ordered", teams=_number(self.value("teams"), "几队", 1, MOST_TEAMS),
            per_day=_whole(self.value("per_day"), "一天至多几家", 1, MOST_A_DAY), hours=self._hours(),
            visit=_whole(self.value("visit"), "一次拜访多少分钟", 10, 240), must=musts,
            must_not=_lines(self.value("must_not")), appointments=appointments,
            targets=tuple(_target(row) for row in self.targets if _text(row["name"])), ways=self.ways, eve=self.value("eve"),
            stay=self.value("stay"), group=self.value("group") or None,
            seconds=int(self.value("seconds")), explain=self.value("explain"),
        )  # fmt: skip

    def _hours(self) -> tuple[str, ...]:
        return tuple(span for span in (_text(self.value("morning")), _text(self.value("afternoon"))) if span)


def cities_of(service: Service) -> dict[str, str]:
    """Cities that companies are in, those with most first (可选城市)."""
    counted = Counter(city for city in service.state.companies().companies.text["city"] if city)
    return {city: f"{city}（{count:,} 家）" for city, count in counted.most_common()}


def first_day(now: date) -> date:
    """The day that the form offers at first (默认第一天): a week on, and a working day, because offices are closed at weekends."""
    day = now + timedelta(days=7)
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= 5 else 0)


def draw(zone: Zone, rules: TripRules, cities: Mapping[str, str], before: TripRequest | None, group: str | None) -> Asked:
    """Draws the form (画表单), filled in as a plan was asked for, if there is one.

    Args:
        zone: Its groups.
        rules: What stands in the fields at first.
        cities: To choose from.
        before: The request of a plan that is shown.
        group: The caller's own.
    """
    asked, old = Asked(), before or TripRequest(start=first_day(today()), days=3)
    way = "ordered" if not old.anywhere else "any" if old.cities else "anywhere"
    groups = {"": "全部小组", **{one.id: one.name for one in zone.file.groups}}
    own = group if group in groups else ""
    with ui.element("div").classes("trip-asked"):
        asked.fields = {
            "group": ui.select(groups, label="替哪个小组", value=(old.group or "") if before else own).props(_FIELD),
            "start": day_input("第一天", old.start.isoformat()),
            "days": ui.number("拜访几天", value=old.days, min=1, max=MOST_DAYS, format="%d").props(_FIELD),
            "teams": ui.number("几队", value=old.teams, min=1, max=MOST_TEAMS, format="%d").props(_FIELD),
        }
        known = {**cities, **{city: city for city in old.cities if city not in cities}}
        asked.fields["cities"] = (
            ui.select(known, multiple=True, with_input=True, label="城市（点选的先后就是去的先后）", value=list(old.cities))
            .props(f"{_FIELD} use-chips clearable")
            .classes("whole")
        )
        asked.fields["way"] = ui.radio(_WAYS, value=way).props("inline aria-label=怎样去").classes("whole")
    with ui.expansion("更多要求：必访、不去、约定、办公时间、商会", icon="tune").classes("more-asked"):
        _more(asked, old, rules)
    return asked


def _more(asked: Asked, old: TripRequest, rules: TripRules) -> None:
    hours = [*(old.hours or rules.day.hours), "", ""]
    with ui.element("div").classes("trip-asked"):
        asked.fields |= {
            "per_day": ui.number("一队一天至多几家", value=old.per_day or rules.day.per_day, min=1, max=MOST_A_DAY, format="%d"),
            "visit": ui.number("一次拜访多少分钟", value=old.visit or rules.day.visit, min=10, max=240, step=5, format="%d"),
            "morning": ui.input("上午办公时间", value=hours[0], placeholder="09:00-12:00"),
            "afternoon": ui.input("下午办公时间", value=hours[1], placeholder="13:30-17:30"),
            "must": ui.textarea("必访（一行一家）", value="\n".join(old.must)).classes("half"),
            "must_not": ui.textarea("不去（一行一家）", value="\n".join(old.must_not)).classes("half"),
        }
        for one in asked.fields.values():
            one.props(_FIELD)
        ui.label("企业写全名、统一社会信用代码，或名称里独有的几个字。").classes("hint whole")
        _rows("约定", "加一个约定", asked.appointments, _draw_appointment, list(old.appointments))
        _rows("登记以外的对象：商会、协会、园区", "加一个对象", asked.targets, _draw_target, list(old.targets))
        _draw_ways(asked, old.ways)
        asked.fields["seconds"] = ui.select(_WAITS, label="最多等多久", value=60).props(_FIELD)
        asked.fields["eve"] = ui.checkbox("头天下午可以先走", value=old.eve)
        asked.fields["stay"] = ui.checkbox("末日住下，次日返回", value=old.stay)
        asked.fields["explain"] = ui.checkbox("算必访的代价、多一天少一天（慢几倍）", value=old.explain)


def _rows(title: str, add: str, rows: list[dict[str, Any]], draw_row: Any, old: list[Any]) -> None:
    """Lines of a small table that can be added and taken away."""
    with ui.element("div").classes("whole lines"):
        ui.label(title).classes("lines-title")
        place = ui.element("div").classes("lines-body")

        def append(given: Any = None) -> None:
            with place, ui.element("div").classes("trip-line") as line:
                row = draw_row(given)
                rows.append(row)

                def remove() -> None:
                    rows.remove(row)
                    line.delete()

                ui.button(icon="close", on_click=remove).props("flat round dense aria-label=去掉这一行")

        for one in old:
            append(one)
        ui.button(add, icon="add", on_click=partial(append, None)).props("flat dense")


def _draw_ways(asked: Asked, old: tuple[Way, ...]) -> None:
    """The user's own table of ways: taken as a file, told in a line, taken back."""
    with ui.element("div").classes("whole lines"):
        ui.label("自己的路程表（CSV）").classes("lines-title")
        ui.label(
            "一行一段：从,到,分钟。地点写城市、“杭州萧山”，或“园区”；园区到各城市、城市两两之间都要有。不传的，路程按经纬度估算。"
        ).classes("hint")
        told = ui.element("div").classes("trip-line")

        def put(ways: tuple[Way, ...]) -> None:
            asked.ways = ways
            told.clear()
            if ways:
                with told:
                    ui.label(f"{ways[0].source.file or '路程表'}：{len(ways):,} 段路程，排的时候用它")
                    ui.button(icon="close", on_click=partial(put, ())).props("flat round dense aria-label=不用这张路程表")

        async def take(event: events.UploadEventArguments) -> None:
            upload.reset()
            with states.notices():
                found = await run.io_bound(ways_of, await event.file.read(), event.file.name)
                if not found:
                    raise OptionError(f"{event.file.name}：表头下面一段路程也没有")
                put(found)

        def refuse() -> None:
            ui.notify(f"路程表应为 CSV，不超过 {MOST_TABLE >> 20} MB", type="negative")

        with ui.element("div").classes("trip-line"):
            upload = ui.upload(
                label="选择或拖入路程表", auto_upload=True, max_file_size=MOST_TABLE, on_upload=take, on_rejected=refuse
            )
            pickable(upload).props('accept=".csv,.txt" flat bordered').classes("upload ways-upload")
            ui.button("下载空表，填上分钟", icon="download", on_click=lambda: _save_empty(asked)).props("flat dense")
        put(old)


def empty_table(cities: Sequence[str]) -> str:
    """A table of ways that must still be filled in (空路程表): every pair that a trip to these cities needs."""
    pairs = combinations([HOME_NAME, *cities], 2)
    return "\ufeff从,到,分钟\r\n" + "".join(f"{start},{end},\r\n" for start, end in pairs)


def _save_empty(asked: Asked) -> None:
    cities = list(asked.value("cities") or ())
    if not cities:
        ui.notify("请先选城市，再下载空表", type="info")
        return
    ui.download.content(empty_table(cities).encode(), "路程表.csv")


def _draw_appointment(old: Appointment | None) -> dict[str, Any]:
    return {
        "who": ui.input("企业", value=old.who if old else "").props(_FIELD).classes("grow"),
        "state": ui.select(STATE_LABELS, label="约定", value=old.state if old else "agreed").props(_FIELD),
        "day": day_input("日期", old.day.isoformat() if old and old.day else ""),
        "time": ui.input("时间", value=old.time if old else "", placeholder="14:30").props(_FIELD),
    }


def _draw_target(old: Target | None) -> dict[str, Any]:
    kinds = {kind: label for kind, label in KIND_LABELS.items() if kind != "company"}
    return {
        "name": ui.input("名称", value=old.name if old else "").props(_FIELD).classes("grow"),
        "kind": ui.select(kinds, label="类型", value=old.kind if old else "chamber").props(_FIELD),
        "city": ui.input("城市", value=old.city if old else "").props(_FIELD),
        "county": ui.input("区县", value=old.county if old else "").props(_FIELD),
        "members": ui.number("会员数", value=old.members if old else None, min=0, format="%d").props(_FIELD),
    }


def _appointment(row: Mapping[str, Any]) -> Appointment:
    who, state, day, time = _text(row["who"]), row["state"].value, _text(row["day"]), _text(row["time"])
    if state == "agreed" and bool(day) != bool(time):
        raise OptionError(f"约定 {who}：日期和时间要一起写；还没定时间的，两样都空着")
    if time and not is_time(time):
        raise OptionError(f"约定 {who}：时间应写成 09:30，分钟是 5 的倍数，写的是 {time[:20]!r}")
    told: State = state
    on = _day(day, f"约定 {who} 的日期") if day and state == "agreed" else None
    return Appointment(who, told, on, f"{time:0>5}" if time and state == "agreed" else "")


def _target(row: Mapping[str, Any]) -> Target:
    name, city = _text(row["name"]), _text(row["city"])
    if not city:
        raise OptionError(f"{name}：请写城市")
    members = _whole(row["members"].value, f"{name} 的会员数", 0, 1_000_000)
    return Target(name, row["kind"].value, city, _text(row["county"]), members=members if members is not None else 0)


def _text(field_: Any) -> str:
    """What stands in a field, given as the field or as its value."""
    return str(getattr(field_, "value", field_) or "").strip()


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())


def _day(text: str | None, called: str) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise OptionError(f"{called}应为日期，如 2024-08-27") from None


def _number(value: float | None, called: str, least: int, most: int) -> int:
    found = _whole(value, called, least, most)
    if found is None:
        raise OptionError(f"请写{called}")
    return found


def _whole(value: float | None, called: str, least: int, most: int) -> int | None:
    """A whole number; None of a field that may be left empty."""
    if value is None:
        return None
    if value != int(value) or not least <= value <= most:
        raise OptionError(f"{called}应为 {least} 到 {most} 的整数，写的是 {value:g}")
    return int(value)
