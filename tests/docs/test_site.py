"""The site of the documentation: every link and every anchor leads somewhere, every page is in the navigation."""

import glob
import html.parser
import os
import sys
import tempfile
import unittest

SOURCE = os.environ["CELERIAC_SOURCE"]
sys.path.insert(0, os.path.join(SOURCE, "docs/site"))

NOT_INSTALLED = 77  # CTest takes it for a test that was skipped

try:
    import build
except ImportError as missing:
    print(f"skipped: {missing}; the site needs python3-markdown-it")
    sys.exit(NOT_INSTALLED)


class Reader(html.parser.HTMLParser):
    """What a page refers to, and what may be referred to in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.navigation, self.loads, self.tags = [], [], [], [], set()
        self._in_navigation = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        self._in_navigation |= tag == "nav"
        if "id" in attributes:
            self.anchors.append(attributes["id"])
        if tag == "a":
            (self.navigation if self._in_navigation else self.links).append(attributes["href"])
        elif tag == "link":
            self.loads.append(attributes["href"])
        elif "src" in attributes:
            self.loads.append(attributes["src"])

    def handle_endtag(self, tag):
        if tag == "nav":
            self._in_navigation = False


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.out = tempfile.TemporaryDirectory(prefix="celeriac-site-")
        cls.pages = {}
        for address in build.build(SOURCE, cls.out.name):
            with open(os.path.join(cls.out.name, address), encoding="utf-8") as file:
                cls.pages[address] = Reader(file.read())

    @classmethod
    def tearDownClass(cls):
        cls.out.cleanup()

    def test_every_link_and_anchor_leads_somewhere(self):
        for address, page in self.pages.items():
            for href in page.links + page.navigation:
                if href.startswith(("https://", "http://", "mailto:")):
                    continue
                with self.subTest(page=address, link=href):
                    path, _, anchor = href.partition("#")
                    self.assertIn(path or address, self.pages, "there is no such page")
                    if anchor:
                        self.assertIn(anchor, self.pages[path or address].anchors, "there is no such heading")

    def test_every_page_is_in_the_navigation_of_every_page_once(self):
        documents = [os.path.basename(path) for path in glob.glob(os.path.join(SOURCE, "docs/*.md"))]
        expected = sorted(["index.html", "contents.html"] + [name[:-3] + ".html" for name in documents])
        for address, page in self.pages.items():
            with self.subTest(page=address):
                self.assertEqual(sorted(page.navigation), expected)

    def test_pages_load_nothing_but_their_style_and_run_no_script(self):
        for address, page in self.pages.items():
            with self.subTest(page=address):
                self.assertEqual(page.loads, ["style.css"])
                self.assertFalse(page.tags & {"script", "iframe", "img", "object", "embed"})
        with open(os.path.join(self.out.name, "style.css"), encoding="utf-8") as file:
            self.assertNotIn("url(", file.read())

    def test_anchors_are_there_once_and_every_page_has_one_title(self):
        for address, page in self.pages.items():
            with self.subTest(page=address):
                self.assertEqual(len(page.anchors), len(set(page.anchors)))
        for name in build.pages_of(SOURCE):
            one = build.Page(SOURCE, name, build.pages_of(SOURCE))
            self.assertEqual([level for level, _, _ in one.headings].count(1), 1, name)

    def test_the_same_source_makes_the_same_bytes(self):
        with tempfile.TemporaryDirectory(prefix="celeriac-site-") as again:
            build.build(SOURCE, again)
            for address in self.pages:
                with open(os.path.join(again, address), "rb") as one, \
                        open(os.path.join(self.out.name, address), "rb") as other:
                    self.assertEqual(one.read(), other.read())


if __name__ == "__main__":
    unittest.main(verbosity=2)
