"""The list of pages (网页清单): what stands in the menu, for whom, and who draws it. A new page is a module and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from matcher.web import chains, data, dispatch, ledger, ranking, rules, trips
from matcher.web.workshop import Visit


@dataclass(frozen=True)
class Page:
    """One page (网页).

    Attributes:
        path: Behind ``/ui``; what else a page is about stands behind the question mark.
        title: In the menu and on the page.
        icon: Of the menu, a name of the Material icons.
        operation: The operation of the interface that the page is for; who may not do it does not see the page.
        build: Draws it within the frame.
    """

    path: str
    title: str
    icon: str
    operation: str
    build: Callable[[Visit], Awaitable[None]]


PAGES: tuple[Page, ...] = (
    Page("/ranking", "名单", "format_list_numbered", "rank_companies", ranking.build),
    Page("/chains", "产业链", "account_tree", "get_gaps", chains.build),
    Page("/trips", "行程", "route", "plan_trip", trips.build),
    Page("/ledger", "台账", "menu_book", "get_report", ledger.build),  # for people: trackers read rows over HTTP
    Page("/dispatch", "调度", "campaign", "get_report", dispatch.build),
    Page("/rules", "规则", "rule", "get_rules", rules.build),
    Page("/data", "数据", "storage", "list_snapshots", data.build),
)
"""In the order of the menu (菜单次序)."""


def pages_of(visit: Visit) -> list[Page]:
    """The pages that a visitor may open (可看的网页)."""
    return [page for page in PAGES if visit.may(page.operation)]
