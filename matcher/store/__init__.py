"""The database (数据库): runs, judgements, saved local registers and lists, with one history of migrations for all that lives in it.

``open_store`` gives a ``Store``; the other modules read and write through it: ``runs``, ``judgements``, ``registers``, ``lists``.
Rows are never deleted: what no longer counts carries the time since when, and who said so.
"""
