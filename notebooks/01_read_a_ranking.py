# %% [markdown]
# # 读懂一份名单
# 给随附的真实企业排序，把结果读成表：名单、逐条得分、未知字段；最后改一条规则的分值，看名单怎样变。

# %%
from dataclasses import asdict
from datetime import date
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pandas as pd

from matcher.engine import Engine
from matcher.intake import read_files
from matcher.locate import folder
from matcher.runs import Request

ZONE = "liaocheng-resort"
TRIP = Request(as_of=date(2024, 8, 27), cities=("青岛", "杭州", "绍兴"), top=50)

engine = Engine(ZONE)
companies = read_files([engine.corpora.sample], engine.corpora)
ranking = engine.rank(companies, TRIP)

# %% 名单
results = pd.DataFrame([asdict(result) for result in ranking.results]).set_index("rank")
print(results[["name", "city", "score", "band", "need", "segment", "affinity"]].head(10).to_string())

# %% 逐条得分：一行一家、一列一条规则
points = pd.DataFrame(
    {result.rank: {contribution.rule: contribution.points for contribution in result.contributions} for result in ranking.results}
).T
print(points.describe().loc[["min", "mean", "max", "std"]].T.sort_values("std", ascending=False).head(8).round(2).to_string())

# %% 还有哪些不知道：出发前先问什么
print(results["unknown"].explode().value_counts().to_string())
print(results["next_question"].value_counts().to_string())

# %% 没有列入的，各因哪一条
print(pd.Series(ranking.vetoed).sort_values(ascending=False).to_string())

# %% 试一试：名称一致从 5 分改成 1 分，名单怎样变（在临时目录里改，不动原文件）
with TemporaryDirectory() as scratch:
    rules = Path(scratch) / "rules"
    copytree(folder("rules"), rules)
    scoring = rules / ZONE / "scoring.yaml"
    text = scoring.read_text(encoding="utf-8")
    before = "label: 名称行业词一致\n    weight: 5\n"
    assert before in text
    scoring.write_text(text.replace(before, before.replace("weight: 5", "weight: 1")), encoding="utf-8")
    changed = Engine(ZONE, rules=rules).rank(companies, TRIP)

moved = {result.name: result.rank for result in changed.results}
results["then"] = results["name"].map(moved)
results["moved"] = results.index - results["then"]
print(results.loc[results["moved"] != 0, ["name", "score", "then", "moved"]].head(10).to_string())
