"""Answers as files (成文): workbooks, documents and pages, made in the same way for commands, the service and its pages.

workbook                              sheets of any lines
ledger_xlsx                           books of the ledgers, and how to fill them in
report_xlsx, report_docx, report_html reports
trip_xlsx                             trip plans
ranking_xlsx, ranking_text            rankings; ``ranking_words`` is what stands around them
gap_words, diff_words, version_words  how gaps, comparisons and versions of rules are told
cells                                 cells and data as text
plain                                 reports as JSON
"""
