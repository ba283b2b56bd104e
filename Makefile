# 链招 lianzhao. Needs git, make and Python >= 3.11; everything else is set up here.
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
BIN := .venv/bin
TRIP := --zone liaocheng-resort --city 青岛 --city 杭州 --city 绍兴

.DEFAULT_GOAL := help
.PHONY: help run test quick check java chromium format schemas notebooks corpora bench bench-api bench-pages bench-scale bench-trips screenshots lock serve clean

help: ## 列出命令
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/'

# uv where there is one, else venv and pip; both install exactly the locked versions, checked by hash, from whatever index is configured
define install
	test -x $(BIN)/python || $(if $(UV),uv venv --quiet --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)
	$(PIP) install --quiet --require-hashes --requirement $(1)
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
endef
PIP := $(if $(UV),env VIRTUAL_ENV=.venv uv pip,$(BIN)/python -m pip --disable-pip-version-check)

.venv/core: pyproject.toml .ci/requirements-core.txt
	$(call install,.ci/requirements-core.txt)
	@touch $@

.venv/all: pyproject.toml .ci/requirements-all.txt
	$(call install,.ci/requirements-all.txt)
	@touch $@ .venv/core

# other programs that benchmarks compare with; nothing else needs them
.venv/peers: .venv/all .ci/requirements-peers.txt
	$(PIP) install --quiet --require-hashes --requirement .ci/requirements-peers.txt
	@touch $@

run: .venv/core ## 给随附的真实企业排序：青岛 → 杭州 → 绍兴
	@$(BIN)/lianzhao rank $(TRIP)
	@echo
	@echo '下一步：$(BIN)/lianzhao rank 你的企业.csv $(TRIP) --top 50'
	@echo '        $(BIN)/lianzhao rank --help；规则在 rules/liaocheng-resort/，改完用 $(BIN)/lianzhao rules check liaocheng-resort'

test: check java chromium ## 安装测试所需并运行全部检查与测试
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow

# the tests of the cluster need it; where it cannot be had they skip and say so
java:
	@command -v java >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && { apt-get update -qq; \
	  apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless || apt-get install -y -qq --no-install-recommends default-jre-headless; }; } \
	  || echo '没有 Java，也装不上：集群的测试将跳过'

# the tests of the pages need it, and a Chinese font; where they cannot be had they skip and say so
chromium:
	@{ { command -v chromium || command -v chromium-browser; } && fc-list :lang=zh | grep .; } >/dev/null 2>&1 || { test "$$(id -u)" = 0 \
	  && command -v apt-get >/dev/null && { apt-get update -qq; apt-get install -y -qq --no-install-recommends chromium fontconfig fonts-noto-cjk; }; } \
	  || echo '没有 Chromium 或中文字体，也装不上：网页的测试将跳过'

check: .venv/all ## 格式、ruff、mypy --strict、import-linter、快速测试
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not slow'

quick: .venv/all ## 只跑快速测试
	$(BIN)/python -m pytest -n auto --dist worksteal -m 'not slow' -q

format: .venv/all ## 整理代码格式
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: .venv/all ## 重新生成 JSON Schema 与接口说明
	$(BIN)/python -m matcher.cli.schemas
	$(BIN)/python -m matcher.api.openapi

notebooks: .venv/all ## 由 .py 更新成对的 .ipynb
	$(BIN)/jupytext --quiet --sync notebooks/*.py

corpora: .venv/all ## 重新制作统计表：make corpora DATA="登记文件…" NAMES="名称清单…"
	test -z "$(NAMES)" || $(BIN)/python corpora/make_names.py $(NAMES)
	test -z "$(DATA)" || $(BIN)/python corpora/make_idf.py $(DATA)

bench: .venv/all ## 基准测试（需要 LIANZHAO_DATA 指向登记数据目录）
	$(BIN)/python -m tests.benchmarks.matching
	$(BIN)/python -m tests.benchmarks.judged
	$(BIN)/python -m tests.benchmarks.throughput
	$(BIN)/python -m tests.benchmarks.resolution --brute 10
	$(BIN)/python -m tests.benchmarks.snapshots
	$(BIN)/python -m tests.benchmarks.reranking
	$(BIN)/python -m tests.benchmarks.first
	$(BIN)/python -m tests.benchmarks.names
	$(BIN)/python -m tests.benchmarks.spark

bench-scale: .venv/peers ## 一台机器到百万家的整张表，连同同行，写入 docs/benchmarks.md（需要 LIANZHAO_DATA）
	$(BIN)/python -m tests.benchmarks.scale --out docs/benchmarks.md

bench-trips: .venv/all ## 行程基准：与贪心、最近邻、最优相比（需要 LIANZHAO_DATA）
	$(BIN)/python -m tests.benchmarks.trips

bench-api: .venv/all ## 接口的开销：与引擎、与同样大小的常量应答相比
	$(BIN)/python -m tests.benchmarks.api

bench-pages: .venv/all chromium ## 网页的快慢：三十个人用着，闲时与构建时相比
	$(BIN)/python -m tests.benchmarks.pages

screenshots: .venv/all chromium ## 重拍手册里的五张图（docs/images/）
	LIANZHAO_SHOTS=docs/images $(BIN)/python -m pytest -n 0 -q -m slow tests/web/test_guide.py

serve: .venv/all ## 在本机启动 HTTP 服务
	$(BIN)/lianzhao serve

lock: ## 更新锁定的依赖（需要 uv）
	uv lock
	uv export --frozen --no-dev --group build --no-emit-project --no-header --output-file .ci/requirements-core.txt --quiet
	uv export --frozen --all-extras --all-groups --no-group peers --no-emit-project --no-header --output-file .ci/requirements-all.txt --quiet
	uv export --frozen --only-group peers --no-emit-project --no-header --output-file .ci/requirements-peers.txt --quiet

clean: ## 删除环境与缓存
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
