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
# # 调分值
# 一条规则的分值从小调到大，看名单质量怎样变；挑一个值，看谁进谁出、谁的分变在哪里、名单稳不稳。
# 文本只读一次，规则的取值留成列，所以每调一步只是重算、重排（[怎么做到的](../docs/tuning.md)）。

# %%
import os
import time
from dataclasses import asdict
from datetime import date
from functools import partial

import pandas as pd

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.rules import Zone
from matcher.rules.judgements import read_judgements
from matcher.runs import Request
from matcher.tuning import frames, plots
from matcher.tuning.diff import diff
from matcher.tuning.outcome import outcome_of, read_companies
from matcher.tuning.quality import Gauge, K
from matcher.tuning.what_if import WhatIf

ZONE, RULE = "liaocheng-resort", "thin_capital"
TRIP = Request(as_of=date(2026, 1, 1), cities=("青岛", "杭州", "绍兴"), top=20)
STEPS = [-20.0, -16.0, -12.0, -10.0, -8.0, -6.0, -4.0, -2.0, 0.0]
show = partial(plots.saved, folder=os.environ.get("FIGURES"))  # 给一个目录，图就另存一份 PNG

engine = Engine(ZONE)
sample = read_files([engine.corpora.sample], engine.corpora)
reading = read_companies(engine, sample, TRIP.cities)
trial = WhatIf(engine, reading, TRIP)
(rule,) = (one for one in engine.zone.scoring.rules if one.id == RULE)


def with_weight(weight: float) -> Zone:
    rules = [one.model_copy(update={"weight": weight}) if one.id == RULE else one for one in engine.zone.scoring.rules]
    return engine.zone.with_scoring(engine.zone.scoring.model_copy(update={"rules": rules}))


# %% 一步一步调，每一步量四条链（评判的开发半）
gauge = Gauge(engine, sample, read_judgements(ZONE), TRIP.as_of)
start = time.perf_counter()
steps = pd.DataFrame([{"at": weight, **asdict(one)} for weight in STEPS for one in gauge.measure(with_weight(weight))])
print(f"{len(STEPS)} 步，四条链，共 {time.perf_counter() - start:.1f} 秒")
print(steps.pivot(index="at", columns="chain", values="ndcg").assign(mean=lambda table: table.mean(axis=1)).round(3).to_string())

# %%
across = f"「{rule.label}」的分值（分）"
show(plots.quality_curves(steps, across, rule.weight, engine.zone.chain_names, k=K), "03-ndcg")

# %%
show(plots.quality_curves(steps, across, rule.weight, engine.zone.chain_names, of="precision", k=K), "03-precision")

# %% 减半，集团少给 4 分：名单怎样变
half = with_weight(rule.weight / 2)
rules = [one.model_copy(update={"weight": one.weight - 4}) if one.id == "is_group" else one for one in half.scoring.rules]
changed = trial.with_rules(half.with_scoring(half.scoring.model_copy(update={"rules": rules})))
results = frames.results(changed.rank()).query("list == 'chains'")
compared = diff(engine, changed.engine, reading, TRIP)
moves = frames.moves(compared)
parts = frames.move_parts(compared)
print(f"前 {TRIP.top} 家换了 {compared.churn} 家，重合 {compared.overlap:.0%}，次序一致 τ {compared.tau:.2f}")
print(moves.query("kind in ('entered', 'left')")[["name", "kind", "old_place", "new_place", "change"]].to_string())
show(plots.slope(moves, TRIP.top), "03-slope")

# %% 分变在哪里
show(plots.effects(parts), "03-effects")

# %% 分变得最多、仍在榜上的一家，现在的分怎样来
most = moves.dropna(subset=["new_place"]).query("new_place <= @TRIP.top").sort_values("change", ascending=False)["name"].iloc[0]
group_names = {group.id: group.label for group in changed.engine.zone.scoring.groups}
show(plots.waterfall(frames.parts(changed.rank()).query("list == 'chains' and name == @most"), group_names), "03-waterfall")

# %% 档次还合不合适
everybody = frames.everybody(changed.engine, reading, outcome_of(changed.engine, reading, TRIP))
show(plots.score_distribution(everybody, engine.zone.scoring.bands.model_dump()), "03-scores")

# %% 名单上各环节在各档有几家
listed = everybody.dropna(subset=["place"])
bands = engine.zone.scoring.bands
band = pd.cut(listed["score"].astype(float), [-1, bands.C, bands.B, bands.A, 101], right=False, labels=["D", "C", "B", "A"])
chain = listed["chain"].map(engine.zone.chain_names).fillna("不在链上")
table = pd.crosstab(chain, band)[["A", "B", "C", "D"]]
show(plots.heat_map(table, "名单上各产业链在各档", "家"), "03-bands")

# %% [markdown]
# 评判只有几十家一条链，差一两个百分点是噪声；名单看着对、评判不变坏，再写进 `scoring.yaml`。
# 之后：`lianzhao rules check`、`lianzhao rules diff`，由 `lianzhao rules publish` 发布。
