"""The book in a real browser: Debian's Chromium, from a plain file server. And the slides."""

import functools
import html.parser
import http.server
import re
import shutil
import threading

import nbformat
import pytest

from fkd_utils import __main__ as main
from fkd_utils import files
from fkd_utils.cli import book, execute
from fkd_utils.files import InputError

CHAPTERS = execute.chapters_in(execute.NOTEBOOKS)
PAGES = [f"{p.stem}.html" for p in CHAPTERS]
OTHERS = (
    "index",
    "start_here",
    "try_it",
    "house_of_faces",
    "glossary",
    "bibliography",
    "all_figures",
)
OTHERS += ("teachers", "chapter_by_chapter", "jupyterhub", "researchers")
PAGES += [f"{name}.html" for name in OTHERS]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
browsing = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: the book is not opened")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book") / "html"
    return book.build(CHAPTERS, files.REPO / "figures", folder).parent


@pytest.fixture(scope="module")
def address(made):
    handler = functools.partial(Quiet, directory=str(made))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Links(html.parser.HTMLParser):
    """Everything that a page loads or leads to, and its anchors."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.leads, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors.add(given.get("id"))
        if tag in ("script", "img", "iframe", "source") and given.get("src"):
            self.loads.append(given["src"])
        if (
            tag == "link"
            and given.get("href")
            and given.get("rel") in ("stylesheet", "preload", "icon")
        ):
            self.loads.append(given["href"])
        if tag == "a" and given.get("href"):
            self.leads.append(given["href"])


@pytest.fixture(scope="module")
def links(made):
    return {p.name: Links(p.read_text(encoding="utf-8")) for p in made.glob("*.html")}


def test_every_chapter_and_page_is_there(made, links):
    assert set(PAGES) <= links.keys()
    for path in CHAPTERS:
        assert (made / "notebooks" / path.name).exists() and (made / "student" / path.name).exists()


def test_what_is_counted_stands_in_the_pages(made):
    assert not re.search(r"{{[A-Z]+}}", "".join(p.read_text("utf-8") for p in made.glob("*.html")))
    claims = files.read_table(files.PUBLISHED / "claims.csv")
    held = (claims.verdict == "holds").sum()
    start = re.sub(r"<[^>]+>", "", (made / "index.html").read_text(encoding="utf-8"))
    assert f"of {len(claims)} claims" in start and f"{held} holds" in start


def test_no_page_loads_anything_from_elsewhere(links):
    for page, found in links.items():
        assert not [u for u in found.loads if re.match(r"(https?:)?//", u)], page


def test_no_link_is_dead(made, links):
    for page, found in links.items():
        for target in found.leads:
            if re.match(r"(https?:|mailto:|data:|try/)", target):
                continue  # try/ is `studies.web_page`'s, where Node is
            name, _, anchor = target.partition("#")
            there = made / (name or page)
            assert there.exists(), (page, target)
            if anchor and there.suffix == ".html" and there.name in links:
                assert anchor in links[there.name].anchors, (page, target)


def test_the_first_use_of_a_term_in_a_chapter_leads_to_the_glossary(links):
    for path in CHAPTERS:
        terms = [t for t in links[f"{path.stem}.html"].leads if t.startswith("glossary.html#term-")]
        assert len(set(terms)) == len(terms) >= 3, path.stem
    assert "glossary.html#term-receptive-field" in links["05_strided_cnn.html"].leads
    assert not any(t.startswith("glossary.html#term-") for t in links["glossary.html"].leads)


def test_guards_are_left_out_and_solutions_folded(made):
    for path in CHAPTERS:
        text = (made / f"{path.stem}.html").read_text(encoding="utf-8")
        assert "chapter.guard(" not in re.sub(r"<[^>]+>", "", text)
        assert "tag_hide-cell" in text
        assert "<math" in text or "$" not in "".join(
            c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"
        )


CUT = """[...document.querySelectorAll(".bd-article pre, .bd-article .text_html")]
    .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.innerText.slice(0, 60))"""


@browsing
def test_no_page_complains_or_asks_elsewhere_and_none_is_too_wide(address, browser):
    complaints = []
    for width in (1280, 390):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.on("request", lambda r: complaints.append(r.url)
                if not r.url.startswith((address, "data:", "blob:")) else None)  # fmt: skip
        for name in PAGES:
            page.goto(f"{address}/{name}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                complaints.append(f"{name}: {wide} pixels wide at {width}")
            if width == 1280:
                complaints.extend(f"{name}: {text}" for text in page.evaluate(CUT))
        page.close()
    assert not complaints


@browsing
@pytest.mark.parametrize("width", [390, 800])
def test_the_menu_opens_where_it_is_folded(address, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{address}/05_strided_cnn.html")
    menu = page.locator(".bd-sidebar-primary")
    assert not menu.is_visible()
    page.locator(".primary-toggle:visible").first.click()
    menu.wait_for(state="visible")
    page.close()


@browsing
def test_search_finds_a_term(address, browser):
    page = browser.new_page()
    page.goto(f"{address}/search.html?q=receptive+field")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")
    assert any("05_strided_cnn" in url for url in found)
    page.close()


@browsing
def test_every_moving_figure_moves(address, browser):
    moved = 0
    page = browser.new_page()
    for path in CHAPTERS:
        page.goto(f"{address}/{path.stem}.html")
        for figure in page.locator("figure.moving").all():
            slider, picture = figure.locator("input"), figure.locator("img")
            before, said = picture.get_attribute("src"), figure.locator("output").text_content()
            last = slider.get_attribute("max")
            slider.focus()
            page.keyboard.press("Home" if slider.input_value() == last else "End")
            assert picture.get_attribute("src") != before
            assert figure.locator("output").text_content() != said
            page.keyboard.press("Home")
            figure.locator("button").click()
            page.wait_for_function("s => +s.value > 0", arg=slider.element_handle())
            figure.locator("button").click()
            moved += 1
    page.close()
    assert moved >= 20


@browsing
@pytest.mark.parametrize("way", ["click", "Enter"])
def test_a_figure_is_shown_as_large_as_the_window(address, browser, way):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/05_strided_cnn.html")
    figure = page.locator("figure:not(.moving) > img").first
    figure.click() if way == "click" else figure.press("Enter")
    large = page.locator("dialog[open] img")
    assert large.get_attribute("src") == figure.get_attribute("src")
    assert large.bounding_box()["width"] > 1.5 * figure.bounding_box()["width"]
    page.keyboard.press("Escape") if way == "Enter" else large.click()
    large.wait_for(state="detached")
    page.close()


@browsing
def test_a_quiz_explains_a_wrong_choice(address, browser):
    page = browser.new_page()
    page.goto(f"{address}/05_strided_cnn.html")
    page.locator(".Quiz label").first.wait_for()
    page.locator(".Quiz label").first.click()
    told = page.locator(".Feedback").first.text_content()
    assert "The weights are random but the same at every place" in told
    page.close()


@browsing
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(address, browser, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page()
    page.add_init_script(f"localStorage.setItem('mode', '{theme}')")
    serious = []
    for name in ("index.html", "05_strided_cnn.html", "teachers.html", "all_figures.html"):
        page.goto(f"{address}/{name}", wait_until="networkidle")
        for finding in Axe().run(page).response["violations"]:
            if finding["impact"] in ("serious", "critical"):
                where = [node["target"] for node in finding["nodes"]][:3]
                serious.append((name, finding["id"], where))
    page.close()
    assert not serious


def test_without_chapters_there_is_no_book(tmp_path):
    (tmp_path / "05_cut.ipynb").write_text('{"cells": [')
    with pytest.raises(InputError, match="no executed chapter"):
        book.build([tmp_path / "05_cut.ipynb"], tmp_path, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_what_sphinx_refuses_leaves_the_old_book(tmp_path, monkeypatch):
    old = tmp_path / "made" / "index.html"
    old.parent.mkdir()
    old.write_text("old")
    monkeypatch.setattr(book, "PAGES", tmp_path / "pages")
    (tmp_path / "pages" / "teaching").mkdir(parents=True)
    for name in ("index", "researchers", "jupyterhub"):
        (tmp_path / "pages" / f"{name}.md").write_text(f"# {name}")
    (tmp_path / "pages" / "conf.py").write_text("raise RuntimeError('no')")
    with pytest.raises(InputError, match=r"Sphinx could not make the pages: .*no"):
        book.build(CHAPTERS[:1], tmp_path, tmp_path / "made")
    assert old.read_text() == "old"


def test_the_command_names_the_book(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(book, "build", lambda chapters, figures, out: out / "index.html")
    assert main.main(["book", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"the book: {tmp_path / 'index.html'}\n"


def test_every_term_of_the_glossary_stands_in_the_chapters_it_names():
    text = (book.PAGES / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^(\w.*)\n((?:  .+\n)+)", text, re.MULTILINE)
    assert len(entries) > 40
    missing = []
    for term, said in entries:
        stem = term.lower().rstrip("s")
        for name in re.findall(r"\]\((\d\d[a-z]?_\w+\.ipynb)\)", said):
            cells = nbformat.read(execute.NOTEBOOKS / name, as_version=4).cells
            page = " ".join(" ".join(c.source.lower().replace("\n# ", " ").split()) for c in cells)
            if stem not in page.replace("-", " ") and stem not in page:
                missing.append((term, name))
    assert not missing


@pytest.fixture
def notebook():
    figure = (
        '<figure id="figure-05-a"><img alt="a line" src="data:image/png;base64,AAAA">'
        "<figcaption>A line.</figcaption></figure>"
    )
    output = nbformat.v4.new_output("display_data", data={"text/html": figure})
    drawing = nbformat.v4.new_code_cell("chapter.figure(figure)", outputs=[output])
    texts = (
        "# 05 A title\n\nWhat it is.\n\n**You can afterwards**\n- tell [this](x.ipynb);\n- draw.",
        "## A part\n\nSome text.\n\nAs predicted.\n\n**Predict**: which is larger?",
        "## What you saw\n\n- It moves.\n- It stays.",
        "## Quiz",
        "## Exercises\n\n**1. Predict** (easy). Nothing of it is shown.",
    )
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    return nbformat.v4.new_notebook(cells=[*cells[:2], drawing, *cells[2:]])


def test_slides_show_aims_figures_predictions_and_what_was_seen(notebook):
    text = book.shown(notebook)
    headings = re.findall(r"^#+ .+$", text, re.MULTILINE)
    assert headings == [
        "# 05 A title",
        "## You can afterwards",
        "## A part",
        "### Predict",
        "## What you saw",
    ]
    assert "- tell this;" in text and '<img alt="a line"' in text and "- It stays." in text
    assert "Some text." not in text and "As predicted" not in text and "easy" not in text


def test_every_chapter_has_something_to_show():
    for path in CHAPTERS:
        text = book.shown(nbformat.read(path, as_version=4))
        assert text.count("<img") >= 1 and text.count("\n- ") >= 3, path.stem


def test_slides_load_nothing_from_elsewhere(tmp_path, capsys):
    assert main.main(["slides", "00", "--out", str(tmp_path / "made")]) == 0
    page = (tmp_path / "made" / "00_welcome.html").read_text(encoding="utf-8")
    assert "slides of 00_welcome" in capsys.readouterr().out and "reveal" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+\.(?:js|css|png)', page)


def test_an_unknown_chapter_is_told(capsys):
    assert main.main(["slides", "77"]) == 2
    assert "there is no chapter '77'" in capsys.readouterr().err
