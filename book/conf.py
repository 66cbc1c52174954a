"""How Sphinx makes the book; see `fkd_utils.cli.book`, which prepares its pages."""

import pathlib
import re

import docutils.nodes
import sphinx.addnodes
import sphinx.transforms
from latex2mathml.converter import convert

project = "Facial keypoints"
author = "the course's authors"
copyright = "the course's authors; text CC BY 4.0, code MIT (LICENSE)"
extensions = ["myst_nb", "sphinxcontrib.bibtex", "sphinx_revealjs"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # they would come from the network
nb_merge_streams = True
suppress_warnings = ["mystnb.unknown_mime_type", "myst.xref_missing"]
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "label"
exclude_patterns = ["extra", "teaching"]

revealjs_static_path = ["static"]
revealjs_css_files = ["slides.css"]
revealjs_style_theme = "white"
revealjs_script_conf = {"hash": True, "width": 1280, "height": 760, "margin": 0.06}

html_theme = "sphinx_book_theme"
html_title = "Facial keypoints: a course that checks its sources"
html_extra_path = ["extra"]
html_static_path = ["static"]
html_favicon = "static/favicon.svg"
html_context = {"default_mode": "auto"}
html_css_files = ["book.css"]
html_js_files = ["enlarge.js"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 2,
    "navbar_persistent": [],  # else a hidden header takes the buttons' clicks
    "use_download_button": False,
    "use_fullscreen_button": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def _inline(translator, node):
    translator.body.append(convert(node.astext()))
    raise docutils.nodes.SkipNode


def _block(translator, node):
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise docutils.nodes.SkipNode


class GlossaryLinks(sphinx.transforms.SphinxTransform):
    """In a chapter the first use of each term of the glossary leads there."""

    default_priority = 700  # when the page's own links and formulas are nodes

    def apply(self, **kwargs):
        glossary = pathlib.Path(self.env.srcdir, "glossary.md")
        if not self.env.docname[0].isdigit() or not glossary.exists():  # slides have none
            return
        terms = re.findall(r"^(\S.*)\n  \S", glossary.read_text(encoding="utf-8"), re.MULTILINE)
        left = {term.lower(): term for term in terms}
        longest_first = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
        word = re.compile(rf"\b({longest_first})(?:e?s)?\b", re.IGNORECASE)
        for paragraph in list(self.document.findall(docutils.nodes.paragraph)):
            for text in list(paragraph.findall(docutils.nodes.Text)):
                if text.parent is paragraph or isinstance(text.parent, docutils.nodes.strong):
                    text.parent.replace(text, self.linked(text.astext(), word, left))

    def linked(self, text, word, left):
        """The text's nodes, with a link at each term that is left; it is left no longer."""
        nodes, done = [], 0
        for found in word.finditer(text):
            term = left.pop(found[1].lower(), None)
            if term:
                shown = docutils.nodes.inline("", found[0], classes=["glossary-term"])
                link = sphinx.addnodes.pending_xref(
                    "",
                    shown,
                    refdomain="std",
                    reftype="term",
                    reftarget=term,
                    refexplicit=True,
                    refwarn=True,
                    refdoc=self.env.docname,
                )
                nodes += [docutils.nodes.Text(text[done : found.start()]), link]
                done = found.end()
        return [*nodes, docutils.nodes.Text(text[done:])]


def setup(app):
    """Formulas as MathML: every browser of today draws it, without a script."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.add_transform(GlossaryLinks)


html_math_renderer = "mathml"
