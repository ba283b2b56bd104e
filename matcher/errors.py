"""Errors that a user can act on (可据以改正的错误).

    LianzhaoError
    ├── InputError      a company file that cannot be read, or a row that is wrong   (输入文件)
    ├── RulesError      files under ``rules/`` that do not say what they must         (规则文件)
    ├── KeptError       what the program keeps in its home                            (程序数据目录)
    │   ├── RulesetError    a copy of a ruleset that is missing or damaged            (规则副本)
    │   └── SnapshotError   a snapshot that is damaged, missing or being built        (快照)
    ├── CorporaError    files under ``corpora/`` that are missing or damaged          (语料)
    ├── StoreError      the database                                                  (数据库)
    │   ├── StoreUnreachableError  it cannot be opened, read or written
    │   ├── StoreBusyError         others have been writing to it for too long
    │   ├── StoreNewerError        a newer version of the program has changed it
    │   ├── NotAStoreError         what is there is no database of this program
    │   └── RunDiffersError        a run with the same inputs had other results before
    ├── WorkerError     a process of the program's own that was ended from outside     (工作进程)
    ├── ClusterError    a Spark cluster                                               (集群)
    │   └── PackageError    rules and corpora that did not reach a worker whole, or another program there
    ├── LedgerError     what cannot be entered into a ledger                          (台账)
    │   ├── FieldError      a value that a field cannot hold
    │   ├── StepError       a step that cannot be made, or not without a reason
    │   ├── ConflictError   somebody else has changed the row since it was read
    │   ├── ProofError      a file of proof that is missing or damaged
    │   └── SheetError      mistakes in a workbook, all listed; nothing of it was entered
    └── RequestError    a zone, chain, group or city that does not exist               (请求)
        └── OptionError   options that do not fit together, a value that cannot be read
            └── CalledOffError  whoever asked for it has called it off

Every message is one Chinese line that names the place (file, row or line, field) and what was expected.
Faces turn the class into an exit code or an HTTP status; nothing in here knows either.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class LianzhaoError(Exception):
    """Base of all errors that are the user's to mend (一切可由用户改正的错误之根).

    Attributes:
        command: What mends it on the command line, which alone tells it: pages have no shell.
    """

    command = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """From a worker process it arrives as it was raised, whatever its class is made of."""
        return _as_raised, (type(self), self.args, vars(self))


def _as_raised(kind: type[LianzhaoError], args: tuple[Any, ...], attributes: dict[str, Any]) -> LianzhaoError:
    error = kind.__new__(kind, *args)
    vars(error).update(attributes)
    return error


class InputError(LianzhaoError):
    """A company file cannot be read (企业数据文件不可读).

    Args:
        file: The file as the user named it.
        problem: What is wrong and what was expected, in Chinese.
        row: The row as a spreadsheet counts it (the first line is 1), or None for the file as a whole.
        field: The column concerned, or None.
    """

    def __init__(self, file: str, problem: str, *, row: int | None = None, field: str | None = None) -> None:
        self.file, self.problem, self.row, self.field = file, problem, row, field
        place = file + (f" 第 {row} 行" if row is not None else "") + (f" [{field}]" if field else "")
        super().__init__(f"{place}：{problem}")


class NoNameColumnError(InputError):
    """A table has no column that names a company (没有企业名称列)."""


class WorkerError(LianzhaoError):
    """The system has ended one of the processes that share the work (工作进程被结束), for want of memory nearly always."""

    def __init__(self) -> None:
        super().__init__("一个工作进程被系统结束了，多半是内存不够；请关掉别的程序，或把文件分成几个再试")


@dataclass(frozen=True, order=True)
class RulesProblem:
    """One mistake in a rules file (规则文件中的一处错误)."""

    file: str
    line: int
    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} [{self.field}] {self.expected}"


class RulesError(LianzhaoError):
    """Files under ``rules/`` hold mistakes; all of them are listed at once (规则文件有误，一次列全)."""

    def __init__(self, problems: Iterable[RulesProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(f"规则文件有 {len(self.problems)} 处错误：\n" + "\n".join(f"  {p}" for p in self.problems))


class KeptError(LianzhaoError):
    """Something that the program keeps in its home (程序数据目录里的东西出错).

    Args:
        place: The file or folder concerned.
        problem: What is wrong and what to do, in Chinese.
    """

    def __init__(self, place: str | Path, problem: str) -> None:
        self.place, self.problem = str(place), problem
        super().__init__(f"{place}：{problem}")


class RulesetError(KeptError):
    """A kept copy of a ruleset is missing or damaged, or cannot be kept (规则副本缺失、损坏或留不下)."""


class CorporaError(LianzhaoError):
    """A file under ``corpora/`` is missing or damaged (语料文件缺失或损坏)."""


class StoreError(LianzhaoError):
    """The database cannot do what is asked of it (数据库出错).

    Args:
        database: The file, or the address without its password.
        problem: What is wrong and what can be done, in Chinese.
    """

    def __init__(self, database: str, problem: str) -> None:
        self.database, self.problem = database, problem
        super().__init__(f"数据库 {database}：{problem}")


class StoreUnreachableError(StoreError):
    """It cannot be opened, read or written (数据库打不开)."""


class StoreBusyError(StoreError):
    """Others have been writing to it for too long (数据库一直被占用)."""


class StoreNewerError(StoreError):
    """A newer version of the program has changed it (数据库比程序新)."""


class NotAStoreError(StoreError):
    """What is there is no database of this program (不是链招的数据库)."""


class RunDiffersError(StoreError):
    """A run with the same inputs had other results before (同一批次结果不同)."""


class LedgerError(LianzhaoError):
    """Something cannot be entered into a ledger (登记不了).

    Attributes:
        more: What else is wrong with the same row.
    """

    more: tuple[LedgerError, ...] = ()


class FieldError(LedgerError):
    """A value that a field cannot hold (这一列填不了).

    Args:
        title: What the field is called in the ledger.
        problem: What is wrong and what was expected, in Chinese.
        field: The field's name in code.
    """

    def __init__(self, title: str, problem: str, *, field: str = "") -> None:
        self.title, self.problem, self.field = title, problem, field
        super().__init__(f"[{title}] {problem}")


class StepError(LedgerError):
    """A step that cannot be made, or not without a reason (这一步走不了).

    Args:
        problem: What is wrong and what was expected, in Chinese.
        needs_reason: It can be made once a reason is given.
    """

    def __init__(self, problem: str, *, needs_reason: bool = False) -> None:
        self.problem, self.needs_reason = problem, needs_reason
        super().__init__(problem)


class ConflictError(LedgerError):
    """Somebody else has changed the row since it was read (别人先改了).

    Args:
        row: Which row, as people name it.
        given: The version that the change was made on.
        version: The version that there is.
        by: Who changed it last.
    """

    def __init__(self, row: str, given: int, version: int, by: str) -> None:
        self.row, self.given, self.version, self.by = row, given, version, by
        super().__init__(f"{row} 已被 {by or '别人'} 改过（现在是第 {version} 版，您看到的是第 {given} 版），请重新打开再改")


class ProofError(LedgerError):
    """A file of proof is missing or damaged (证明文件缺失或损坏).

    Args:
        file: The file concerned.
        problem: What is wrong and what to do, in Chinese.
    """

    def __init__(self, file: str | Path, problem: str) -> None:
        self.file, self.problem = str(file), problem
        super().__init__(f"{file}：{problem}")


@dataclass(frozen=True, order=True)
class SheetProblem:
    """One mistake in a workbook (工作簿中的一处错误)."""

    file: str
    sheet: str
    row: int
    column: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}「{self.sheet}」第 {self.row} 行 [{self.column}] {self.expected}"


class SheetError(LedgerError):
    """A workbook holds mistakes; all of them are listed at once, and nothing was entered (工作簿有误，全部没有导入)."""

    def __init__(self, problems: Iterable[SheetProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        shown = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"有 {len(self.problems)} 处错误，整个文件都没有导入：\n{shown}")


class SnapshotError(KeptError):
    """A snapshot is damaged, missing, or cannot be built now (快照损坏、缺失或暂时不能构建)."""


class SpoiledSnapshotError(SnapshotError):
    """A snapshot that only another build replaces (要重新构建的快照)."""

    command = "lianzhao build"


class ClusterError(LianzhaoError):
    """A Spark cluster cannot be reached or cannot do its work (集群出错)."""


class PackageError(ClusterError):
    """Rules and corpora did not reach a worker whole, or it runs another program (规则包不符)."""


class RequestError(LianzhaoError):
    """The request names something that does not exist (请求中的名称不存在).

    Args:
        kind: What was asked for, in Chinese (园区, 产业链, 城市 …).
        given: What the user wrote.
        known: The names that exist; the nearest one is suggested.
        hint: A further sentence, in Chinese.
    """

    def __init__(self, kind: str, given: str, known: Iterable[str] = (), hint: str = "") -> None:
        self.kind, self.given = kind, given
        names = sorted(known)
        near = difflib.get_close_matches(given, names, n=1, cutoff=0.3)
        self.suggestion: str | None = near[0] if near else None
        message = f"没有这个{kind}：{_shown(given)}"
        if self.suggestion:
            message += f"，是不是想写「{self.suggestion}」？"
        elif 0 < len(names) <= 20:
            message += f"，可选：{'、'.join(names)}"
        super().__init__(message + (f"，{hint}" if hint else ""))


class OptionError(RequestError):
    """Options that do not fit together or a value that cannot be read (选项有误).

    Args:
        problem: What is wrong and what was expected, in Chinese.
        field: The name in code of what it is about, if it is about one thing.
    """

    def __init__(self, problem: str, *, field: str | None = None) -> None:
        self.kind, self.given, self.suggestion, self.field = "选项", problem, None, field
        LianzhaoError.__init__(self, problem)


class CalledOffError(OptionError):
    """Whoever asked for it has called it off (已叫停)."""

    def __init__(self) -> None:
        super().__init__("已取消")


_REASONS = {
    errno.ENOENT: "没有这个文件或目录", errno.EACCES: "没有权限", errno.EPERM: "没有权限", errno.EROFS: "只读", errno.ENOSPC: "磁盘满了",
    errno.EDQUOT: "超出磁盘配额", errno.ENOTDIR: "上级不是目录", errno.EISDIR: "是一个目录", errno.EEXIST: "已有同名文件",
    errno.EIO: "磁盘读写出错", errno.EFBIG: "文件太大", errno.ENAMETOOLONG: "名称太长", errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多", errno.ENOMEM: "内存不足",
}  # fmt: skip


def system_reason(error: OSError) -> str:
    """Why the system refused, in Chinese where it is known (系统报的原因)."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def _shown(given: str) -> str:
    """The user's own word, cut and without control characters, so that a message stays one line."""
    clean = "".join(c if c.isprintable() else "�" for c in given)
    return clean if len(clean) <= 60 else clean[:57] + "…"
