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
# # 一小时建一个新园区
# 从一张空表到一份能出门的名单，一行代码也不改：**分析员只填表**，这本笔记本把表写成规则目录，检查，排名，量好坏，发布。
# 以珠海市金湾区为例，表在 `notebooks/zhuhai-jinwan/`。照着从头跑到尾，写出来的目录就是 `rules/zhuhai-jinwan`，一个字节不差。
#
# | 表 | 一行是 | 哪一步填 |
# |---|---|---|
# | `facts.csv` | 一件公开事实：园区、位置、小组、龙头、平台、行程 | 1 |
# | `chains.csv`、`segments.csv` | 一条产业链；一个环节（不写产业链的是机会型方向） | 2 |
# | `words.csv` | 一个环节的一组词：词、同义词、排除词、冲突词、先问 | 3、5 |
# | `scoring.yaml` | （规则，抄一份现成的来改） | 4 |
# | `judgements.csv` | 一家企业的评判 | 6 |
#
# 每张表有一列“轮”：头一小时只填第 1、2 轮（两条链、四个环节），以后每一小时添一两个环节，都记第 3 轮。
# 做自己的园区：先把 `notebooks/zhuhai-jinwan/` 整个抄成 `notebooks/自己的代号/`，在抄的那份里清空、照样子填（金湾的表留着对照），
# 再把下面的 ZONE 换成自己的代号（不改也行：运行时写 `ZONE=代号`，表在别处的写 `SHEETS=目录`），种子字、OWN、OTHER 换成自己行当的字，
# 从头跑。评判可以后填：`judgements.csv` 空着，量好坏那一步就跳过。文件格式在 `docs/new-zone.md`，词怎样读在 `docs/reading-a-scope.md`，
# 规则语言在 `docs/rule-language.md`；这里不重复，只讲先做什么、怎样判断。
#
# | 步 | 做什么 | 头一小时留几分钟 |
# |---|---|---|
# | 1 | 公开事实 → `zone.yaml` | 10 |
# | 2 | 选环节，定需求和依据 | 10 |
# | 3 | 数一数登记里怎样写，定词 → `chains/…` | 10 |
# | 4 | `scoring.yaml`：留什么，改什么 | 5 |
# | 5 | 检查；看漏了谁、误中了谁；补 | 15 |
# | 6 | 排名，逐家评，再对比 | 10 |
# | 7 | 添环节，直到填满；检查，量，放进来，发布 | 往后每小时一两个环节 |

# %% 准备：自己的企业文件写进 FILES；不写就用随附样例
import os
from collections import Counter
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from shutil import copy, copytree, rmtree
from tempfile import TemporaryDirectory
from textwrap import indent

import pandas as pd
import yaml

from matcher.cli import main
from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.errors import OptionError
from matcher.intake import read_files
from matcher.locate import folder
from matcher.rules.judgements import HALVES, judgements_of
from matcher.runs import Request
from matcher.tuning import frames, plots
from matcher.tuning.diff import diff
from matcher.tuning.edits import edits
from matcher.tuning.outcome import read_companies
from matcher.tuning.quality import Gauge

ZONE = os.environ.get("ZONE", "zhuhai-jinwan")
LIKE = "liaocheng-resort"  # 评分规则从哪个现成的园区抄起
SHEETS = Path(os.environ.get("SHEETS", folder("rules").parent / "notebooks" / ZONE))
draw = partial(plots.saved, folder=os.environ.get("FIGURES"))  # 给一个目录，图就另存一份 PNG
corpora = open_corpora()
FILES = [corpora.sample]  # 例：[Path("企业.csv")]，要有名称和经营范围
intake = read_files(FILES, corpora)
companies = frames.of(intake)
companies["said"] = companies["main_products"].fillna("").str.cat(companies["business_scope"].fillna(""), sep="；").str.strip("；")
TRIP = Request(as_of=date(2026, 11, 1), top=30)
SHIPPED = folder("rules") / ZONE
DRAFTS = os.environ.get("DRAFTS")  # 真做的时候给一个留得住的目录：DRAFTS=草稿
assert not DRAFTS or (Path(DRAFTS) / "rules" / ZONE).resolve() != SHIPPED.resolve(), (
    "DRAFTS 另给一个目录：草稿写之前先清空，不能就是 rules/ 所在的目录"
)
scratch = TemporaryDirectory()
RULES = Path(DRAFTS or scratch.name) / "rules"
DRAFT = RULES / ZONE
rmtree(DRAFT, ignore_errors=True)


