"""Which companies a command reads (企业库): those of files, else of the current snapshot, else of the bundled sample."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.corpora import Corpora
from matcher.errors import OptionError, SnapshotError
from matcher.intake import Companies, read_files
from matcher.matching.name_index import NameIndex


@dataclass(frozen=True)
class CompanyBase:
    """The companies, and the index of their names if it was built before (企业库).

    Attributes:
        digest: Of what the companies were read from; the version of a snapshot.
    """

    companies: Companies
    digest: str
    index: NameIndex | None = None


def company_base(files: Sequence[str], corpora: Corpora, *, sample: bool = True) -> CompanyBase:
    """The companies to look among (企业库); stderr says what they are.

    Args:
        files: Of the user.
        corpora: Column names, the sample.
        sample: Without files and snapshot the bundled sample will do.

    Raises:
        OptionError: It will not.
    """
    from matcher.locate import home
    from matcher.snapshot import open_current

    snapshot = None if files else open_current(home(), verify=True)
    if snapshot is not None:
        print(f"企业库：当前快照 {snapshot.version[:12]}，{len(snapshot):,} 家", file=sys.stderr)
        return CompanyBase(snapshot.companies, snapshot.version, snapshot.names)
    if not files and not sample:
        raise OptionError("还没有快照，请用 --against 给出企业文件，或先用 lianzhao build 构建")
    base = read_files(files or [corpora.sample], corpora)
    lost = f"，拒收 {len(base.rejects):,}" if base.rejects else ""
    print(f"企业库：读入 {base.read:,} 行，接收 {len(base.companies):,}，合并 {base.merged:,}{lost}", file=sys.stderr)
    return CompanyBase(base.companies, base.digest)


def named_now(wanted: str) -> list[tuple[str, str]] | None:
    """Code and name of the companies of the current snapshot with a code or a name, present or former (快照里的企业).

    None without a snapshot that can be read.
    """
    from matcher.locate import home
    from matcher.snapshot import open_current

    try:
        snapshot = open_current(home())
        if snapshot is None:
            return None
        text = snapshot.companies.text
        return [(text["uscc"][place], text["name"][place]) for place in snapshot.places(wanted)]
    except SnapshotError:
        return None
