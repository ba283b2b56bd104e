"""链招 lianzhao: whom should a development zone visit next, and why (招商目标企业排序)."""
