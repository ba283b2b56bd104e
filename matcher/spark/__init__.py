"""The same ranking on a Spark cluster (集群上排名): the functions that one machine uses, on parts of the companies, merged by key.

    package    rules, corpora and lists as one archive, known by its digest; every worker checks it and compiles the rules once
    sources    Parquet files, wherever the cluster finds them → headers, digests, rows with their file and row
    rows       companies and places as columns that travel
    stages     what workers do: read, merge and place, fold families, keep the best of each segment, count
    ranking    the order of these, and the list made of what is left
    session    a connection, and what its errors mean

    rows of a file ─read→ companies ─by code→ merged, read, scored ─by 字号→ families folded ─by segment→ the best of each → the list

Nothing is collected but counts, and of each segment as many companies as the list may need (``scoring.ranking.depth``).
"""

from matcher.spark.ranking import Taken, rank_zones
from matcher.spark.session import connected

__all__ = ["Taken", "connected", "rank_zones"]
