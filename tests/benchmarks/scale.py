"""One machine, up to ten million companies (一台机器的规模基准): the whole table of docs/benchmarks.md by one command.

    LIANZHAO_DATA=folder make bench-scale                           80,000 and 1,040,000 companies; about twenty minutes
    LIANZHAO_DATA=folder python -m tests.benchmarks.scale --ten     10,400,000 as well; 20 GB of disk, half an hour
    … --out docs/benchmarks.md                                      writes the page instead of printing it

Real rows are recombined (names and scopes of other rows, codes of their own). Every step runs in a process of its own, so that memory is
its own, as the operating system counts it. What is compared alternates within one run; ratios are what to read. Opening and the first
question are timed twice in one process, once after the operating system was asked to forget the files, once with them in its memory; then
in another process with them in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from matcher.corpora import open_corpora
from matcher.engine import Engine
from matcher.matching.resolution import Resolver
from matcher.rules.resolution import load_resolution
from matcher.runs import Request, library_versions
from matcher.snapshot import Snapshot, build, open_current, open_profiles
from matcher.text.normalise import normalise
from matcher.tuning.outcome import read_companies
from matcher.tuning.what_if import WhatIf
from tests.benchmarks import peers, throughput
from tests.benchmarks.peers import asked
from tests.benchmarks.reranking import changed
from tests.benchmarks.snapshots import FILE, ZONE, recombined

TIMES = {"8 万": 1, "104 万": 13, "1,040 万": 130}
_DAY = date(2026, 1, 1)
_CITY = Request(as_of=_DAY, top=100, cities=("青岛",))
_ALL = Request(as_of=_DAY, top=100)
_ROUNDS = 7
_NAMES = 200
_BRUTE = 8
_BESIDE = ("pandas", "jieba", "scikit-learn", "pyspark")  # of the row loop and the cluster
_TRIAL = 1_500  # bytes a company that trials may need
_PROFILE = {
    "name": "青岛示例农业装备股份有限公司", "business_scope": "拖拉机、收获机械的研发、制造、销售；农业机械服务；货物进出口",
    "reg_capital_raw": "5000万元人民币", "founded_date": "2009-05-20", "city": "青岛市",
}  # fmt: skip
Figures = dict[str, Any]


def _memory() -> Figures:
    """What the operating system counts of this process, MB: all that is resident, and of it what is nobody else's."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return {name: int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM", "RssAnon")}


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _opened(home: Path, engine: Engine) -> tuple[Snapshot, Any]:
    snapshot = open_current(home, verify=True)
    if snapshot is None:
        raise AssertionError("it was built before")
    return snapshot, open_profiles(home, snapshot, engine.reader)


def step_build(home: Path, file: Path) -> Figures:
    """A snapshot and what its texts say."""
    engine = Engine(ZONE)
    start = time.perf_counter()
    made = build([file], engine.corpora, home, readers={ZONE: engine.reader}, processes=engine.processes)
    seconds = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    size = {part: sum(f.stat().st_size for f in (home / part).rglob("*") if f.is_file()) for part in ("snapshots", "profiles")}
    return {
        "seconds": seconds, "cpu": sum(one.ru_utime + one.ru_stime for one in used), "rows": len(made.snapshot),
        "main": used[0].ru_maxrss / 1024, "child": used[1].ru_maxrss / 1024, **size,
    }  # fmt: skip


