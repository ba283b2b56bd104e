"""Pages that need no socket (简单网页): signing in, and what is said where no page can be shown."""

from __future__ import annotations

from html import escape

from starlette.responses import Response

_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · 链招</title>
<link rel="icon" href="{root}/static/icon.svg">
<link rel="stylesheet" href="{root}/static/shell.css">
</head>
<body class="plain">
<main id="content">
<p class="brand">链招</p>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
_FORM = """{said}<form method="post" action="{root}/sign-in">
<input type="hidden" name="to" value="{to}">
<label for="key">接口密钥</label>
<input id="key" name="key" type="password" required autofocus autocomplete="current-password" maxlength="200"
 aria-describedby="hint"{flaw}>
<p id="hint" class="hint">以 lz_ 开头，由管理员建给您；只在登录时用一次，不存在浏览器里。</p>
<button type="submit">登录</button>
</form>"""


def sign_in(root: str, to: str, said: str = "", status: int = 200) -> Response:
    """The page where one signs in (登录页).

    Args:
        root: What stands before the pages' paths.
        to: Where to go then, a path of ours.
        said: What was wrong with the last try.
        status: Of the answer.
    """
    flaw = ' aria-invalid="true" aria-errormessage="said"' if said else ""
    shown = f'<p id="said" class="wrong" role="alert">{escape(said)}</p>\n' if said else ""
    return _page(root, "登录", _FORM.format(said=shown, root=escape(root), to=escape(to), flaw=flaw), status)


def told(root: str, title: str, words: str, status: int) -> Response:
    """A page that says why there is none (说明页)."""
    return _page(root, title, f'<p>{escape(words)}</p>\n<p><a href="{escape(root)}/">回到首页</a></p>', status)


def _page(root: str, title: str, body: str, status: int) -> Response:
    page = _PAGE.format(title=escape(title), root=escape(root), body=body)
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return Response(page, status, media_type="text/html", headers=headers)
