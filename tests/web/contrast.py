"""Contrast of what axe-core cannot judge (对比度): words of SVG, and words on something. A picture tells what is behind."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image
from playwright.sync_api import Page

LEAST, LEAST_LARGE = 4.5, 3.0
"""What WCAG 2.2 AA asks of words, and of large ones."""
_LARGE, _LARGE_BOLD = 24, 18.66  # CSS pixels
_LOOK = """(element) => {
  const words = [...element.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
  if (!words) return null;
  element.scrollIntoView({ block: "center", inline: "center" });
  const range = document.createRange();
  range.selectNodeContents(element);
  const box = range.getBoundingClientRect(), style = getComputedStyle(element);
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const seen = there && (there === element || element.contains(there) || there.contains(element) || element instanceof SVGElement);
  if (!seen || box.width < 2 || style.visibility !== "visible") return null;
  return { colour: element instanceof SVGElement ? style.fill : style.color,
           size: parseFloat(style.fontSize), weight: Number(style.fontWeight),
           words: element.textContent.trim().slice(0, 40), box: { x: box.x, y: box.y, width: box.width, height: box.height } };
}"""


def too_pale(page: Page, selectors: Sequence[str]) -> list[str]:
    """Words with less contrast than WCAG asks, and how much (看不清的字).

    Args:
        page: As it is now.
        selectors: Of elements that hold words.
    """
    found = []
    for selector in selectors:
        for element in page.locator(selector).all():
            told = element.evaluate(_LOOK)
            if told is None:
                continue
            with Image.open(io.BytesIO(page.screenshot(clip=_within(page, told["box"]), animations="disabled"))) as shown:
                behind = max(shown.convert("RGB").getcolors(shown.width * shown.height) or [])[1]
            large = told["size"] >= _LARGE or (told["size"] >= _LARGE_BOLD and told["weight"] >= 700)
            ratio = contrast(_rgb(told["colour"], behind), behind)
            if ratio < (LEAST_LARGE if large else LEAST):
                found.append(f"{told['words']}: {told['colour']} on {behind} is {ratio:.2f}")
    return found


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Of two colours, as WCAG reckons it (对比度)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[float, ...]) -> float:
    parts = [value / 255 for value in colour[:3]]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(text: str, behind: tuple[float, ...]) -> tuple[float, ...]:
    """``rgb(…)`` or ``rgba(…)`` of a browser, laid on what is behind."""
    parts = [float(part) for part in text[text.index("(") + 1 : -1].replace("/", ",").split(",")]
    alpha = parts[3] if len(parts) > 3 else 1.0
    return tuple(alpha * value + (1 - alpha) * back for value, back in zip(parts[:3], behind, strict=False))


def _within(page: Page, box: dict[str, float]) -> Any:
    """A box as far as it is on the screen."""
    size = page.viewport_size or {"width": 0, "height": 0}
    x, y = max(0.0, box["x"]), max(0.0, box["y"])
    right, bottom = min(float(size["width"]), box["x"] + box["width"]), min(float(size["height"]), box["y"] + box["height"])
    return {"x": x, "y": y, "width": max(1.0, right - x), "height": max(1.0, bottom - y)}
