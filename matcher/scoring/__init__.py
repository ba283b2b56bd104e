"""Evidence → rules → points → ranking (评分与排名)."""
