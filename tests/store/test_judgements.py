"""Judgements behave like a plain dict by squeezed query, whatever is recorded, withdrawn and recorded again; nothing is ever lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete

from matcher.corpora import Corpora, open_corpora
from matcher.errors import OptionError
from matcher.intake import from_profiles
from matcher.matching.name_index import squeezed
from matcher.matching.resolution import Known, Resolver
from matcher.rules.resolution import load_resolution
from matcher.store.database import Store
from matcher.store.judgements import history, judge, known, latest, withdraw
from matcher.store.tables import judgements

CODE = "91330000794366433K"
QUERIES = st.sampled_from(["青岛海之星", "青岛 海之星", "青島海之星", "海之星（杭州）", "海之星(杭州)", "云上", "ＡＢＣ", "abc"])
COMPANIES = st.sampled_from([None, CODE, "杭州云上茶业有限公司", "海之星有限公司"])


def machine(store: Store) -> type[RuleBasedStateMachine]:
    class Judged(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model: dict[str, str | None] = {}
            self.recorded = 0
            with store.writing() as connection:
                connection.execute(delete(judgements))

        @rule(query=QUERIES, company=COMPANIES)
        def record(self, query: str, company: str | None) -> None:
            judge(store, query, company, by="甲", note="看过")
            self.model[squeezed([query])[0]] = company
            self.recorded += 1

        @rule(query=QUERIES)
        def take_back(self, query: str) -> None:
            short = squeezed([query])[0]
            assert bool(withdraw(store, query, by="乙", note="看错")) == (short in self.model)
            self.model.pop(short, None)

        @invariant()
        def same_as_the_dict(self) -> None:
            assert known(store) == self.model
            everything = history(store)
            assert len(everything) == self.recorded
            assert {squeezed([one.query])[0]: one.company for one in latest(everything)} == self.model
            assert all((one.withdrawn_at is None) == (one.withdrawn_by is None) for one in everything)

    return Judged


def test_judgements_are_a_dict_with_a_history(store: Store) -> None:
    run_state_machine_as_test(machine(store), settings=settings(max_examples=15, stateful_step_count=12, deadline=None))


@settings(deadline=None)
@given(st.text(max_size=100))
def test_squeezing_twice_is_squeezing_once(query: str) -> None:
    """The resolver squeezes what ``known`` gives it once more."""
    (once,) = squeezed([query])
    assert squeezed([once]) == [once]


def test_the_resolver_follows_them(store: Store, corpora: Corpora) -> None:
    companies = from_profiles([{"name": "杭州云上茶业有限公司", "uscc": CODE}, {"name": "海之星有限公司"}], corpora).companies
    for query, company in (("某某", CODE), ("海之星有限公司", None), ("云 上", "杭州云上茶业有限公司")):
        judge(store, query, company)
    resolver = Resolver(companies, corpora, load_resolution(), Known({}, known(store)))
    assert resolver.resolve("某某").company == resolver.resolve("云上").company
    assert resolver.resolve("某 某").decision == "same"
    assert resolver.resolve("海之星有限公司").decision == "none"


@pytest.mark.parametrize("query", ["", " ", "，。", "长" * 101])
def test_a_query_is_a_name(store: Store, query: str) -> None:
    with pytest.raises(OptionError, match="名称"):
        judge(store, query, None)
    with pytest.raises(OptionError, match="名称"):
        withdraw(store, query)
    assert history(store) == []


@pytest.mark.parametrize("company", ["", "。", "91330000794366433X", "长" * 101])
def test_a_company_is_a_code_or_a_name(store: Store, company: str) -> None:
    with pytest.raises(OptionError):
        judge(store, "某某", company)
    assert history(store) == []


def test_codes_are_kept_as_they_should_be_written(store: Store) -> None:
    judge(store, "某某", " 91330000794366433k ")
    assert known(store) == {"某某": CODE}


def test_what_no_database_can_hold_is_replaced(store: Store) -> None:
    judge(store, "某\ud800某", "丙\0有限公司", by="\udcff", note="\0")
    (one,) = history(store)
    assert (one.query, one.company, one.by, one.note) == ("某?某", "丙�有限公司", "?", "�")


def test_a_judgement_with_code_and_name_outlives_a_change_of_name_and_a_file_without_codes(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(delete(judgements))
    judge(store, "海之星", "青岛海之星有限公司", code=CODE)
    asked = Known({}, known(store))
    bases = {
        "青岛蓝溪科技有限公司": [{"name": "青岛蓝溪科技有限公司", "uscc": CODE}, {"name": "别的有限公司"}],
        "青岛海之星有限公司": [{"name": "青岛海之星有限公司"}, {"name": "别的有限公司"}],
    }
    for name, profiles in bases.items():
        resolver = Resolver(from_profiles(profiles, open_corpora()).companies, open_corpora(), load_resolution(), asked)
        answer = resolver.resolve("海之星")
        assert answer.decision == "same" and answer.company is not None and answer.company.name == name
    another = [{"name": "青岛海之星有限公司", "uscc": "91370200MA3C000011"}]
    resolver = Resolver(from_profiles(another, open_corpora()).companies, open_corpora(), load_resolution(), asked)
    assert resolver.resolve("海之星").decision == "none"