def table(name: str) -> list[dict[str, str]]:
    """A sheet that the analyst fills (读一张表)."""
    return pd.read_csv(SHEETS / f"{name}.csv", dtype=str, keep_default_na=False).to_dict("records")


def parts(cell: str, mark: str = "、") -> list[str]:
    """What a cell lists (一格里的几样)."""
    return [part.strip() for part in cell.split(mark) if part.strip()]


def filled(**fields: object) -> dict[str, object]:
    """The fields that say something (没填的不写)."""
    return {name: value for name, value in fields.items() if value not in ("", [], {}, False)}


def ground(row: dict[str, str]) -> dict[str, str]:
    """Where a statement comes from (依据)."""
    return {"source": {"园区说的": "article", "推定": "assumed"}[row["依据"]], "reason": row["理由"]}


class _Neat(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - lists stand in, as elsewhere
        super().increase_indent(flow, False)


def as_yaml(content: object) -> str:
    """As a person would write it: one line for what fits in one (写成 YAML)."""
    return yaml.dump(content, Dumper=_Neat, allow_unicode=True, sort_keys=False, default_flow_style=None, width=90)


def write(name: str, schema: str, note: str, *blocks: str) -> None:
    """Writes a file of the draft (写一个规则文件); the note is its comment."""
    (DRAFT / name).parent.mkdir(parents=True, exist_ok=True)
    up = "../" * (name.count("/") + 1)
    made_of = f"# 由 notebooks/{ZONE}/ 的表写成：改表，再跑 notebooks/04_new_zone.py，不要改这个文件"
    head = [f"# yaml-language-server: $schema={up}schemas/{schema}.schema.json", made_of]
    head += [f"# {line}".rstrip() for line in note.splitlines()]
    (DRAFT / name).write_text("\n".join(head) + "\n" + "".join(blocks), encoding="utf-8")


def check() -> None:
    """Checks the draft as ``lianzhao rules check`` does (检查)."""
    wrong = main(["rules", "check", ZONE, "--rules", str(RULES), "--no-store"])
    assert not wrong, "规则有错，见上面列出的文件和行；改表，再跑"


# %% [markdown]
# ## 1 公开事实 → zone.yaml
# 填 `facts.csv`，一行一件事：
#
# - 只写查得到、几年内不会变的：在哪个市、主导产业、已落户的龙头、机场码头园区。招商意向、产值、优惠不写。
# - 每件事一个依据。园区自己发的文章里有的写“园区说的”；从新闻、年报、常识知道的写“推定”，理由写明是哪一年、什么样的公开资料。
# - 一件事有两种说法，就两种都查。例：化工园区在同一行政区，但 2024 年起由珠海经开区单独管理，所以写成平台并注明“先问”，不写成自己的。
# - 位置那一行：名称是市，决定谁算本市企业（不上名单）；值是省、经度、纬度，只用来估行程，取近似值。
# - “环节”是龙头自己所在的环节，“带动”是它能吸引哪些环节的企业来：从它是什么推出来，做制剂的药厂带动辅料、诊断，不是它说过要带谁。
#   写到的环节还没有填的，先空着，填了自动补上。


# %%
def write_zone(built: set[str]) -> None:
    """``zone.yaml`` of the facts; ``built``: the segments that there are (写 zone.yaml)."""
    of_kind: dict[str, list[dict[str, str]]] = {}
    for row in table("facts"):
        of_kind.setdefault(row["类"], []).append(row)

    def there(row: dict[str, str]) -> dict[str, object]:
        stands, attracts = ([one for one in parts(row[column]) if one in built] for column in ("环节", "带动"))
        return filled(name=row["名称"], chain=row["产业链"], segments=stands, attracts=attracts, ground=ground(row))

    for kind in ("园区", "位置", "小组"):
        assert of_kind.get(kind), f"facts.csv 里还没有“{kind}”这一行"
    (zone,), (place,) = of_kind["园区"], of_kind["位置"]
    province, longitude, latitude = parts(place["值"])
    where = {"province": province, "city": place["名称"], "longitude": float(longitude), "latitude": float(latitude)}
    content = filled(
        id=zone["代号"],
        name=zone["名称"],
        place={**where, "ground": ground(place)},
        groups=[filled(id=r["代号"], name=r["名称"], chains=parts(r["产业链"]), ground=ground(r)) for r in of_kind["小组"]],
        anchors=[there(row) for row in of_kind.get("龙头", [])],
        platforms=[there(row) for row in of_kind.get("平台", [])],
        trips=[{"name": row["名称"], "cities": parts(row["值"])} for row in of_kind.get("行程", [])],
    )
    write("zone.yaml", "zone", zone["理由"], as_yaml(content))


facts = pd.DataFrame(table("facts"))
print(facts[["类", "名称", "依据", "理由"]].to_string(index=False, max_colwidth=30))

# %% [markdown]
# ## 2 选环节
# 填 `chains.csv`、`segments.csv`：
#
# - 一条链先写三到八个。要不要拆成两个，看三件事：见面要问的话不同，落地条件不同，或长得像、其实是两个行当。都没有就不拆。
# - 位置看谁供给谁：原料、研发、装备是上游，做出产品的是中游，卖、用、修、运的是下游。供需写进 `chains.csv`（甲 > 乙），写不出的不写。
# - 需求先问区里有没有：已有龙头的是强链，紧贴龙头前后的是延链，其余补链。没有人说过的，依据写推定，理由写怎样推的。
# - 优先级分三档就够：急的 8–9，要的 6–7，顺带的 3–4。原料药一类要进化工园区的，那一列写“是”。
# - 每个环节写一句“先问”：见到这类企业，第一句问什么，答案会改变去不去。
#
# 国民经济行业代码按名称找：


# %%
def codes(word: str) -> pd.Series:
    """Codes of the classification of industries whose names hold a word (行业代码)."""
    found = pd.Series(dict(corpora.gbt4754))
    return found[found.str.contains(word) & (found.index.str.len() == 4)]


print(codes("药品|生物药|医疗诊断|飞行器|航空").to_string())
segments = pd.DataFrame(table("segments"))
print(segments[segments["轮"] == "1"][["产业链", "代号", "名称", "位置", "需求", "优先级", "先问"]].to_string(index=False))

# %% [markdown]
# ## 3 找词
# 不要先想词，先数登记里怎样写。拿一个种子字，看含它的经营项目各有几家在写：

# %%


def items_with(seed: str, top: int = 12) -> pd.Series:
    """Items of scopes and products that hold a seed, by how many companies write them (含这个字的经营项目)."""
    counted: Counter[str] = Counter()
    for text in companies["said"]:
        counted.update({item.strip() for item in text.replace("、", "；").replace("，", "；").split("；") if seed in item})
    return pd.Series(dict(counted.most_common(top)), dtype=int)


for seed in ("诊断", "疫苗", "片剂", "飞行"):
    print(f"—— {seed}\n{items_with(seed).to_string()}")

# %% [markdown]
# 填 `words.csv`，第 1 轮只写词，故意不写排除和冲突：一行一个环节的一个权重，词用“、”隔开。
# 权重这样给：只有这一行才写的给 10（`片剂`），多半是的给 7（`制药`），名字里常有、说明不了多少的给 4（`药业`），只是提示给 2。
# 2021 年以后的登记用规范表述（药品委托生产、第二类医疗器械生产、智能无人飞行器制造），2019 年以前写品名和剂型，两种都要收。
# 别的园区有相近的环节时，先抄它的词，再改。

# %%
SAYS = {
    "position": {"上游": "upstream", "中游": "midstream", "下游": "downstream"},
    "kind": {"制造": "maker", "服务": "service", "流通": "trade"},
    "need": {"补链": "complement", "强链": "strengthen", "延链": "extend"},
}


def words_of(rows: list[dict[str, str]]) -> dict[str, object]:
    """A segment's words as the file holds them (一个环节的词)."""
    terms: dict[int, list[str]] = {}
    synonyms: dict[str, list[str]] = {}
    for row in rows:
        if row["类"] == "词":
            terms.setdefault(int(row["权重或本词"]), []).extend(parts(row["词"]))
        elif row["类"] == "同义词":
            synonyms.setdefault(row["权重或本词"], []).extend(parts(row["词"]))
    not_this = {
        kind: [{"term": word, "why": row["为什么"]} for row in rows if row["类"] == kind for word in parts(row["词"])]
        for kind in ("排除词", "冲突词")
    }
    asks_of = [{"words": parts(row["词"]), "asks": row["为什么"]} for row in rows if row["类"] == "先问"]
    heavy_first = dict(sorted(terms.items(), reverse=True))
    return filled(asks_of=asks_of, terms=heavy_first, synonyms=synonyms, excluded=not_this["排除词"], conflicts=not_this["冲突词"])


def segment_block(row: dict[str, str], words: list[dict[str, str]]) -> str:
    """A segment with its remark (一个环节)."""
    content = filled(
        id=row["代号"],
        name=row["名称"],
        position=SAYS["position"].get(row["位置"], ""),
        kind=SAYS["kind"][row["类型"]],
        need=SAYS["need"].get(row["需求"], ""),
        priority=int(row["优先级"] or 0) or "",
        ground=ground(row),
        description=row["说明"],
        gbt4754=parts(row["行业代码"]),
        needs_chemical_park=row["进化工园区"] == "是",
        wants_group=row["要集团"] == "是",
        asks=row["先问"],
        **words_of([one for one in words if one["环节"] == row["代号"]]),
    )
    remark = "".join(f"  # {line}\n" for line in row["备注"].splitlines())
    return "\n" + remark + indent(as_yaml([content]), "  ")


def write_chains(last: int) -> set[str]:
    """``chains/…`` and ``opportunities.yaml`` of all rows up to a round (写产业链); the ids of the segments."""
    rows, words = ([row for row in table(name) if int(row["轮"]) <= last] for name in ("segments", "words"))
    ids = {row["代号"] for row in rows}
    rmtree(DRAFT / "chains", ignore_errors=True)
    (DRAFT / "opportunities.yaml").unlink(missing_ok=True)
    for chain in table("chains"):
        blocks = [segment_block(row, words) for row in rows if row["产业链"] == chain["代号"]]
        pairs = [parts(pair, ">") for pair in parts(chain["供需"], "；")]
        edges = [pair for pair in pairs if ids.issuperset(pair)]
        head = f"id: {chain['代号']}\nname: {chain['名称']}\nsegments:\n"
        tail = ["\n", as_yaml({"edges": edges})] if edges else []
        write(f"chains/{chain['代号']}.yaml", "chain", chain["备注"], head, *blocks, *tail)
    if themes := [segment_block(row, words) for row in rows if not row["产业链"]]:
        write("opportunities.yaml", "opportunities", "产业链之外也值得谈的方向，单独成榜，不占产业链名额。", "themes:\n", *themes)
    return ids


built = write_chains(last=1)
write_zone(built)
print((DRAFT / "chains" / f"{table('chains')[-1]['代号']}.yaml").read_text(encoding="utf-8")[-900:])

# %% [markdown]
# ## 4 scoring.yaml：从现成的改起
# 抄一份现成园区的，放在表的旁边改：
#
# - **留**：各组封顶合计 100；主业契合、方式、规模、年限、疑点；网点、个体户、金融、城投、租赁一类否决。什么行当都用得上。
# - **改**：写着别的园区产业的话；规模门槛（新行当的公司起步资本小）；年限（新行当 3 年就算站住）；
#   见面先问的话；落地（化工园区是否决还是多一道手续）。
# - **删**：只对别的产业有意义的（景区、球场、俱乐部），和会误伤本链的（驾校的否决会误伤飞行员培训）。
#
# 改了什么、为什么，写在文件开头和各条的 why。同抄来的那一份差在哪里，逐处列出来再看一遍：

# %%
copy(SHEETS / "scoring.yaml", DRAFT / "scoring.yaml")
check()
given, first = Engine(LIKE), Engine(ZONE, rules=RULES)
of_rules = [one for one in edits(given.zone, first.zone) if one.where.startswith(("规则", "否决", "分组", "见面"))]
print(f"同 {LIKE} 的评分规则差 {len(of_rules)} 处")
print(pd.Series([one.what for one in of_rules], dtype=object).value_counts().to_string())

# %% [markdown]
# ## 5 看漏了谁、误中了谁
# 拿企业文件跑 `match`（命令行是 `lianzhao match 文件 --zone … --rules … --out 结果.csv`），读两张表：
#
# - **漏了**：名称或产品里有这一行的字，契合度却不到 0.25；
# - **误中**：契合度 0.25 以上，名称或产品里却有别的行当的字（兽、动物、药店、零售、检验中心……）。


# %%
def matched(engine: Engine) -> pd.DataFrame:
    """Every company with its best segment, by affinity (契合度表)."""
    best = frames.of(engine.match(intake)).sort_values("affinity", ascending=False).drop_duplicates(["file", "row"])
    return best.merge(companies[["file", "row", "said"]], on=["file", "row"])


def told(found: pd.DataFrame, own: str, other: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who is missed, and who is hit although another trade's word stands there (漏的、误中的)."""
    text = found["name"] + "；" + found["said"]
    missed = found[(found["affinity"] < 0.25) & text.str.contains(own) & ~text.str.contains(other)]
    wrong = found[(found["affinity"] >= 0.25) & text.str.contains(other)]
    return missed, wrong


def show(engine: Engine) -> None:
    """Prints both (打印两张表)."""
    for title, some in zip(("漏了", "误中"), told(matched(engine), OWN, OTHER), strict=True):
        print(
            f"{title} {len(some)} 家\n{some[['affinity', 'segment', 'name', 'said']].head(10).to_string(index=False, max_colwidth=40)}"
        )


OWN = "剂生产|制药|冻干|滴眼|药业|试剂生产|无人机"
OTHER = "兽|动物|药店|药房|零售|连锁|批发|检验中心|医院|票务|航空服务"
show(first)

# %% [markdown]
# 一家一家说出为什么，再决定在 `words.csv` 里添哪一样，都记第 2 轮：
#
# - 写法没收全 → 加词，或加同义词（`冻干粉针` 的另一种写法）；
# - 一项说的是别的东西 → 排除词，只管那一项（动物诊断试剂、航空票务）；
# - 整家是别的行当 → 冲突词，只留三成（药店、兽药厂）。词要短、意思要准，加完再跑一遍，看误伤了谁；
# - 单字太泛 → 减权重（`诊断` 给汽车、企业、节能的诊断都开了门），或干脆不收。
# - 名称里的词要另数一遍：手上有大批企业名称的，看叫这个词的都是谁。全国叫“某某航空服务”的几乎都是机票代理，
#   “北斗”多是字号，“化学试剂”是化工商店：这样的词给 2，或不收。
# - 一个词藏在另一个词里：`燃机` 在“内燃机”里，`穿刺器` 在“注射穿刺器械”里，`航空器` 在“航空器材”里；长的那个写进排除词。
# - 否决也会误伤：抄来的标记认名称里的字，电网办的通航公司名称里有“国网”。看一遍 `未列入` 里有没有自己要的。
# - 两个字的词要合词界，三个字以上出现就算；`rules check` 会指出永远找不到的词。

# %%
FIRST = Path(scratch.name) / "first"  # 第 1 轮留着，最后对比
write_zone(write_chains(last=1))
rmtree(FIRST, ignore_errors=True)
copytree(DRAFT, FIRST)
write_zone(write_chains(last=2))
check()
second = Engine(ZONE, rules=RULES)
show(second)

# %% [markdown]
# 剩下的再看一遍：做中成药、原料药、制药机械、饲料的，本来就不是这几个环节，漏得对，等补了那几个环节再看；
# 真药厂顺带写一句批发、零售的，契合度还在，也不用动。零误中不是目标，把真厂家误伤了才是错。
#
# ## 6 排名，逐家评
# 读理由和原始登记，当自己明天要开车去，一条链一条链地评：**3** 必访、**2** 值得访、**1** 勉强、**0** 不该上榜，写一句为什么，
# 记进 `judgements.csv`（`half` 写 `dev`；想留一半不看、只用来核对的，写 `held`）。
# 先评完再改，一轮至少 20 家；“0”超过三家，回第 5 步。另外随便抽二十家契合度 0.2–0.4 的也评：只评榜上的，看不出漏了谁。

# %%
ranking = second.rank(intake, TRIP)
results = frames.of(ranking).query("list == 'chains'").set_index("rank")
print(results[["name", "city", "score", "band", "segment", "affinity"]].head(20).to_string())
print("\n".join(results["reason"].head(3)))

# %% [markdown]
# 再看改动值不值：同一份企业，改前改后两张名单（命令行是 `lianzhao rules diff`，见 `docs/tuning.md`）。
# 进来的、出去的都要说得出为什么；说不出的，那个词还要看。

# %%
reading = read_companies(second, intake)
found = diff(second.with_rules(FIRST), second, reading, TRIP)
moves = frames.of(found)
print(moves["kind"].value_counts().to_string())
print(moves[moves["kind"].isin(["entered", "left"])][["kind", "name", "old_place", "new_place"]].to_string(index=False))

# %% [markdown]
# ## 7 填满，检查，量，放进来，发布
# 往后每一小时添一两个环节：`segments.csv` 一行，`words.csv` 几十行，都记第 3 轮，再走一遍第 5、6 步。三样办法最省时间：
#
# - **抄，再拆**：别的园区有相近的环节，把词抄来，再按第 2 步的三问拆开。
# - **同形异义**：每个环节都写清像谁：玩具无人机、飞行影院、旋翼式水表、倒车雷达、汽车诊断、细胞美容、生物有机肥……
# - **产业链之外**也值得谈的，产业链一格空着，就是机会型。
#
# 全部的行都写出来，就是成品：

# %%
write_zone(write_chains(last=3))
if (SHEETS / "judgements.csv").is_file():
    copy(SHEETS / "judgements.csv", DRAFT / "judgements.csv")
check()
full = Engine(ZONE, rules=RULES)
depth = {"第 1 轮": second.with_rules(FIRST).zone, "头一小时": second.zone, "全套": full.zone}
counts = {
    who: {"产业链": len(zone.chain_names), "环节和机会型": len(zone.segments), "词": sum(len(s.terms) for s in zone.segments)}
    for who, zone in depth.items()
}
print(pd.DataFrame(counts).to_string())
compared = diff(second, full, reading, TRIP)
print(f"头一小时与全套：前 {TRIP.top} 家里共有的占 {compared.overlap:.0%}")

# %% [markdown]
# 各环节认出了几家，一轮一列：契合度 0.25 以上的，一家算一次，算在它最契合的那个环节。空着的格子是一家也没有。
# 全套那一列还空着的，先想是这批企业里本来没有（金湾的随附样例多是青岛、杭州、绍兴的），还是词没收全；
# 一个环节比别的多出好几倍的，多半是有一个词太泛，回第 5 步看误中了谁。

# %% 图：各环节认出几家
rounds = {"第 1 轮": second.with_rules(FIRST), "头一小时": second, "全套": full}
theirs = {who: matched(engine).query("affinity >= 0.25")["segment"].value_counts() for who, engine in rounds.items()}
called = {one.id: f"{full.zone.chain_names.get(one.chain, '机会型')} / {one.name}" for one in full.zone.segments}
by_round = pd.DataFrame(theirs).reindex(called).fillna(0).astype(int).rename(index=called)
draw(plots.heat_map(by_round, "各环节认出的企业", "家"), "04-segments")
print("全套里一家也没有的环节：" + ("、".join(by_round.index[by_round["全套"] == 0]) or "没有"))

# %% 量：评判过的企业单独排，前 20 名排得有多好（评判从哪份企业来的，就用哪份量）
try:
    measured = Gauge(full, intake, judgements_of(DRAFT / "judgements.csv", HALVES), TRIP.as_of).measure()
except OptionError as error:  # 一家都还没有评
    measured = []
    print(f"先跳过：{error}")
quality = pd.DataFrame([asdict(one) for one in measured])
if measured:
    print(quality.round(3).to_string(index=False))

# %% [markdown]
# 满意了，运行时写上 `PUBLISHED_BY=姓名 NOTE=为什么发这一版`，整个目录就放进 `rules/` 并发布一版（命令行是 `lianzhao rules publish`）。
# 每个踩过的坑，记一对“更好、更差”到
# `tests/cases/`（自己编的企业）。以后改词改分值，改表、再从头跑；已经在 `rules/` 里的，同表写出来的应当一个字节不差：

# %%
written = {path.relative_to(DRAFT): path.read_bytes() for path in sorted(DRAFT.rglob("*")) if path.is_file()}
shipped = {path.relative_to(SHIPPED): path.read_bytes() for path in sorted(SHIPPED.rglob("*")) if path.is_file()}
differing = sorted(str(name) for name in written.keys() | shipped.keys() if written.get(name) != shipped.get(name))
print(f"{len(written)} 个文件；和 rules/{ZONE} 不同的：{'、'.join(differing) or '没有'}")
if by := os.environ.get("PUBLISHED_BY"):  # 写上谁发布的，才放进来、才发布
    rmtree(SHIPPED / "chains", ignore_errors=True)  # 表里去掉了的产业链不留下
    copytree(DRAFT, SHIPPED, dirs_exist_ok=True)
    note = os.environ.get("NOTE", f"由 notebooks/{ZONE}/ 的表写成")
    assert main(["rules", "publish", ZONE, "--by", by, "--note", note]) == 0, "没有发布，见上面的话"
scratch.cleanup()
