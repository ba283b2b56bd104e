"""Reports as pages to print (通报网页): one file, nothing is loaded from elsewhere, no script."""

from __future__ import annotations

from html import escape

from matcher.ledger.reports_told import Document, Section
from matcher.ledger.values import text_of

_STYLE = """
@page { size: A4; margin: 22mm 20mm; }
body { font-family: "FangSong", "仿宋", "STFangsong", "Noto Serif CJK SC", "Source Han Serif SC", serif; font-size: 14pt;
  line-height: 1.7; color: #000; max-width: 190mm; margin: 12mm auto; padding: 0 6mm; }
h1, h2, th { font-family: "SimHei", "黑体", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", sans-serif; }
h1 { font-size: 22pt; text-align: center; margin: 0 0 2mm; }
.when { text-align: center; text-indent: 0; margin: 0 0 6mm; }
h2 { font-size: 15pt; margin: 7mm 0 2mm; break-after: avoid; }
p { margin: 0 0 2mm; text-indent: 2em; }
table { border-collapse: collapse; width: 100%; font-size: 10.5pt; line-height: 1.4; table-layout: fixed; }
th, td { border: 0.4pt solid #444; padding: 1mm 1.5mm; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eef2f7; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
@media print { body { margin: 0; padding: 0; max-width: none; } th { background: none; } }
"""


def report_html(document: Document) -> str:
    """A report as an HTML page (通报网页)."""
    said = "".join(_paragraph(line) for line in document.lines)
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{_text(document.title)}（{_text(document.subtitle)}）</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{_text(document.title)}</h1>\n"
        f'<p class="when">（{_text(document.subtitle)}）</p>\n{said}{"".join(map(_section, document.sections))}</body>\n</html>\n'
    )


def _section(section: Section) -> str:
    told = f"<h2>{_text(section.title)}</h2>\n" + "".join(_paragraph(line) for line in section.lines)
    if not section.head:
        return told
    columns = "".join(f'<col style="width:{100 * part / sum(section.widths):.1f}%">' for part in section.widths)
    head = "".join(f'<th scope="col">{_text(title)}</th>' for title in section.head)
    rows = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>\n" for row in section.rows)
    return f"{told}<table>\n<colgroup>{columns}</colgroup>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def _paragraph(line: str) -> str:
    return f"<p>{_text(line)}</p>\n"


def _text(text: str) -> str:
    return escape(text_of(text))
