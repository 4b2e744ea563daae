"""Follow the links of an application as one visitor, and say what is wrong with the pages they lead to."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html

BASE = "http://trial.test"
# One page of each kind is looked at closely; the rest of its kind only in some numbers.
OF_A_KIND = 3


def kind_of(path: str) -> str:
    """An address with what names a thing taken out."""
    path = re.sub(r"(visits|forms|history|verification|signing|hold|queries|codes)/[^?]*", r"\1/*", path)
    return re.sub(r"S-\d+|Q-\d+|D-\d+|[0-9a-f]{16,}|\d+|=[^&]*", "*", path)


def links(page: lxml.html.HtmlElement, base: str) -> list[str]:
    """The addresses of this application a page leads to."""
    found: list[str] = []
    for address in page.xpath("//a/@href"):
        parts = urlsplit(urljoin(base, str(address)))
        if parts.netloc == urlsplit(BASE).netloc and not parts.path.startswith("/static"):
            found.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return found


def complaints(path: str, page: lxml.html.HtmlElement) -> list[str]:
    """What no page may show."""
    ids = Counter(page.xpath("//@id"))
    found = [f"{path}: id {name!r} stands {count} times" for name, count in ids.items() if count > 1]
    found += [f"{path}: a field holds {value!r}" for value in page.xpath("//@value") if value == "None"]
    found += [
        f"{path}: shows the inside of an object" for _ in re.findall(r" object at 0x", page.text_content())
    ]
    if not page.xpath("//h1"):
        found.append(f"{path}: has no heading")
    return found


def crawl(client: Any, *more: str) -> tuple[list[str], Counter[str]]:
    """Every page reached from the home and the front page (and `more`): complaints, and the kinds of pages seen.

    Args:
        client: has `get(path, follow_redirects=False)`; its base is `BASE`.
    """
    start = ["/home", "/", *more]
    seen, queue, kinds, wrong = set(start), list(start), Counter[str](), list[str]()
    while queue:
        path = queue.pop(0)
        kinds[kind_of(path)] += 1
        if kinds[kind_of(path)] > OF_A_KIND:
            continue
        answer = client.get(path, follow_redirects=False)
        if answer.status_code == 303 and not answer.headers["location"].startswith("/sign-in"):
            continue
        if answer.status_code != 200:
            wrong.append(f"{path}: {answer.status_code}")
        elif "text/html" in answer.headers["content-type"]:
            page = lxml.html.fromstring(answer.text)
            wrong += complaints(path, page)
            fresh = [address for address in links(page, f"{BASE}{path}") if address not in seen]
            seen.update(fresh)
            queue += dict.fromkeys(fresh)
    return wrong, kinds
