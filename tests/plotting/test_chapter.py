import json

import IPython.display
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fkd_utils.files import InputError
from fkd_utils.plotting import chapter


@pytest.fixture
def built(tmp_path, monkeypatch):
    monkeypatch.setenv("FKD_FIGURES", str(tmp_path / "built"))
    return tmp_path / "built"


@pytest.fixture
def shown(monkeypatch):
    """The HTML of all that a chapter shows."""
    pieces = []
    monkeypatch.setattr(IPython.display, "display", lambda content: pieces.append(content.data))
    return pieces


def test_a_table_is_stored_as_numbers_with_its_entry(built):
    opened = chapter.Chapter("06", "quick", "open", 0)
    opened.table([{"model": "First", "mse": 0.123456}], "4.1", "A <table>.", mse="{:.2f}")
    entry = json.loads((built / "ch06_table_4.1.json").read_text(encoding="utf-8"))
    assert (entry["number"], entry["kind"]) == ("4.1", "table")
    stored = pd.read_csv(built / "ch06_table_4.1.csv")
    assert stored.to_dict("records") == [{"model": "First", "mse": 0.123456}]


def test_a_table_is_shown_rounded_and_with_its_caption_escaped(built, shown):
    opened = chapter.Chapter("06", "quick", "open", 0)
    opened.table([{"model": "First", "mse": 0.123456}], "4.1", "A <table>.", mse="{:.2f}")
    chapter.show_table([{"mse": 0.987654}], mse="{:.3f}")
    numbered, plain = shown
    assert "<b>Table 4.1.</b> A &lt;table&gt;." in numbered
    assert ">0.12<" in numbered and "0.1234" not in numbered
    assert ">0.988<" in plain and "figcaption" not in plain
    assert len(list(built.glob("*.csv"))) == 1


def test_a_figure_is_shown_and_stored_with_what_made_it(built, shown):
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.plot([0, 1])
    chapter.Chapter("03", "smoke", "kaggle", 7).figure(figure, "03-a", "A title", "A line rises.")
    (page,) = shown
    assert 'alt="A line rises."' in page and "<b>Figure 03-a.</b> A title" in page
    told = json.loads((built / "ch03_fig_03-a.json").read_text())
    assert [told[k] for k in ("chapter", "profile", "data", "seed")] == ["03", "smoke", "kaggle", 7]
    assert (told["title"], told["alt"], told["kind"]) == ("A title", "A line rises.", "figure")
    assert (built / "ch03_fig_03-a.png").exists()


def test_a_readers_own_face_is_shown_and_not_stored(built, shown):
    opened = chapter.Chapter("12", "quick", "open", 0)
    opened.figure(plt.figure(), "12-h", "Me.", "A face.", private=True)
    assert "Me." in shown[0] and not built.exists()


def test_sizes_follow_the_profile_and_there_is_no_fourth():
    found = [chapter.Chapter("03", p, "open", 0).pick(1, 2, 3) for p in ("smoke", "quick", "paper")]
    assert found == [1, 2, 3]
    with pytest.raises(InputError, match="'fast'; choose one of smoke, quick, paper"):
        chapter.Chapter("03", "fast", "open", 0)


@pytest.fixture
def check(capsys):
    """A check of exercise 1, and what it says of an answer: the outcome and the line."""
    opened = chapter.Chapter("05", "quick", "open", 0)

    @opened.check("a whole number", "count again")
    def check_1(answer):
        """Whether it is 12."""
        if answer == 6:
            return "that is half of it"
        return answer == 12

    def said(answer):
        check_1(answer)
        return opened.outcomes["check_1"], capsys.readouterr().out.strip()

    return said


def test_a_check_says_right_and_gives_hints_but_never_the_answer(check):
    assert check(12) == check(12.0) == check(np.int64(12)) == ("passed", "right")
    assert check(6) == ("not yet", "not yet: that is half of it")
    assert check(7) == ("not yet", "not yet: count again")
    for empty in (..., (1, ...), [...]):
        assert check(empty)[0] == "empty"


@pytest.mark.parametrize(
    "nonsense", [None, "twelve", float("nan"), [1, 2], np.arange(3), object(), {}, print]
)
def test_nonsense_gets_a_line_and_no_traceback(check, nonsense):
    outcome, line = check(nonsense)
    assert outcome == "not yet" and line.startswith("not yet: ") and "12" not in line


def test_a_moving_figure_is_shown_and_its_still_stored(built, shown):
    opened = chapter.Chapter("05", "quick", "open", 0)
    frames = (plt.figure(figsize=(1, 1)) for _ in range(3))
    opened.explore(frames, ["a", "b", "c"], "05-z", "A title.", "What is to be seen.", start=1)
    assert 'class="moving"' in shown[0] and "A title." in shown[0]
    assert (built / "ch05_fig_05-z.png").exists()


def test_a_quiz_is_the_same_each_time_hides_its_key_and_asks_no_network(tmp_path, monkeypatch):
    """Where there is no notebook nobody is asked, and nothing breaks."""
    from IPython.core.interactiveshell import InteractiveShell

    answers = [{"answer": "yes", "correct": True, "feedback": "since <it> moves"}]
    (tmp_path / "05.json").write_text(
        json.dumps([{"question": "Does it?", "type": "multiple_choice", "answers": answers}])
    )
    monkeypatch.setattr(chapter, "QUIZZES", tmp_path)
    opened, pages = chapter.Chapter("05", "quick", "open", 0), []
    monkeypatch.setattr(chapter, "_display", pages.append)
    if not InteractiveShell.initialized():
        opened.quiz()
        assert not pages
    InteractiveShell.instance()
    try:
        opened.quiz()
        opened.quiz()
    finally:
        InteractiveShell.clear_instance()
    assert len(pages) == 2 and pages[0] == pages[1]
    assert "Does it?" not in pages[0] and "since" not in pages[0]
    assert "typeof MathJax" not in pages[0]
