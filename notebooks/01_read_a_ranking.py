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
# # 读懂一份名单
# 给随附的真实企业排序，把结果读成整齐的表：名单、逐条得分、依据；看一家的得分怎样来；最后改一条规则的分值，看名单怎样变。

# %%
import os
from datetime import date
from functools import partial

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.runs import Request
from matcher.tuning import frames, plots
from matcher.tuning.diff import diff
from matcher.tuning.outcome import outcome_of, read_companies
from matcher.tuning.what_if import WhatIf

ZONE = "liaocheng-resort"
TRIP = Request(as_of=date(2024, 8, 27), cities=("青岛", "杭州", "绍兴"), top=50)
show = partial(plots.saved, folder=os.environ.get("FIGURES"))  # 给一个目录，图就另存一份 PNG

engine = Engine(ZONE)
reading = read_companies(engine, read_files([engine.corpora.sample], engine.corpora), TRIP.cities)  # 文本只读这一次
trial = WhatIf(engine, reading, TRIP)
ranking = trial.rank()

# %% 名单
results = frames.results(ranking).query("list == 'chains'").set_index("rank")
print(results[["name", "city", "score", "band", "need", "segment", "affinity"]].head(10).to_string())

# %% 逐条得分：一行一家一条规则，转成一列一条规则，看哪几条拉开差距
contributions = frames.contributions(ranking).query("list == 'chains'")
points = contributions.pivot_table(index="rank", columns="label", values="points", aggfunc="sum").astype(float)
print(points.describe().loc[["min", "mean", "max", "std"]].T.sort_values("std", ascending=False).head(8).round(2).to_string())

# %% 第一名的得分怎样来
group_names = {group.id: group.label for group in engine.zone.scoring.groups}
show(plots.waterfall(frames.parts(ranking).query("list == 'chains' and rank == 1"), group_names), "01-waterfall")

# %% 全部企业的得分，上榜的、被否决的
everybody = frames.everybody(engine, reading, outcome_of(engine, reading, TRIP))
print(everybody["fate"].value_counts().to_string())
print(everybody["veto"].value_counts().to_string())
show(plots.score_distribution(everybody, engine.zone.scoring.bands.model_dump()), "01-scores")

# %% 前 50 家还有哪些不知道：出发前先问什么（依据表：一行一家一个字段）
placed = trial.order().ordered.take(range(TRIP.top))
evidence = frames.evidence(engine, reading, TRIP, placed.company, placed.segment)
asked = set(results["next_question"].dropna())
print(evidence[evidence["field"].isin(asked)].groupby("label")["known"].agg(["sum", "size"]).to_string())
print(results["next_question"].value_counts().to_string())

# %% 试一试：名称一致从 5 分改成 1 分，名单怎样变（不写任何文件）
rules = [rule.model_copy(update={"weight": 1.0}) if rule.id == "name_agrees" else rule for rule in engine.zone.scoring.rules]
changed = trial.with_rules(engine.zone.with_scoring(engine.zone.scoring.model_copy(update={"rules": rules})))
compared = diff(engine, changed.engine, reading, TRIP)
moves = frames.moves(compared)
print(moves.query("kind != 'kept'")[["name", "kind", "old_place", "new_place", "change"]].head(10).to_string())
print(frames.move_parts(compared).groupby("label")["change"].agg(["size", "sum"]).to_string())
