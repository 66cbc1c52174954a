"""What every committed chapter must hold, whatever it teaches."""

import functools
import itertools
import json
import re

import nbformat
import pytest

from fkd_utils.cli import execute
from studies import chapters

SCRIPTS = execute.chapters_in(chapters.SOURCES, ".py")
NOTEBOOKS = execute.chapters_in(execute.NOTEBOOKS)


def names(paths):
    return [p.stem for p in paths]


def test_every_script_has_its_notebook_and_every_notebook_its_script():
    assert names(SCRIPTS) == names(NOTEBOOKS)
    assert SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=names(SCRIPTS))
def test_script_and_notebook_have_not_drifted(script):
    assert not chapters.has_drifted(script), (
        f"run: make notebooks CHAPTERS={script.stem.split('_')[0]}"
    )


@pytest.fixture(params=NOTEBOOKS, ids=names(NOTEBOOKS))
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook):
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def text(notebook):
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def test_it_was_run_from_top_to_bottom(notebook):
    counts = [c.execution_count for c in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert notebook.metadata.kernelspec.name == "python3"


def test_no_error_and_no_warning_is_stored(notebook):
    for cell in code(notebook):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


def test_parameters_cell_names_the_three(notebook):
    cells = [c for c in code(notebook) if "parameters" in c.metadata.get("tags", [])]
    assert len(cells) == 1
    for name in ("PROFILE", "DATA", "SEED"):
        assert re.search(rf"^{name} = ", cells[0].source, re.MULTILINE)


def test_code_is_narrow_and_cells_are_short(notebook):
    for cell in code(notebook):
        lines = cell.source.split("\n")
        assert max(map(len, lines)) <= 100, cell.source
        assert len(lines) <= 30, cell.source


def test_no_sentence_becomes_a_list_by_a_number_that_begins_its_line(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            lines = cell.source.split("\n")
            for before, line in itertools.pairwise(lines):
                ends_a_line = re.fullmatch(r"(?!\s*(\d+\.|-) ).*[a-z,]", before)
                assert not (ends_a_line and re.match(r"\d+\. ", line)), f"{before}\n{line}"


def test_head_says_what_a_reader_must_know(notebook):
    head = notebook.cells[0].source
    assert head.startswith("# ")
    for word in ("**You can afterwards**", "**Needs**", "**Takes**", "**Figures**"):
        assert word in head, word


TITLE = re.compile(r"^\*\*(\d+)\. (.+?)\*\* \((easy|medium|hard|open)\)[.:]?", re.MULTILINE)
MINUTES = {"easy": 5, "medium": 10, "hard": 20, "open": 30}  # of an exercise


def exercises_of(notebook):
    """Number, name and grade of each exercise, in order."""
    return [(int(k), name, grade) for k, name, grade in TITLE.findall(text(notebook))]


def test_it_ends_with_what_was_seen_a_quiz_and_exercises(notebook):
    headings = re.findall(r"^## (.+)$", text(notebook), re.MULTILINE)
    assert headings[-3:] == ["What you saw", "Quiz", "Exercises"]
    tags = [tag for c in notebook.cells for tag in c.metadata.get("tags", [])]
    assert tags.count("quiz") == 1
    for cell in notebook.cells:
        if {"solution", "check"} & set(cell.metadata.get("tags", [])):
            assert cell.metadata.jupyter.source_hidden


def test_exercises_have_one_form(notebook):
    start = next(k for k, c in enumerate(notebook.cells)
                 if re.search(r"^## Exercises", c.source, re.MULTILINE))  # fmt: skip
    kinds, by_number = [], {}
    for cell in notebook.cells[start:]:
        for k, _, grade in TITLE.findall(cell.source if cell.cell_type == "markdown" else ""):
            by_number[int(k)] = (grade, [])
            kinds = by_number[int(k)][1]
        kinds += [t for t in cell.metadata.get("tags", []) if t in ("answer", "check", "solution")]
    assert list(by_number) == list(range(1, len(by_number) + 1)) and len(by_number) >= 5
    for number, (grade, found) in by_number.items():
        expected = ["solution"] if grade == "open" else ["answer", "check", "solution"]
        assert found == expected, number
    assert sum(grade != "open" for grade, _ in by_number.values()) >= 4
    for cell in notebook.cells[start:]:
        tags = cell.metadata.get("tags", [])
        if "answer" in tags:
            assert "..." in cell.source
        if "solution" in tags and cell.cell_type == "code":
            assert cell.source.splitlines()[-1].startswith("# "), "it is to conclude"
        elif "solution" in tags:
            assert cell.source.startswith("**Rubric.**") and "**Expected**" in cell.source


def test_the_head_promises_what_is_tested_and_the_time_it_takes(notebook):
    head, found = notebook.cells[0].source, exercises_of(notebook)
    promises = re.findall(r"^- (.+?)(?=\n- |\n\n|\n\*\*)", head, re.MULTILINE | re.DOTALL)
    assert 1 <= len(promises) <= 5
    for promise in promises:
        where = re.search(r"\(((?:exercises?|questions?) [^()]+)\)[;.]?\s*$", promise)
        assert where, promise
        for kind, numbers in re.findall(r"(exercise|question)s? ([\d, and]+)", where[1]):
            there = {k for k, _, _ in found} if kind == "exercise" else {1, 2, 3, 4}
            assert {int(k) for k in re.findall(r"\d+", numbers)} <= there, promise
    words = len(text(notebook).split())
    minutes = words / 200 + sum(MINUTES[grade] for _, _, grade in found)
    said = int(re.search(r"\*\*Takes\*\* about (\d+) minutes to study", head)[1])
    assert abs(said - minutes) <= 10, f"{minutes:.0f} minutes"


def quiz_of(path):
    name = f"{path.stem.split('_')[0]}.json"
    return json.loads((execute.NOTEBOOKS / "quizzes" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names(NOTEBOOKS))
def test_a_quiz_has_four_questions_and_every_wrong_answer_is_explained(path):
    questions = quiz_of(path)
    assert len(questions) == 4
    for question in questions:
        assert question["type"] == "multiple_choice" and len(question["answers"]) == 4
        assert sum(answer["correct"] for answer in question["answers"]) == 1
        for answer in question["answers"]:
            assert len(answer["feedback"]) > 20 and "$" not in json.dumps(answer)


def test_the_course_asks_enough_and_no_two_chapters_begin_alike():
    openings = [quiz_of(path)[0]["question"] for path in NOTEBOOKS]
    assert len(set(openings)) == len(openings)
    places = [
        [a["correct"] for a in q["answers"]].index(True) for p in NOTEBOOKS for q in quiz_of(p)
    ]
    assert max(places.count(k) for k in range(4)) < len(places) / 2
    read = [nbformat.read(path, as_version=4) for path in NOTEBOOKS]
    grades = [grade for notebook in read for _, _, grade in exercises_of(notebook)]
    assert len(grades) >= 100 and sum(grade != "open" for grade in grades) >= 85
    first = [exercises_of(notebook)[0][1] for notebook in read]
    assert len(set(first)) == len(first)
    moving = sum('class="moving"' in m for notebook in read
                 for m in shown_by(notebook))  # fmt: skip
    assert moving >= 20


def shown_by(notebook):
    return ["".join(o.get("data", {}).get("text/html", "")) for c in code(notebook)
            for o in c.outputs]  # fmt: skip


def test_every_picture_has_alt_text(notebook):
    for cell in code(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/png" not in data, f"show it with chapter.figure: {cell.source}"
            for tag in re.findall(r"<img[^>]*>", "".join(data.get("text/html", ""))):
                alt = re.search(r'alt="([^"]*)"', tag)
                assert alt and len(alt[1]) > 40, cell.source


def test_figures_named_in_the_head_are_the_figures_it_shows(notebook):
    shown = set()
    for cell in code(notebook):
        for output in cell.outputs:
            markup = "".join(output.get("data", {}).get("text/html", ""))
            shown.update(re.findall(r"<figcaption><b>((?:Figure|Table) [^<]+)\.</b>", markup))
    head, listed = notebook.cells[0].source, set()
    for kind in ("Figure", "Table"):
        named = re.search(rf"\*\*{kind}s\*\*(.*?)(\n\n|\Z)", head, re.DOTALL)
        numbers = re.findall(r"\d+[a-c]?(?:\.\d+|-[a-z])", spread(named[1] if named else ""))
        listed.update(f"{kind} {number}" for number in numbers)
    assert listed == shown


def spread(listing: str) -> str:
    """ "2.1 to 2.4" spelt out, and "01-a to 01-c"."""

    def numbers(match):
        return " ".join(f"{match[1]}{k}" for k in range(int(match[2]), int(match[4]) + 1))

    def letters(match):
        span = range(ord(match[2]), ord(match[4]) + 1)
        return " ".join(f"{match[1]}{chr(k)}" for k in span)

    listing = re.sub(r"(\d+[a-c]?\.)(\d+) to (\d+[a-c]?\.)(\d+)", numbers, listing)
    return re.sub(r"(\d\d[a-c]?-)([a-z]) to (\d\d[a-c]?-)([a-z])", letters, listing)


def cells_without(notebook, *tags):
    return [c for c in code(notebook) if not set(tags) & set(c.metadata.get("tags", []))]


def test_guards_stand_in_cells_of_their_own(notebook):
    asserting = [
        c.source
        for c in cells_without(notebook, "guard", "solution")
        if re.search(r"^ *assert ", c.source, re.MULTILINE)
    ]
    assert len(asserting) <= 3, asserting
    for cell in code(notebook):
        if "guard" in cell.metadata.get("tags", []):
            assert cell.source.startswith("with chapter.guard("), cell.source
            assert cell.metadata.jupyter.source_hidden and not cell.outputs


def test_it_imports_at_most_six_rooms_and_nothing_deeper(notebook):
    source = "\n".join(c.source for c in code(notebook))
    rooms = re.findall(r"^from fkd_utils import (.+)$", source, re.MULTILINE)
    assert len(rooms) == 1 and len(rooms[0].split(",")) <= 6, rooms
    deeper = re.findall(r"^ *from fkd_utils\.(?!files import InputError).*$", source, re.MULTILINE)
    assert not deeper
    assert not re.search(r"^ *(?:import|from) studies", source, re.MULTILINE)


LINK = re.compile(r"\]\(((?!https?:|mailto:|data:)[^)\s]+)\)")
REFERENCE = re.compile(r"(?<!\*)\b(Figures?|Tables?)\s+(\d+[a-c]?(?:\.\d+|-[a-z]))")
LINKED = re.compile(r"```.*?```|`[^`\n]*`|\[[^\]]*\]\([^)]*\)", re.DOTALL)


@functools.cache
def anchors(path):
    """What a link may point to on a page: its headings, figures and tables."""
    there = nbformat.read(path, as_version=4)
    headings = re.findall(r"^#+ (.+)$", text(there), re.MULTILINE)
    made = "".join("".join(o.get("data", {}).get("text/html", "")) for c in code(there)
                   for o in c.outputs)  # fmt: skip
    return {h.strip().replace(" ", "-") for h in headings} | set(
        re.findall(r'<figure id="([^"]+)"', made)
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names(NOTEBOOKS))
def test_links_lead_somewhere(path):
    for target in LINK.findall(text(nbformat.read(path, as_version=4))):
        page, _, anchor = target.partition("#")
        there = execute.NOTEBOOKS / page if page else path
        assert there.exists(), target
        if anchor and there.suffix == ".ipynb":
            assert anchor in anchors(there), target


def test_what_has_a_place_is_referred_to_by_a_link(notebook):
    """Chapters, exercises, and every figure and table that some chapter shows."""
    shown = {anchor for path in NOTEBOOKS for anchor in anchors(path)}
    prose = "\n\n".join(c.source for c in notebook.cells[1:] if c.cell_type == "markdown")
    prose = re.sub(r"^#+ .*$", "", LINKED.sub("", prose), flags=re.MULTILINE)
    loose = re.findall(r"\b[Cc]hapters?\s+\d\d[a-c]?\b|\b[Ee]xercise\s+\d+\b", prose)
    loose += [m[0] for m in REFERENCE.finditer(prose)
              if f"{m[1].lower().rstrip('s')}-{m[2]}" in shown
              and not re.search(r"[A-Z]'s\s+$", prose[: m.start()])]  # fmt: skip
    assert not loose


def test_no_output_holds_a_path_of_the_machine_that_made_it(notebook):
    for cell in code(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            shown = [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
            found = re.findall(r"(?<![\w/.<])(?:/[\w.-]+){2,}/[\w.-]+", re.sub(
                r'data:[^"]*"', '"', "\n".join("".join(one) for one in shown)))  # fmt: skip
            assert not found, cell.source