def step_query(home: Path, file: Path) -> Figures:
    """Opened, and the first question answered: a list of one city; then again, then everybody."""
    loading = time.perf_counter()
    engine = Engine(ZONE)
    told: Figures = {"engine": time.perf_counter() - loading, "before": _memory()["VmRSS"]}
    for path in (one for part in ("snapshots", "profiles") for one in (home / part).rglob("*") if one.is_file()):
        with path.open("rb") as stream:  # whoever may not ask for that measures with the files in memory
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    for again in ("first", "second"):
        start, used = time.perf_counter(), sum(os.times()[:4])
        snapshot, known = _opened(home, engine)
        told[f"{again}_open"] = time.perf_counter() - start
        told["in_city"] = engine.rank(snapshot.intake(), _CITY, known).considered
        told[again], told[f"{again}_cpu"] = time.perf_counter() - start, sum(os.times()[:4]) - used
    told["city_memory"] = _memory()
    told["all"] = _seconds(lambda: engine.rank(snapshot.intake(), _ALL, known))
    told["all_memory"] = _memory()
    told["child"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return told


def step_open(home: Path, file: Path) -> Figures:
    """The same first question in another process, with the files in the operating system's memory."""
    engine = Engine(ZONE)
    start, used = time.perf_counter(), sum(os.times()[:4])
    snapshot, known = _opened(home, engine)
    engine.rank(snapshot.intake(), _CITY, known)
    return {"first": time.perf_counter() - start, "cpu": sum(os.times()[:4]) - used}


def step_again(home: Path, file: Path) -> Figures:
    """Ranked again after a change of weights, everybody and one city, as multiples of reading the columns once."""
    engine = Engine(ZONE)
    snapshot, known = _opened(home, engine)
    whole = WhatIf(engine, read_companies(engine, snapshot.intake(), known=known), _ALL)
    whole.order()
    memory = _memory()["VmHWM"]  # of one trial over everybody; the one of a city below comes on top
    city = WhatIf(engine, read_companies(engine, snapshot.intake(), _CITY.cities, known), _CITY)
    columns = [values.value for values in whole.chains.rules]
    found: dict[str, list[float]] = {"pass": [], "scan": [], "whole": [], "first": [], "city": []}

    def weight(content: dict[str, Any], number: int) -> None:
        rule = content["rules"][number % len(content["rules"])]
        rule["weight"] = round(rule["weight"] + 0.5, 1)

    for number in range(_ROUNDS):
        zone = changed(engine.zone, weight, number)
        found["pass"].append(_seconds(lambda: [column.sum() for column in columns]))
        found["scan"].append(_seconds(lambda: [column.max() for column in columns]))
        found["whole"].append(_seconds(lambda zone=zone: whole.with_rules(zone).order()))
        found["first"].append(_seconds(lambda zone=zone: whole.with_rules(zone).first(_ALL.top)))
        found["city"].append(_seconds(lambda zone=zone: city.with_rules(zone).order()))
    return {**{name: statistics.median(times) for name, times in found.items()}, "memory": memory}


def step_name(home: Path, file: Path) -> Figures:
    """One name among all, its own time, as the index is being read and again, beside a look at each of them."""
    snapshot = open_current(home, verify=True)
    if snapshot is None:
        raise AssertionError("it was built before")
    start = time.perf_counter()
    resolver = Resolver(snapshot.companies, open_corpora(), load_resolution(), index=snapshot.names)
    names = snapshot.companies.text["name"]
    queries = [name for name, _ in asked(names)][:_NAMES]
    resolver.resolve(queries[0])
    first, plain = time.perf_counter() - start, [normalise(name) for name in names]
    told: Figures = {"first": first}
    rounds = [[_own(lambda name=name: resolver.resolve(name)) for name in queries] for _round in range(4)]
    for again, ours in (("", rounds[0]), ("_again", np.median(rounds[1:], axis=0))):
        told |= {f"p50{again}": float(np.median(ours)), f"p99{again}": float(np.percentile(ours, 99))}
    theirs = [_own(lambda name=name: process.extractOne(normalise(name), plain, scorer=fuzz.ratio)) for name in queries[:_BRUTE]]
    return {**told, "brute": float(np.median(theirs))}


def _own(work: Callable[[], object]) -> float:
    """Seconds of this thread alone."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def step_score(home: Path, file: Path) -> Figures:
    """One company scored, explained, and a hundred together; and the command from nothing. All by the processor's time."""
    engine = Engine(ZONE, processes=1)
    engine.explain([_PROFILE], _DAY)
    tries: dict[str, list[float]] = {"score": [], "explain": [], "hundred": [], "cold": [], "python": []}
    for _round in range(_ROUNDS):
        tries["score"].append(_used(lambda: engine.score([_PROFILE], _DAY)))
        tries["explain"].append(_used(lambda: engine.explain([_PROFILE], _DAY)))
        tries["hundred"].append(_used(lambda: engine.explain([_PROFILE] * 100, _DAY)) / 100)
    command = [str(Path(sys.executable).with_name("lianzhao")), "score", "--zone", ZONE]
    given = json.dumps(_PROFILE)
    for _round in range(3):
        tries["python"].append(_used(lambda: subprocess.run([sys.executable, "-c", "import numpy, scipy.sparse"], check=True)))
        tries["cold"].append(_used(lambda: subprocess.run(command, input=given, text=True, capture_output=True, check=True)))
    return {name: statistics.median(times) for name, times in tries.items()}


def _used(work: Callable[[], object]) -> float:
    """Seconds of processors, of this process and of those that it waited for."""
    begun = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    work()
    ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(e.ru_utime + e.ru_stime - b.ru_utime - b.ru_stime for b, e in zip(begun, ended, strict=True))


STEPS: dict[str, Callable[[Path, Path], Figures]] = {
    step.__name__.removeprefix("step_"): step for step in (step_build, step_query, step_open, step_again, step_name, step_score)
}  # fmt: skip


def run(kind: str, home: Path, file: Path) -> Figures:
    """The figures of one step in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.scale", "--step", kind, str(home), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind}: {done.stderr}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    print(
        f"  {kind:<8}{file.name:<14}{ {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()} }",
        file=sys.stderr,
    )
    return figures


def sized(source: Path, size: str) -> dict[str, Figures]:
    """Step → figures; what was made is thrown away. Trials are measured where the machine has the memory for them."""
    with tempfile.TemporaryDirectory() as folder:
        home, file = Path(folder) / "home", Path(folder) / f"{TIMES[size]}.csv.gz"
        recombined(source, file, TIMES[size])
        found: dict[str, Figures] = {}
        for kind in STEPS:
            if kind == "score" or (kind == "again" and _memory_of_all() < _TRIAL * found["build"]["rows"]):
                continue
            found[kind] = run(kind, home, file)
        return found


def _memory_of_all() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def growth(found: dict[str, dict[str, Figures]]) -> list[str]:
    """The lines of the table by size."""

    def row(title: str, told: Callable[[dict[str, Figures]], str]) -> str:
        return f"| {title} | {' | '.join(told(steps) for steps in found.values())} |"

    def mb(value: float) -> str:
        return f"{value:,.0f} MB"

    def again(steps: dict[str, Figures], key: str) -> str:
        one = steps.get("again")
        return f"{one[key] * 1e3:,.1f} 毫秒，{one[key] / one['pass']:.2f} 遍（{one[key] / one['scan']:.1f}）" if one else "—"

    costs = [f"{steps['build']['cpu'] / steps['build']['rows'] * 1e6:,.1f}" for steps in found.values()]
    return [
        row("企业", lambda s: f"{s['build']['rows']:,}"),
        "|---|" + "---|" * len(found),
        row("构建（读文件、读文本），秒", lambda s: f"{s['build']['seconds']:,.1f}"),
        row("构建，每家 CPU 微秒", lambda s: f"{s['build']['cpu'] / s['build']['rows'] * 1e6:,.1f}"),
        row("构建，峰值内存：主进程 / 每个工作进程", lambda s: f"{mb(s['build']['main'])} / {mb(s['build']['child'])}"),
        row(
            "占盘，每家字节：企业 + 画像",
            lambda s: " + ".join(f"{s['build'][p] / s['build']['rows']:,.0f}" for p in ("snapshots", "profiles")),
        ),
        row("载入规则、词典，每个进程一次，以下各行不含", lambda s: f"{s['query']['engine']:.2f} 秒"),
        row("打开（文件不在内存）", lambda s: f"{s['query']['first_open'] * 1e3:,.0f} 毫秒"),
        row(
            "打开到第一个答案（文件不在内存）：一市前一百家",
            lambda s: f"{s['query']['first']:.2f} 秒，构建的 1/{s['build']['seconds'] / s['query']['first']:,.0f}",
        ),
        row("再问一次", lambda s: f"{s['query']['second']:.2f} 秒，构建的 1/{s['build']['seconds'] / s['query']['second']:,.0f}"),
        row(
            "打开到第一个答案，CPU",
            lambda s: f"{s['query']['first_cpu']:.2f} 秒，构建的 1/{s['build']['cpu'] / s['query']['first_cpu']:,.0f}",
        ),
        row(
            "打开到第一个答案，另一个进程（文件在内存）",
            lambda s: f"{s['open']['first']:.2f} 秒，构建的 1/{s['build']['seconds'] / s['open']['first']:,.0f}",
        ),
        row("该市企业", lambda s: f"{s['query']['in_city']:,}"),
        row(
            "问一市之后，常驻内存（其中独占）",
            lambda s: f"{mb(s['query']['city_memory']['VmRSS'])}（{mb(s['query']['city_memory']['RssAnon'])}）",
        ),
        row("全部排一遍", lambda s: f"{s['query']['all']:,.1f} 秒，构建的 {s['query']['all'] / s['build']['seconds']:.0%}"),
        row(
            "全部排过之后，常驻峰值：主进程 / 每个工作进程",
            lambda s: f"{mb(s['query']['all_memory']['VmHWM'])} / {mb(s['query']['child'])}",
        ),
        row("改一条分值，全部重排", lambda s: again(s, "whole")),
        row("改一条分值，全部重排，只排前一百家", lambda s: again(s, "first")),
        row("改一条分值，一市重排", lambda s: again(s, "city")),
        row("读一遍全部取值列：求和（括号里的一遍只求最大，受内存带宽限）", lambda s: again(s, "pass")),
        row("试算，峰值内存", lambda s: mb(s["again"]["memory"]) if "again" in s else "—"),
        row("归一：打开索引到第一个答案", lambda s: f"{s['name']['first'] * 1e3:,.0f} 毫秒"),
        row(
            "归一一个名称 p50 / p99，200 个：边问边读索引",
            lambda s: f"{s['name']['p50'] * 1e3:.2f} / {s['name']['p99'] * 1e3:.2f} 毫秒",
        ),
        row(
            "同样的再问三遍，各取中位数", lambda s: f"{s['name']['p50_again'] * 1e3:.2f} / {s['name']['p99_again'] * 1e3:.2f} 毫秒"
        ),
        row("逐个比对（extractOne）是再问时 p99 的", lambda s: f"{s['name']['brute'] / s['name']['p99_again']:,.0f} 倍"),
        "",
        f"构建每家 CPU：{' → '.join(costs)} 微秒；不变就是与行数成正比。",
    ]


def sections(source: Path, sizes: list[str], rounds: int) -> Iterator[str]:
    """The page, longer each time that something was measured."""
    single = run("score", source, source)
    lines = [
        "# 基准表：一台机器", "",
        f"由 `LIANZHAO_DATA=目录 .venv/bin/python -m tests.benchmarks.scale{' --ten' * (len(sizes) > 2)} --out docs/benchmarks.md` "
        "写成，请勿手改。",
        "读的是倍数：秒数随机器变，机器上还有别人时更是；写明 CPU 的是处理器时间。",
        "企业是真实登记行重新组合的（名称、经营范围换行搭配，代码另编）。", "",
        f"{platform.machine()}，{os.cpu_count()} 核，内存 {_memory_of_all() / 2**30:.0f} GB，{platform.system()} {platform.release()}，"
        f"Python {platform.python_version()}，"
        f"开始时负载 {os.getloadavg()[0]:.1f}；文件到名单与同行 {rounds} 轮取中位数，其余各一次；"
        + "，".join(map(" ".join, (library_versions() | {name: version(name) for name in _BESIDE}).items())), "",
        "## 一家企业", "", "| | CPU 毫秒 |", "|---|---|",
        f"| 评分 | {single['score'] * 1e3:.2f} |", f"| 评分并完整解释 | {single['explain'] * 1e3:.2f} |",
        f"| 一百家一起，每家（完整解释） | {single['hundred'] * 1e3:.2f} |",
        f"| `lianzhao score` 从零启动到答案 | {single['cold'] * 1e3:,.0f} |",
        f"| 其中 Python 载入 numpy、scipy.sparse | {single['python'] * 1e3:,.0f} |", "",
    ]  # fmt: skip
    lines += ["## 文件到名单", "", *throughput.measured(source, rounds).lines(), ""]
    yield "\n".join(lines)
    lines += ["## 同行，同样的行", "", *peers.table(rounds), ""]
    yield "\n".join(lines)
    lines += ["## 一个名称，二百八十万个里找", "", *printed("names"), ""]
    yield "\n".join(lines)
    found: dict[str, dict[str, Figures]] = {}
    for size in sizes:
        found[size] = sized(source, size)
        yield "\n".join([*lines, "## 规模", "", *growth(found), ""])
    lines += [
        "## 规模",
        "",
        *growth(found),
        "",
        "## 集群（本机上两个节点各一核）与一台机器",
        "",
        *printed("spark", "--rounds", "3"),
        "",
    ]
    yield "\n".join(lines)


def printed(module: str, *options: str) -> list[str]:
    """What another benchmark prints, in a process of its own."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{module}: {done.stderr}")
    return ["```", *done.stdout.splitlines(), "```"]


def main() -> int:
    """Prints or writes the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ten", action="store_true", help="一千万家也量")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", nargs=3, metavar=("STEP", "HOME", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        kind, home, file = options.step
        print(json.dumps(STEPS[kind](Path(home), Path(file))))
        return 0
    source = Path(os.environ.get("LIANZHAO_DATA", "")) / FILE
    if not source.is_file():
        print(f"跳过：LIANZHAO_DATA 应指向含 {FILE} 的目录")
        return 0
    text = ""
    for text in sections(source, [*TIMES][: 3 if options.ten else 2], options.rounds):
        if options.out:  # what is there already is not lost if the next takes too long
            options.out.write_text(text, encoding="utf-8")
    if not options.out:
        print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
