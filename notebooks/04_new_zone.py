# %% [markdown]
# # 一小时建一个新园区
# 从空目录到一份能出门的名单，一行代码也不改。以珠海市金湾区为例，头一小时只做一条链、三个环节；
# 照同样的步骤做完的全套，就是 `rules/zhuhai-jinwan`，最后一步拿来对比。
#
# 文件格式在 `docs/new-zone.md`，词怎样读在 `docs/reading-a-scope.md`，规则语言在 `docs/rule-language.md`；
# 这里不重复，只讲先做什么、怎样判断。
#
# | 步 | 做什么 | 留几分钟 |
# |---|---|---|
# | 1 | 公开事实 → `zone.yaml` | 10 |
# | 2 | 选环节，定需求和依据 | 10 |
# | 3 | 数一数登记里怎样写，定词 | 10 |
# | 4 | `scoring.yaml`：留什么，改什么 | 5 |
# | 5 | 检查；看漏了谁、误中了谁；补 | 15 |
# | 6 | 排名，逐家评 20 家，再对比 | 10 |

# %% 准备：自己的企业文件写进 FILES；不写就用随附样例
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pandas as pd

from matcher.cli import main
from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.intake import read_files
from matcher.locate import folder
from matcher.runs import Request
from matcher.tuning.diff import diff
from matcher.tuning.outcome import read_companies

ZONE = "zhuhai-jinwan"
corpora = open_corpora()
FILES = [corpora.sample]  # 例：[Path("企业.csv")]
TRIP = Request(as_of=date(2026, 11, 1), top=30)
companies = read_files(FILES, corpora)
scratch = TemporaryDirectory()  # 真做的时候用一个留得住的目录
RULES = Path(scratch.name) / "rules"
DRAFT = RULES / ZONE


def write(name: str, text: str) -> None:
    """Writes a file of the draft (写一个规则文件)."""
    (DRAFT / name).parent.mkdir(parents=True, exist_ok=True)
    (DRAFT / name).write_text(text.lstrip("\n"), encoding="utf-8")


def mend(name: str, *changes: tuple[str, str]) -> None:
    """Replaces text that must be there exactly once (改几处；原文要正好有一处)."""
    text = (DRAFT / name).read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, f"{name} 里应有一处：{before}"
        text = text.replace(before, after)
    (DRAFT / name).write_text(text, encoding="utf-8")


def cut(name: str, start: str, end: str) -> None:
    """Takes out what stands from one text up to another (删一段)."""
    text = (DRAFT / name).read_text(encoding="utf-8")
    assert text.count(start) == 1 and end in text.split(start)[1], f"{name} 里应有一段：{start} … {end}"
    before, after = text.split(start)
    (DRAFT / name).write_text(before + end + after.split(end, 1)[1], encoding="utf-8")


def check() -> None:
    """Checks the draft as ``lianzhao rules check`` does (检查)."""
    assert main(["rules", "check", ZONE, "--rules", str(RULES), "--no-store"]) == 0


# %% [markdown]
# ## 1 公开事实 → zone.yaml
# - 只写查得到、几年内不会变的：在哪个市、主导产业、已落户的龙头、机场码头园区。招商意向、产值、优惠不写。
# - 每句话一个 `ground`。园区自己发的文章里有的写 `article`；从新闻、年报、常识知道的写 `assumed`，`reason` 写明是哪一年、什么样的公开资料。
# - 一件事有两种说法，就两种都查。例：化工园区在同一行政区，但 2024 年起由珠海经开区单独管理，所以写成平台并注明“先问”，不写成自己的。
# - `city` 决定谁算本市企业（不上名单）；坐标只用来估行程，取近似值。
# - `attracts` 是从它是什么推出来的：做制剂的药厂带动辅料、诊断，不是它说过要带谁来。

