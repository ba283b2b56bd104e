# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: title,-all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
# ---

# %% [markdown]
# # 调一条产业链的词
# 看这条链漏了谁、错收了谁；改一个词；看名单怎样变、按评判好了还是坏了。改在副本里，不动原文件。
#
# 评判在 `rules/<园区>/judgements.csv`：由人读资料给出的等级（3 必访、2 值得访、1 勉强、0 不该上榜），这里只用开发半；
# 没有这个文件的园区，先照它的样子评几十家。

# %%
import os
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pandas as pd

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.locate import folder
from matcher.rules.judgements import read_judgements
from matcher.runs import Request
from matcher.tuning import frames, plots
from matcher.tuning.diff import diff
from matcher.tuning.outcome import read_companies
from matcher.tuning.quality import GOOD, Gauge, K
from matcher.tuning.what_if import WhatIf

ZONE, CHAIN = "liaocheng-resort", "modern-agriculture"
AS_OF = date(2026, 1, 1)
show = partial(plots.saved, folder=os.environ.get("FIGURES"))  # 给一个目录，图就另存一份 PNG

engine = Engine(ZONE)
sample = read_files([engine.corpora.sample], engine.corpora)
reading = read_companies(engine, sample, words=True)  # 要换词，文本备着
request = Request(as_of=AS_OF, chains=(CHAIN,), top=20)
trial = WhatIf(engine, reading, request)
names = {segment.id: segment.name for segment in engine.zone.segments if segment.chain == CHAIN}

# %% 各环节在各城市有几家（契合度到 0.25）
affinities = frames.affinities(engine, reading, least=0.25).query("chain == @CHAIN")
cities = affinities["city"].value_counts().head(6).index.tolist()
table = affinities.pivot_table(index="segment_name", columns="city", values="company", aggfunc="count", fill_value=0)
table = table.reindex(index=list(names.values()), columns=cities, fill_value=0)
show(plots.heat_map(table, f"{engine.zone.chain_names[CHAIN]}：各环节在各城市", "家"), "02-segments-cities")

# %% 漏了谁、错收了谁：值得访的不在前 20，不值得的在前 20
gauge = Gauge(engine, sample, read_judgements(ZONE), AS_OF)
lines = pd.DataFrame([asdict(line) for line in gauge.lines()]).query("chain == @CHAIN")
lines["place"] = lines["place"].astype("Int64")
first = lines["place"].notna() & (lines["place"] <= K)
missed = lines[(lines["grade"] >= GOOD) & ~first]
wrong = lines[(lines["grade"] < GOOD) & first]
print("漏：", missed[["name", "grade", "place", "segment"]].to_string(index=False), sep="\n")
print("错收：", wrong[["name", "grade", "place", "segment"]].to_string(index=False), sep="\n")

# %% 错收的因为哪些词
text = sample.companies.text
places = [place for place, name in enumerate(text["name"]) if name in set(wrong["name"])]
found = [one for one in engine.match(replace(sample, companies=sample.companies.take(places))) if one.chain == CHAIN]
print(pd.DataFrame([(one.name, one.segment, one.affinity / 1000, "、".join(one.matched_terms)) for one in found]).to_string())

# %% 改一个词：名称里有“工程建设”的是工程公司，不是冷链市场（改在副本里；正式改时请写明 why）
OLD = "      - {term: 冷气, why: 制冷工程公司}\n"
NEW = OLD + "      - {term: 工程建设, why: 工程公司}\n"
with TemporaryDirectory() as scratch:
    draft = Path(copytree(folder("rules") / ZONE, Path(scratch) / ZONE))
    file = draft / "chains" / f"{CHAIN}.yaml"
    before = file.read_text(encoding="utf-8")
    assert before.count(OLD) == 1
    file.write_text(before.replace(OLD, NEW), encoding="utf-8")
    changed = trial.with_rules(draft)  # 只重新匹配这个词碰得到的企业

# %% 名单怎样变：整份样例的前 20 家，和评判过的企业单独排的前 20 家
judged = [place for place, name in enumerate(text["name"]) if name in set(lines["name"])]
among = read_companies(engine, replace(sample, companies=sample.companies.take(judged)))
for label, some in (("整份样例", reading), ("评判过的", among)):
    compared = diff(engine, changed.engine, some, request)
    print(f"{label}：前 {request.top} 家换了 {compared.churn} 家")
moves = frames.moves(compared)
print(moves.query("kind != 'kept'")[["name", "kind", "old_place", "new_place", "change"]].to_string())
show(plots.slope(moves, request.top), "02-slope")

# %% 按评判好了还是坏了（开发半；四条链都量，别按下葫芦浮起瓢）
quality = pd.concat(
    [
        pd.DataFrame([asdict(one) for one in gauge.measure(rules)]).assign(rules=label)
        for label, rules in (("改前", None), ("改后", changed.engine.zone))
    ]
)
print(quality.pivot(index="chain", columns="rules", values=["ndcg", "precision"]).round(3).to_string())

# %% [markdown]
# 好的才写进 `rules/`：在副本里改完，用 `lianzhao rules check` 检查、`lianzhao rules diff` 看清、再由 `lianzhao rules publish` 发布。
