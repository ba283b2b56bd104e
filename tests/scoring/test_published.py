"""Lists as evidence: who is on them is found as a plain loop finds it; nothing of a later day is read; without lists nothing moves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.intake import from_profiles
from matcher.intake.fields import EPOCH, check_codes
from matcher.matching.name_index import squeezed
from matcher.runs import Request
from matcher.scoring.published import ListReader, qualifications_of
from matcher.types import ListEntry, Ranking

GOOD = ["91330000794366433K", "91370200163615667J"]
BAD = "91330000794366433X"
NAMES = ["青岛甲酒店管理集团有限公司", "青岛 甲酒店管理集团有限公司", "杭州乙食品有限公司", ""]
DAY = date(2024, 8, 27)
LISTS = ["专精特新", "省级农业产业化龙头企业", "百强小巨人", "某某协会会员"]

entries = st.builds(
    ListEntry,
    list=st.sampled_from(LISTS),
    issued=st.dates(DAY - timedelta(days=2), DAY + timedelta(days=2)),
    uscc=st.sampled_from(["", BAD, *GOOD]),
    name=st.sampled_from(NAMES),
    source=st.sampled_from(["s", "t"]),
)
profiles = st.fixed_dictionaries({"name": st.sampled_from(NAMES[:3]), "uscc": st.sampled_from(["", BAD, *GOOD])})


def means(entry: ListEntry, name: str, code: str) -> bool:
    codes = [one if check_codes([one])[0] else "" for one in (entry.uscc, code)]
    if all(codes):
        return codes[0] == codes[1]
    return bool(entry.name) and squeezed([entry.name]) == squeezed([name])


@settings(deadline=None)
@given(st.lists(entries, max_size=6), st.lists(profiles, max_size=5))
def test_who_is_on_a_list_is_found_as_a_plain_loop_finds_it(
    corpora: Corpora, listed: list[ListEntry], rows: list[dict[str, str]]
) -> None:
    companies = from_profiles(rows, corpora).companies
    found = ListReader(listed, corpora).read(companies, (DAY - EPOCH).days)
    expected: dict[int, dict[int, str]] = {}
    read = set()
    for place, row in enumerate(rows):
        for entry in listed:
            for number in qualifications_of(entry.list, corpora):
                if entry.issued <= DAY and means(entry, row["name"], row["uscc"]):
                    read.add(entry)
                    days = expected.setdefault(place, {})
                    days[number] = max(days.get(number, ""), entry.issued.isoformat())
    assert found.days == expected
    assert bool(found.digest) == bool(read)
    assert found.digest == ListReader(sorted(read, key=repr), corpora).read(companies, (DAY - EPOCH).days).digest
    assert found == ListReader(listed[::-1], corpora).read(companies, (DAY - EPOCH).days)


def test_lists_are_known_by_their_names(corpora: Corpora) -> None:
    ids = list(corpora.statuses["qualifications"])
    told = [[ids[number] for number in qualifications_of(name, corpora)] for name in LISTS]
    assert told == [["specialised"], ["leading_agri"], ["specialised", "top_list"], []]


@pytest.fixture
def ask(engine: Engine) -> object:
    def ranked(*listed: ListEntry, as_of: date = DAY, **more: str) -> Ranking:
        given = {"name": NAMES[0], "business_scope": "酒店管理；住宿服务", "city": "青岛市", "reg_capital_raw": "8000万元", **more}
        return engine.with_lists(listed).rank(from_profiles([given], engine.corpora), Request(as_of=as_of))

    return ranked


ON = ListEntry("专精特新", DAY, "", NAMES[0], "s")


def test_a_list_gives_what_the_companys_own_row_would_give(ask, engine: Engine) -> None:
    bare, said, listed = ask(), ask(qualifications="专精特新"), ask(ON)
    assert bare.results[0].score < said.results[0].score == listed.results[0].score
    shown = [c.evidence for c in listed.results[0].contributions if "名单" in c.evidence]
    assert any("2024-08-27" in text for text in shown)
    assert "2024-08-27" in listed.results[0].reason
    assert "2024-08-27" not in said.results[0].reason


def test_no_future_leaks_in(ask) -> None:
    before = DAY - timedelta(days=1)
    assert ask(ON, as_of=before).run.id == ask(as_of=before).run.id
    assert ask(ON, as_of=before).results == ask(as_of=before).results
    assert ask(ON).results != ask().results


def test_a_run_that_read_no_list_keeps_its_id(ask) -> None:
    others = (ListEntry("专精特新", DAY, "", NAMES[2], "s"), ListEntry("某某协会会员", DAY, "", NAMES[0], "s"))
    assert "lists" not in ask().run.request
    assert ask(*others).run.id == ask().run.id
    assert ask(*others).results == ask().results


def test_a_run_that_read_lists_says_which(ask) -> None:
    one, two = ask(ON), ask(ON, ListEntry("百强", DAY, "", NAMES[0], "s"))
    digests = {ranking.run.request["lists"] for ranking in (one, two)}
    assert len(digests) == 2 and all(len(str(digest)) == 64 for digest in digests)
    assert len({one.run.id, two.run.id, ask().run.id}) == 3
    assert ask(ON).run.id == one.run.id


def test_lists_and_a_local_register_are_read_together(engine: Engine) -> None:
    local = from_profiles([{"name": "聊城丙酒店有限公司", "business_scope": "酒店管理"}], engine.corpora)
    targets = from_profiles([{"name": NAMES[0], "business_scope": "酒店管理", "reg_capital_raw": "8000万元"}], engine.corpora)
    both = [
        engine.with_local(local).with_lists([ON]).rank(targets, Request(as_of=DAY)),
        engine.with_lists([ON]).with_local(local).rank(targets, Request(as_of=DAY)),
    ]
    assert both[0].results == both[1].results
    assert both[0].run.id == both[1].run.id
    assert {"lists", "local"} <= set(both[0].run.request)