# %%
write(
    "zone.yaml",
    """
id: zhuhai-jinwan
name: 珠海市金湾区
place:
  province: 广东省
  city: 珠海市
  longitude: 113.36
  latitude: 22.15
  ground: {source: assumed, reason: 取区政府所在一带的近似位置，只用于估算行程距离}
groups:
  - id: bio-pharma-group
    name: 生物医药招商组
    chains: [bio-pharma]
    ground: {source: assumed, reason: 生物医药是区里公开写明的主导产业（2018—2020 年统计和新闻）；小组为推定}
anchors:
  - name: 丽珠医药集团
    chain: bio-pharma
    segments: [finished-drugs]
    attracts: [ivd-reagents, biologics]
    ground: {source: assumed, reason: 公开常识（上市公司年报，2018 年起）：总部在金湾，做制剂、原料药和诊断试剂}
""",
)

# %% [markdown]
# ## 2 选环节
# - 一条链先写三到八个。要不要拆成两个，看三件事：见面要问的话不同，落地条件不同，或长得像、其实是两个行当。都没有就不拆。
# - `position` 看谁供给谁：原料、研发、装备是 `upstream`，做出产品的是 `midstream`，卖、用、修、运的是 `downstream`。
#   供需写进 `edges`，写不出的不写。
# - `need` 先问区里有没有：已有龙头的是强链 `strengthen`，紧贴龙头前后的是延链 `extend`，其余补链 `complement`。
#   没有人说过的，依据写推定，理由写怎样推的。
# - `priority` 分三档就够：急的 8–9，要的 6–7，顺带的 3–4。原料药一类要进化工园区的，写 `needs_chemical_park: true`。
# - 每个环节写一句 `asks`：见到这类企业，第一句问什么，答案会改变去不去。
#
# 国民经济行业代码按名称找：


# %%
def codes(word: str) -> pd.Series:
    """Codes of the classification of industries whose names hold a word (行业代码)."""
    found = pd.Series(dict(corpora.gbt4754))
    return found[found.str.contains(word) & (found.index.str.len() == 4)]


print(codes("药品|生物药|医疗诊断").to_string())

# %% [markdown]
# ## 3 找词
# 不要先想词，先数登记里怎样写。拿一个种子字，看含它的经营项目各有几家在写：


# %%
def items_with(seed: str, top: int = 12) -> pd.Series:
    """Items of scopes and products that hold a seed, by how many companies write them (含这个字的经营项目)."""
    counted: Counter[str] = Counter()
    for scope, products in zip(companies.companies.text["business_scope"], companies.companies.text["main_products"], strict=True):
        items = f"{scope or ''}；{products or ''}".replace("、", "；").replace("，", "；").split("；")
        counted.update({item.strip() for item in items if seed in item})
    return pd.Series(dict(counted.most_common(top)), dtype=int)


for seed in ("诊断", "疫苗", "片剂"):
    print(f"—— {seed}\n{items_with(seed).to_string()}")

# %% [markdown]
# 权重这样给：只有这一行才写的给 10（`片剂`），多半是的给 7（`制药`），名字里常有、说明不了多少的给 4（`药业`），只是提示给 2。
# 2021 年以后的登记用规范表述（药品委托生产、第二类医疗器械生产、细胞技术研发和应用），2019 年以前写品名和剂型，两种都要收。
# 别的园区有相近的环节时，先抄它的词，再改。下面是第一稿，只有词，故意没有写排除和冲突：

