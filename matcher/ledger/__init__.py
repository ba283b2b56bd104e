"""The three ledgers (三台账): target companies, projects, activities, and what hangs on them, with everything that ever happened.

    tables    the tables, in the one history of migrations
    money     sums of money, exact, with their currency
    books     the typed records, and what each of their fields may hold
    reading   rows, histories, the standing steps
    entry     one transaction of one person: add, set, step, delete, restore
    proofs    files of proof by their digest
    company   who else is on the same company (撞单), and how credit is shared
    promises  the fair-competition check
    sheets    workbooks of offices: what would change, then all or nothing

Rows are never deleted, every change is kept field by field, and the present row is always the replay of its history.
"""
