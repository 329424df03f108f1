#!/usr/bin/env python3
"""Makes the documentation a static site: build.py SOURCE OUT."""

import html
import json
import os
import posixpath
import re
import shutil
import sys

from markdown_it import MarkdownIt
from markdown_it.token import Token

HERE = os.path.dirname(os.path.abspath(__file__))
FRONT = "README.md"  # becomes index.html
CONTENTS = "contents.html"


def pages_of(source):
    """Paths of all pages below the source directory: README.md and docs/*.md."""
    names = sorted(name for name in os.listdir(os.path.join(source, "docs")) if name.endswith(".md"))
    return [FRONT] + ["docs/" + name for name in names]


def navigation_of(pages):
    """[(title, [page])]: what navigation.json says of pages that there are, and the rest behind it."""
    with open(os.path.join(HERE, "navigation.json"), encoding="utf-8") as file:
        groups = [(group["title"], [page for page in group["pages"] if page in pages]) for group in json.load(file)]
    named = {page for _, group in groups for page in group}
    rest = [page for page in pages if page not in named]
    return groups + ([("More", rest)] if rest else [])


def address_of(page):
    """Where a page is in the site."""
    return "index.html" if page == FRONT else posixpath.basename(page)[:-3] + ".html"


def slug_of(text, taken):
    """The anchor of a heading, as GitHub makes it, so that links work there as well."""
    slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    unique, number = slug, 0
    while unique in taken:
        number += 1
        unique = f"{slug}-{number}"
    taken.add(unique)
    return unique


class Page:
    """One page: its Markdown read, its links led to where the site has them."""

    def __init__(self, source, path, pages):
        self.path, self.pages = path, pages
        with open(os.path.join(source, path), encoding="utf-8") as file:
            self.tokens = MarkdownIt("commonmark").enable("table").parse(file.read())
        self.headings = []  # (level, text, anchor)
        self._mark_headings()
        for token in self.tokens:
            if token.children:
                token.children = self._lead(token.children)

    @property
    def title(self):
        return next((text for level, text, _ in self.headings if level == 1), self.path)

    def _mark_headings(self):
        taken = set()
        for opening, inline in zip(self.tokens, self.tokens[1:]):
            if opening.type != "heading_open":
                continue
            text = "".join(child.content for child in inline.children)
            anchor = slug_of(text, taken)
            opening.attrSet("id", anchor)
            self.headings.append((int(opening.tag[1]), text, anchor))

    def _target(self, href):
        """Where a link of this page leads in the site."""
        if re.match(r"[a-z][a-z0-9+.-]*:", href) or href.startswith("#"):
            return href
        path, _, anchor = href.partition("#")
        page = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))
        if page not in self.pages:
            return href  # the test of the links names it
        return address_of(page) + ("#" + anchor if anchor else "")

    def _lead(self, children):
        led, inside = [], False
        for child in children:
            if child.type == "link_open":
                inside = True
                child.attrSet("href", self._target(child.attrGet("href")))
            elif child.type == "link_close":
                inside = False
            # `docs/safety.md` in a sentence means that page.
            elif child.type == "code_inline" and not inside and child.content in self.pages:
                opening = Token("link_open", "a", 1)
                opening.attrSet("href", address_of(child.content))
                led += [opening, child, Token("link_close", "a", -1)]
                continue
            led.append(child)
        return led

    def html(self):
        renderer = MarkdownIt("commonmark").enable("table")
        for rule, tag in (("table_open", '<div class="wide"><table>\n'), ("table_close", "</table></div>\n")):
            renderer.renderer.rules[rule] = lambda *_, tag=tag: tag
        renderer.renderer.rules["fence"] = fence
        return renderer.renderer.render(self.tokens, renderer.options, {})


def fence(tokens, at, *_):
    """A block of code; the words behind its language tell what tests do with it, and are not shown."""
    words = tokens[at].info.split()
    kind = ' class="output"' if "output" in words else ""
    return f"<pre{kind}><code>{html.escape(tokens[at].content, quote=False)}</code></pre>\n"


def navigation_html(navigation, made, here):
    lines = []
    for title, group in navigation:
        lines.append(f"<h2>{html.escape(title)}</h2>\n<ul>")
        for page in group:
            mark = ' aria-current="page"' if page == here else ""
            lines.append(f'<li><a href="{address_of(page)}"{mark}>{html.escape(made[page].title)}</a></li>')
        lines.append("</ul>")
    mark = ' aria-current="page"' if here == CONTENTS else ""
    lines.append(f'<ul><li><a href="{CONTENTS}"{mark}>Everything on one page</a></li></ul>')
    return "\n".join(lines)


def contents_html(navigation, made):
    """All headings of all pages: what a browser's own search is good for."""
    lines = ["<h1>Everything on one page</h1>"]
    for _, group in navigation:
        for page in group:
            lines.append(f'<h2><a href="{address_of(page)}">{html.escape(made[page].title)}</a></h2>\n<ul>')
            for level, text, anchor in made[page].headings:
                if level > 1:
                    lines.append(f'<li><a href="{address_of(page)}#{anchor}">{html.escape(text)}</a></li>')
            lines.append("</ul>")
    return "\n".join(lines)


def build(source, out):
    """Writes the site; returns the addresses of its pages."""
    pages = pages_of(source)
    navigation = navigation_of(pages)
    made = {page: Page(source, page, pages) for page in pages}
    with open(os.path.join(HERE, "page.html"), encoding="utf-8") as file:
        frame = file.read()
    os.makedirs(out, exist_ok=True)
    shutil.copy(os.path.join(HERE, "style.css"), out)
    written = []
    for page, address, title, contents in (
            [(page, address_of(page), one.title, one.html()) for page, one in made.items()]
            + [(CONTENTS, CONTENTS, "Everything on one page", contents_html(navigation, made))]):
        text = frame
        for mark, value in (("{title}", html.escape(title)), ("{open}", " open" if page == FRONT else ""),
                            ("{navigation}", navigation_html(navigation, made, page)), ("{contents}", contents)):
            text = text.replace(mark, value, 1)
        with open(os.path.join(out, address), "w", encoding="utf-8") as file:
            file.write(text)
        written.append(address)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(f"{len(build(sys.argv[1], sys.argv[2]))} pages in {sys.argv[2]}")