# %%
write(
    "chains/bio-pharma.yaml",
    """
id: bio-pharma
name: 生物医药
segments:
  - id: finished-drugs
    name: 化学药制剂
    position: midstream
    kind: maker
    asks: 有没有品种要找新的生产场地，产能满不满
    need: strengthen
    priority: 7
    ground: {source: assumed, reason: 区里有多家上市药企的制剂厂（公开常识），已有优势；强链为推定}
    description: 把原料药制成片剂、胶囊、注射剂等成药
    gbt4754: ["2720"]
    terms:
      10: [片剂, 硬胶囊剂, 颗粒剂, 注射剂, 药品生产, 药品委托生产]
      7: [制药, 口服液]
      4: [药品, 药业]
  - id: biologics
    name: 疫苗与生物药
    position: midstream
    kind: maker
    asks: 下一个品种的原液和制剂线定在哪里
    need: strengthen
    priority: 9
    ground: {source: assumed, reason: 区里有胰岛素、单抗等生物药生产（公开常识）；强链为推定}
    description: 疫苗、抗体、重组蛋白、血液制品
    gbt4754: ["2761", "2762"]
    terms:
      10: [疫苗, 生物制药, 单抗, 胰岛素, 血液制品]
      4: [生物制品]
  - id: ivd-reagents
    name: 体外诊断
    position: midstream
    kind: maker
    asks: 注册证是自己的还是代理的，产线和冷链仓在哪里
    need: complement
    priority: 9
    ground: {source: assumed, reason: 区内公开资料少；推定为补链}
    description: 体外诊断试剂和检验仪器
    gbt4754: ["3581"]
    terms:
      10: [体外诊断, 诊断试剂]
      7: [诊断]
edges:
  - [finished-drugs, ivd-reagents]
""",
)

# %% [markdown]
# ## 4 scoring.yaml：从现成的改起
# 抄一份现成园区的。
#
# - **留**：各组封顶合计 100；主业契合、方式、规模、年限、疑点；网点、个体户、金融、城投、租赁一类否决。什么行当都用得上。
# - **改**：写着别的园区产业的话；规模门槛（新行当的公司起步资本小）；年限（新行当 3 年就算站住）；
#   见面先问的话；落地（化工园区是否决还是多一道手续）。
# - **删**：只对别的产业有意义的（景区、球场、俱乐部），和会误伤本链的（驾校的否决会误伤飞行员培训）。
#
# 全套怎样改的，写在 `rules/zhuhai-jinwan/scoring.yaml` 开头；头一小时改两处、删两条：

# %%
GIVEN = folder("rules") / "liaocheng-resort" / "scoring.yaml"
write("scoring.yaml", GIVEN.read_text(encoding="utf-8"))
mend(
    "scoring.yaml",
    ("有没有异地建厂、扩产的打算", "有没有在华南扩产、建第二条线的打算"),
    ("label: 不在四条产业链", "label: 不在产业链"),
)
cut("scoring.yaml", "  - id: chemical_park\n", "  - id: too_small\n")  # 头一小时没有要进化工园区的环节：留着，体检会说永远不成立
cut("scoring.yaml", "  - {id: golf,", "  - id: too_small\n")
check()

# %% [markdown]
# ## 5 看漏了谁、误中了谁
# 拿企业文件跑 `match`（命令行是 `lianzhao match 文件 --zone … --rules … --out 结果.csv`），读两张表：
#
# - **漏了**：名称或产品里有这一行的字，契合度却不到 0.25；
# - **误中**：契合度 0.25 以上，名称或产品里却有别的行当的字（兽、动物、药店、零售、检验中心……）。


# %%
def matched(engine: Engine) -> pd.DataFrame:
    """Every company with its best segment, by affinity (契合度表)."""
    table = pd.DataFrame([asdict(match) for match in engine.match(companies)])
    said = zip(companies.companies.text["main_products"], companies.companies.text["business_scope"], strict=True)
    table["products"] = [products or scope or "" for products, scope in said]  # 一条链，一家一行，次序相同
    return table.sort_values("affinity", ascending=False)


