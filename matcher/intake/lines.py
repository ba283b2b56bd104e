"""Lines that are no companies (不是企业的行): empty ones, pasted headers and titles, notices, totals, cells beyond all measure.

All lines of a file are looked over at once; only the few that look odd are read one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import compress
from operator import eq, not_

from matcher.corpora import Corpora
from matcher.intake.delimited import LONGEST_CELL, UNDECODED
from matcher.intake.header import Header, find_header, line_key

_AGAIN = "重复的表头（粘贴的页），已跳过"
_TOTALS = frozenset({"合计", "总计", "小计", "共计"})
_FIRM = re.compile("(?:公司|集团|中心|[厂店社行部所院])$")
_POINT = re.compile("[:：,，。]")
_NOTICE = re.compile(
    r"(?:数据|资料|信息)?来源|(?:以上|本)(?:数据|信息|内容|企业|资料|表|报告|文件|名单)|(?:附?注|备注|说明|免责声明|声明|提示)\s*[:：]"
    r"|(?:导出|查询|下载|统计|制表|打印|更新)(?:时间|日期|人|单位|截[至止])|截[至止].{0,16}(?:共|日)|(?:合计|总计|小计|共计)(?=$|[\s:：\d])"
    r"|共\s*[\d,，]+\s*(?:条|家|行|页|户|个)|第\s*[\d一二三四五六七八九十]+\s*页|page\s*\d+|(?:由|来自|通过).{0,6}(?:企查查|天眼查|启信宝|爱企查)"
    r"|[(（]?[一二三四五六七八九十]+[)）、].{0,12}$",
    re.IGNORECASE,
)


class LineChecks:
    """Finds lines that are no companies (不是企业的行).

    Args:
        header: The file's header.
        corpora: Names of columns.

    Attributes:
        foreign: The last header met had another order of columns: what follows cannot be read. It holds from block to block.
    """

    def __init__(self, header: Header, corpora: Corpora) -> None:
        self._header, self._corpora, self._place = header, corpora, header.name
        words = set(corpora.column_names)  # also a column's that stands where the names do, under a header of another order
        self._words = header.words | words | {word.upper() for word in words} | {word.title() for word in words} | _TOTALS | {""}
        self.foreign, self._from = False, 0

    def dropped(
        self, records: Sequence[Sequence[str]], cells: Sequence[Sequence[str]], *, damaged: bool, long: bool
    ) -> dict[int, str]:
        """Place → why it is no company, or nothing for an empty line, which nobody counts (不是企业的原因).

        Args:
            records: All of them, each as wide as the header.
            cells: The same by column.
            damaged: Some cells may hold what could not be decoded.
            long: Some cells may be too long.
        """
        found: dict[int, str] = {}
        self._from = 0
        for place in self._odd(records, cells, damaged=damaged, long=long):
            if self.foreign:
                self._all_foreign(found, records, place)
            record = records[place]
            if not any(map(str.strip, record)):
                found[place] = ""
            elif reason := self._flaw(record, damaged=damaged):
                found[place] = reason
            self._from = place + 1
        if self.foreign:
            self._all_foreign(found, records, len(records))
        return found

    def _odd(self, records: Sequence[Sequence[str]], cells: Sequence[Sequence[str]], *, damaged: bool, long: bool) -> list[int]:
        """Places of the lines that have to be read one by one."""
        if not records:
            return []
        names, everywhere = cells[self._place], range(len(records))
        others = [column for place, column in enumerate(cells) if place != self._place][:2]
        sparse = {n for column in others for n in compress(everywhere, map(not_, column))} if len(others) > 1 else set(everywhere)
        odd = {n for n in sparse if records[n].count("") >= len(cells) - 2}  # of two cells beside the name one is empty
        odd.update(n for column in others[:1] for n in compress(everywhere, map(eq, names, column)))  # merged across
        if not self._words.isdisjoint(names) or any(map(str.isspace, names)):
            odd.update(n for n, name in enumerate(names) if name in self._words or name.isspace())
        for column in cells:
            if long and max(map(len, column)) > LONGEST_CELL:
                odd.update(n for n, cell in enumerate(column) if len(cell) > LONGEST_CELL)
            if damaged:
                odd.update(n for n, cell in enumerate(column) if UNDECODED in cell)
        return sorted(odd)

    def _all_foreign(self, found: dict[int, str], records: Sequence[Sequence[str]], end: int) -> None:
        """The lines under a header of another order cannot be read with the first one's."""
        for place in range(self._from, end):
            if any(map(str.strip, records[place])):
                found[place] = "前面重复的表头列序不同，这一行不知道怎样读，请分成两个文件"

    def _flaw(self, record: Sequence[str], *, damaged: bool) -> str:
        if max(map(len, record)) > LONGEST_CELL:
            return f"有一格超过 {LONGEST_CELL} 字"
        if damaged and any(UNDECODED in cell for cell in record):
            return "有无法按文件编码读出的字符"
        name = record[self._place].strip()
        if not name or record[self._place] in self._words:
            reason = self._of_header(record)
            if reason:
                return reason
        if self.foreign:
            return "前面重复的表头列序不同，这一行不知道怎样读，请分成两个文件"
        return "合计行，不是企业" if name in _TOTALS else self._of_notice(record, name)

    def _of_header(self, record: Sequence[str]) -> str:
        if line_key(record) in self._header.lines:
            self.foreign = False
            return _AGAIN
        again = find_header([record], self._corpora.column_names, self._corpora.wan_headers)
        if again is None:
            return ""
        self.foreign = (again.columns, again.units) != (self._header.columns, self._header.units)
        return _AGAIN if not self.foreign else "重复的表头，列的次序与前面不同，请分成两个文件"

    def _of_notice(self, record: Sequence[str], name: str) -> str:
        written = [cell.strip() for cell in record if cell.strip()]
        if len(set(written)) > 2:
            return ""
        if self._header.titles.issuperset(written):
            return "重复的标题行（粘贴的页），已跳过"
        if _NOTICE.match(written[0]) and (not _FIRM.search(written[0]) or _POINT.search(written[0])):
            return "页脚或说明文字，不是企业"
        return "整行合并的标题或说明，不是企业" if name and len(set(written)) == 1 and len(written) > 2 else ""
