"""Made-up companies that the tests of resolution ask for, and how an answer is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from matcher.corpora import open_corpora
from matcher.intake import Companies, from_profiles
from matcher.matching.resolution import Resolution, Resolver
from matcher.rules.resolution import load_resolution

PROFILES = [
    {"name": "青岛鲸屿食品股份有限公司", "uscc": "91370200MA3C000011", "former_names": "青岛海昧食品有限公司、鲸屿食品厂"},
    {"name": "青岛鲸屿食品股份有限公司杭州分公司"},
    {"name": "绍兴市柯桥区禾晟纺织有限公司"},
    {"name": "杭州禾晟纺织有限公司"},
    {"name": "蓝溪谷集团有限公司"},
    {"name": "杭州蓝溪谷酒店管理有限公司"},
    {"name": "蓝溪谷文旅股份有限公司"},
    {"name": "鲁岳建设一公司"},
    {"name": "鲁岳建设二公司"},
    {"name": "上海云杉科技有限公司", "uscc": "91310000MA1FL00000"},
    {"name": "上海云杉科技有限公司", "uscc": "91310000MA1FL00001"},
    {"name": "苏州珑玥医疗器械有限公司", "uscc": "91320500MA1W000000"},
    {"name": "中国邮储璟泰银行股份有限公司聊城支行"},
    {"name": "杭州旅游集团有限公司"},
    {"name": "聊城市食品有限公司"},
]
WHALE, BRANCH = PROFILES[0]["name"], PROFILES[1]["name"]
RULES = load_resolution()


def base(profiles: Sequence[dict[str, str]] = PROFILES) -> Companies:
    companies = from_profiles(profiles, open_corpora()).companies
    assert len(companies) == len(profiles)
    return companies


@lru_cache(maxsize=1)
def shared() -> Resolver:
    return Resolver(base(), open_corpora(), RULES)


def told(answer: Resolution) -> tuple[str, str]:
    return answer.decision, answer.company.name if answer.company else ""