def told(table: pd.DataFrame, own: str, other: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who is missed, and who is hit although another trade's word stands there (漏的、误中的)."""
    text = table["name"] + "；" + table["products"]
    missed = table[(table["affinity"] < 250) & text.str.contains(own) & ~text.str.contains(other)]
    wrong = table[(table["affinity"] >= 250) & text.str.contains(other)]
    return missed, wrong


def show(engine: Engine) -> None:
    """Prints both (打印两张表)."""
    for title, table in zip(("漏了", "误中"), told(matched(engine), OWN, OTHER), strict=True):
        print(f"{title} {len(table)} 家\n{table[['affinity', 'segment', 'name', 'products']].head(10).to_string(index=False)}")


OWN, OTHER = "剂生产|制药|冻干|滴眼|药业|试剂生产", "兽|动物|药店|药房|零售|连锁|批发|检验中心|医院"
show(Engine(ZONE, rules=RULES))

# %% [markdown]
# 一家一家说出为什么，再决定改哪一样：
#
# - 写法没收全 → 加词，或加同义词（`冻干粉针` 的另一种写法）；
# - 一项说的是别的东西 → 排除词，只管那一项（`动物诊断试剂`）；
# - 整家是别的行当 → 冲突词，只留三成（药店、兽药厂）。词要短、意思要准，加完再跑一遍，看误伤了谁；
# - 单字太泛 → 减权重（`诊断` 给汽车、企业、节能的诊断都开了门），或干脆不收。
# - 名称里的词要另数一遍：手上有大批企业名称的，看叫这个词的都是谁。全国叫“某某航空服务”的几乎都是机票代理，
#   “北斗”多是字号，“化学试剂”是化工商店：这样的词给 2，或不收。
# - 一个词藏在另一个词里：`燃机` 在“内燃机”里，`穿刺器` 在“注射穿刺器械”里，`航空器` 在“航空器材”里；长的那个写进排除词。
# - 否决也会误伤：抄来的标记认名称里的字，电网办的通航公司名称里有“国网”。看一遍 `未列入` 里有没有自己要的。
# - 两个字的词要合词界，三个字以上出现就算；`rules check` 会指出永远找不到的词。

# %%
FIRST = copytree(DRAFT, Path(scratch.name) / "first")  # 第一稿留着，最后对比

DRUGS = """
    synonyms:
      冻干粉针: [冻干粉针剂, 粉针剂]
      颗粒剂: [冲剂, 干混悬剂]
      滴眼剂: [滴眼液, 眼用制剂]
    excluded:
      - {term: 兽, why: 兽药}
      - {term: 批发, why: 经销}
      - {term: 零售, why: 药店}
      - {term: 原料药, why: 原料药另有环节}
      - {term: 保健食品, why: 保健食品}
    conflicts:
      - {term: 药店, why: 药店}
      - {term: 大药房, why: 药店}
      - {term: 兽药, why: 兽药厂}
      - {term: 兽用, why: 兽药厂}
      - {term: 药品零售, why: 药店}
      - {term: 医药连锁, why: 药店}
  - id: biologics"""
BIOLOGICS = """
    excluded:
      - {term: 兽, why: 兽用疫苗}
      - {term: 动物, why: 兽用疫苗}
      - {term: 饲料, why: 饲料}
      - {term: 接种, why: 接种门诊}
    conflicts:
      - {term: 兽用, why: 兽用疫苗厂}
      - {term: 兽药, why: 兽药厂}
      - {term: 药店, why: 药店}
  - id: ivd-reagents"""
IVD = """
      4: [医用化验, 检验仪器]
    synonyms:
      诊断试剂: [诊断用试剂, 检验试剂, 检测试剂盒]
    excluded:
      - {term: 兽, why: 兽用}
      - {term: 动物, why: 兽用}
      - {term: 批发, why: 经销}
      - {term: 汽车, why: 汽车诊断}
      - {term: 企业, why: 管理诊断}
      - {term: 节能, why: 节能诊断}
      - {term: 故障, why: 设备诊断}
    conflicts:
      - {term: 兽用, why: 兽用疫苗厂}
      - {term: 医院, why: 医院}
      - {term: 检验中心, why: 医学检验机构，是用户}
      - {term: 检验所, why: 医学检验机构，是用户}
edges:"""
mend(
    "chains/bio-pharma.yaml",
    ("颗粒剂, 注射剂,", "胶囊剂, 软胶囊, 颗粒剂, 注射剂, 冻干粉针, 滴眼剂, 栓剂, 软膏, 糖浆剂, 制剂生产,"),
    ("4: [药品, 药业]\n  - id: biologics", "4: [药业]" + DRUGS),
    ("4: [生物制品]\n  - id: ivd-reagents", "4: [生物制品]" + BIOLOGICS),
    ("      7: [诊断]\nedges:", "      7: [诊断产品, 诊断技术, 检验试剂生产]" + IVD),
)
check()
second = Engine(ZONE, rules=RULES)
show(second)

# %% [markdown]
# 剩下的再看一遍：做中成药、原料药、制药机械、饲料的，本来就不是这三个环节，漏得对，等补了那几个环节再看；
# 真药厂顺带写一句批发、零售的，契合度还在，也不用动。零误中不是目标，把真厂家误伤了才是错。
#
# ## 6 排名，逐家评 20 家
# 读理由和原始登记，当自己明天要开车去：`去` 值得专程去，`看` 顺路或先打电话，`不` 不该在名单上，并写一句为什么。
# 先评完再改，一轮至少 20 家；“不”超过三家，回第 5 步。记下每轮的去、看、不各几家：改好没有，看它。

# %%
ranking = second.rank(companies, TRIP)
results = pd.DataFrame([asdict(result) for result in ranking.results]).set_index("rank")
print(results[["name", "city", "score", "band", "segment", "affinity", "reason"]].head(20).to_string())

# %% 评判写成表：打开填“评”和“为什么”，填完再跑这一格
SHEET = Path(scratch.name) / "评判.csv"  # 真做的时候放在留得住的地方，下一轮接着用
if not SHEET.exists():
    blank = results[["name", "segment", "reason"]].head(20).assign(评="", 为什么="")
    blank.to_csv(SHEET, encoding="utf-8-sig")
judged = pd.read_csv(SHEET, encoding="utf-8-sig", dtype=str, keep_default_na=False)
print(judged["评"].replace("", "未评").value_counts().to_string())
if len(done := judged[judged["评"] != ""]):
    print(f"评了 {len(done)} 家，去和看占 {done['评'].isin(['去', '看']).mean():.0%}")

# %% [markdown]
# 再看改动值不值：同一份企业，改前改后两张名单（命令行是 `lianzhao rules diff`，见 `docs/tuning.md`）。
# 进来的、出去的都要说得出为什么；说不出的，那个词还要看。

# %%
reading = read_companies(second, companies)
found = diff(second.with_rules(FIRST), second, reading, TRIP)
moves = pd.DataFrame([{"kind": move.kind, "name": move.name, "old": move.old.place, "new": move.new.place} for move in found.moves])
print(moves["kind"].value_counts().to_string())
print(moves[moves["kind"].isin(["entered", "left"])].to_string(index=False))
results["then"] = results["name"].map(moves.set_index("name")["old"])
results["moved"] = results["then"] - results.index

# %% [markdown]
# ## 放进来
# 满意了，整个目录复制到 `rules/`，再跑 `lianzhao rules check`。每个踩过的坑，记一对“更好、更差”到 `tests/cases/`（自己编的企业）。
#
# 往后每一小时加一两个环节。做完的全套同第一小时比，多的是拆细的环节、几十倍的词，名单的前列差这么多：

# %%
full = Engine(ZONE)
depth = {"头一小时": second.zone, "全套": full.zone}
print(
    pd.DataFrame(
        {
            who: {
                "产业链": len(zone.chain_names),
                "环节和机会型": len(zone.segments),
                "词": sum(len(s.terms) for s in zone.segments),
            }
            for who, zone in depth.items()
        }
    ).to_string()
)
compared = diff(second, full, reading, TRIP)
print(f"前 {TRIP.top} 家里共有的占 {compared.overlap:.0%}")
scratch.cleanup()
