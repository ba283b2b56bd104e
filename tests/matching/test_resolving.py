"""``resolve_names`` answers as the resolver does, in order, with codes, with what the user knows, and with a snapshot's index."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher import resolving
from matcher.corpora import Corpora
from matcher.engine import Engine
from matcher.errors import RulesError
from matcher.intake import from_profiles
from matcher.matching.name_files import built_index, index_of
from matcher.matching.resolution import Known, Resolver
from matcher.resolving import resolve_names
from matcher.rules.resolution import load_resolution

PROFILES = [
    {"name": "青岛鲸屿食品股份有限公司", "uscc": "91370200MA3C000011"},
    {"name": "杭州禾晟纺织有限公司"},
    {"name": "台州禾晟纺织有限公司"},
]


def test_answers_are_the_resolvers_in_the_order_of_the_queries(corpora: Corpora) -> None:
    base = from_profiles(PROFILES, corpora)
    queries = ["鲸屿食品", ("", "91370200MA3C000011"), ("禾晟纺织", "91370200MA3C000011"), "台州机床"]
    answers = resolve_names(iter(queries), base)
    resolver = Resolver(base.companies, corpora, load_resolution())
    assert answers == [resolver.resolve(*([query] if isinstance(query, str) else query)) for query in queries]
    assert [answer.decision for answer in answers] == ["same", "same", "unsure", "none"]


@pytest.mark.parametrize("processes", [2, 3])
def test_the_number_of_processes_changes_no_answer(corpora: Corpora, monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    base = from_profiles(PROFILES, corpora)
    queries = ["鲸屿食品", ("", "91370200MA3C000011"), ("禾晟纺织", "91370200MA3C000011"), "台州机床", "", "青岛", "台州禾晟"] * 4
    wanted = resolve_names(queries, base)
    monkeypatch.setattr(resolving, "_AT_ONCE", 5)
    assert resolve_names(queries, base, processes=processes) == wanted
    assert resolve_names([], base, processes=processes) == []


def test_the_engine_answers_the_same(engine: Engine, corpora: Corpora) -> None:
    base = from_profiles(PROFILES, corpora)
    assert engine.resolve(["鲸屿食品", "禾晟纺织"], base) == resolve_names(["鲸屿食品", "禾晟纺织"], base)


def test_what_the_user_knows_and_a_ready_index_are_used(corpora: Corpora) -> None:
    base = from_profiles(PROFILES, corpora)
    known = Known({"鲸鲸": ("青岛鲸屿食品股份有限公司", "")}, {"禾晟": "台州禾晟纺织有限公司"})
    names = base.companies.text["name"]
    index = index_of(names, base.companies.text["former_names"])
    answers = resolve_names(["鲸鲸", "禾晟"], base, known, index=index)
    assert [answer.company.name for answer in answers if answer.company] == [names[0], names[2]]
    with pytest.raises(ValueError, match="another base"):
        resolve_names(["鲸鲸"], base, index=built_index(names[:1]))


def test_mistaken_rules_are_told(corpora: Corpora, tmp_path: Path) -> None:
    with pytest.raises(RulesError):
        resolve_names(["鲸鲸"], from_profiles(PROFILES, corpora), rules=tmp_path)
