import nbformat
import pytest

from fkd_utils.cli import execute
from fkd_utils.plotting import chapter
from studies import check_chapters


@pytest.fixture
def page(monkeypatch):
    """A chapter's names, with one check that takes 7, and another for each way to judge badly."""
    page = {"chapter": chapter.Chapter("03", "smoke", "open", 0)}
    monkeypatch.setattr(check_chapters, "NONSENSE", ("None", "'text'"))

    def judged(judge, solution=7):
        @page["chapter"].check("a number", "count")
        def check_1(answer):
            return judge(answer)

        page["check_1"] = check_1
        check_1(solution)
        return page

    return judged


def tried(monkeypatch, tmp_path, names, wrong):
    monkeypatch.setattr(check_chapters, "ANSWERS", tmp_path)
    (tmp_path / "03.json").write_text(wrong)
    (path,) = execute.find_chapters(["03"])
    notebook = check_chapters.with_trial(path)
    nbformat.validate(notebook)
    assert len(notebook.cells) == 1 + len(nbformat.read(path, as_version=4).cells)
    exec(notebook.cells[-1].source, names)


def test_a_check_that_knows_right_from_wrong_passes(page, monkeypatch, tmp_path):
    tried(monkeypatch, tmp_path, page(lambda answer: answer == 7), '{"1": ["8", "chapter"]}')


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        (lambda answer: True, "wrong answer 8"),
        (lambda answer: answer != 8, "wrong answer None"),
        (lambda answer: answer == 6, "the solutions: {'check_1': 'not yet'}"),
    ],
)
def test_one_that_does_not_fails(judge, says, page, monkeypatch, tmp_path):
    with pytest.raises(AssertionError, match=says):
        tried(monkeypatch, tmp_path, page(judge), '{"1": ["8"]}')


def test_a_check_without_wrong_answers_fails(page, monkeypatch, tmp_path):
    with pytest.raises(AssertionError, match="the solutions"):
        tried(monkeypatch, tmp_path, page(lambda answer: answer == 7), "{}")
