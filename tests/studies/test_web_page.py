"""The page of the networks: what it says is what Python says, and what it says when it cannot."""

import io
import json
import re
import shutil
import subprocess

import numpy as np
import PIL.Image
import pytest
import webpage

from fkd_utils import data
from fkd_utils.data import photos
from fkd_utils.demo import group_photo, locate
from fkd_utils.training import fitting
from studies import web_page


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    if not web_page.build(folder):
        pytest.skip("the page was not built: Node or its packages are missing, see above")
    return folder


@pytest.fixture(scope="module")
def address(site):
    with webpage.served(site) as place:
        yield place


@pytest.fixture(scope="module")
def play():
    with webpage.playing() as one:
        yield one


@pytest.fixture(scope="module")
def browser(play):
    with webpage.chromium(play) as one:
        yield one


@pytest.fixture(scope="module")
def visit(browser, address):
    """The page on its first portrait; at the end it has complained of nothing and asked no one."""
    page = webpage.Visit(browser, address)
    page.until("face found")
    yield page
    assert page.complaints == []
    assert all(url.startswith((address, "data:", "blob:")) for url in page.asked)


def keras_model(name):
    _, title, published = next(row for row in web_page.NETWORKS if row[0] == name)
    return fitting.load_network(web_page._source(title, published))


def jpeg(picture, **options):
    content = io.BytesIO()
    PIL.Image.fromarray(picture).save(content, "JPEG", quality=95, **options)
    return content.getvalue()


def opened(visit, name, content):
    """Open a file as a reader does; what the page says when it has searched it, or cannot."""
    before = visit.do("return state.frames")
    visit.page.set_input_files("#file", {"name": name, "mimeType": "image/jpeg", "buffer": content})
    for _ in range(600):
        if visit.do("return state.frames") > before or visit.status().startswith(name):
            return visit.status()
        visit.page.wait_for_timeout(100)
    raise AssertionError(f"{name}: no answer, but {visit.status()!r}")


def to_portrait(visit):
    """Show the first portrait."""
    before = visit.do("return state.frames")
    visit.page.click("#portraits button")
    while visit.do("return state.frames") == before:
        visit.page.wait_for_timeout(50)


def test_the_page_is_small_and_its_modules_are_short(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 16e6
    lines = [
        line
        for path in web_page.SOURCE.glob("*.js")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not re.match(r"\s*(//|/?\*)", line)
    ]
    assert len(lines) <= 800


def test_the_lock_names_no_registry():
    lock = json.loads((web_page.SOURCE / "package-lock.json").read_text(encoding="utf-8"))
    for name, entry in lock["packages"].items():
        assert "resolved" not in entry
        assert not name or (entry["integrity"] and entry["license"])


def test_types_are_right(tmp_path):
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no Node on this machine: the types of the page are not checked")
    shutil.copytree(
        web_page.SOURCE, tmp_path / "web", ignore=shutil.ignore_patterns("node_modules")
    )
    for order in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["run", "check"]):
        ended = subprocess.run([npm, *order], cwd=tmp_path / "web", capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_without_node_a_line_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert web_page.build(tmp_path / "page") is False
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "needs Node" in said
    assert not (tmp_path / "page").exists()


def test_every_network_answers_like_keras(visit):
    images = data.load("open", 0, None).test.images[:64]
    answers = visit.do(
        """const {start} = await import(at("network.js"));
        const faces = value.map((face) => Uint8Array.from(face));
        const answers = {};
        for (const [name, network] of state.networks) {
            answers[name] = faces.map((face) => network.locate(face).points);
        }
        return answers;""",
        images.reshape(len(images), -1).tolist(),
    )
    assert answers.keys() == {"First", "Fourth", "Fifth", "Final"}
    for name, points in answers.items():
        expected = locate.predict(keras_model(name), images)
        assert np.abs(np.array(points) - expected).max() < 0.05, name


@pytest.mark.parametrize("person", [0, 1, 2])
def test_from_the_photograph_on_points_are_those_of_python(visit, person):
    picture = group_photo.portrait(person)
    assert opened(visit, "someone.png", png(picture)).startswith("1 face")
    (square,), points = visit.faces()
    small = photos.to_face(photos.to_grey(photos.cut(picture, square)))
    expected = locate.predict(keras_model("Final"), small[np.newaxis])[0]
    assert np.abs(points[0] - photos.to_photo(expected, square)).max() < 0.5
    # Chapter 12's way, whose detector frames the face a little otherwise.
    theirs = locate.locate(keras_model("Final"), picture).points[0]
    apart = np.linalg.norm(points[0] - theirs, axis=1).mean()
    assert apart < 0.04 * np.linalg.norm(points[0, 3] - points[0, 5])


def png(picture):
    content = io.BytesIO()
    PIL.Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()


def test_a_small_square_is_enlarged_as_opencv_does(visit):
    picture = photos.to_grey(group_photo.portrait(0))[100:170, 150:230]
    square = photos.Square(-9, 5, 60)
    grey = {"width": 80, "height": 70, "data": picture.ravel().tolist()}
    cut = visit.do(
        """const {cut} = await import(at("picture.js"));
        return [...cut({...value[0], data: Uint8Array.from(value[0].data)}, value[1])];""",
        [grey, square._asdict()],
    )
    expected = photos.to_face(photos.cut(picture, square))
    assert np.abs(np.reshape(cut, (96, 96)) - expected.astype(int)).max() <= 2


@pytest.mark.parametrize("height", [0.2, 0.35, 0.8])
@pytest.mark.parametrize("x", [0.3, 0.7])
def test_a_face_is_found_large_and_small(visit, height, x):
    eyes = np.linalg.norm(np.subtract(*group_photo.portrait_points(0)[[3, 5]]))
    # A face is about twice as high as its outer eye corners are apart.
    scale = height * 480 / (2 * eyes)
    x = 0.5 if height > 0.5 else x
    placed = group_photo.Placed(0, 640 * x, 480 * (0.45 if height > 0.5 else 0.4), scale, 5)
    picture, truth = group_photo.compose((640, 480), [placed])
    assert opened(visit, "scene.png", png(picture)).startswith("1 face")
    _, points = visit.faces()
    apart = np.linalg.norm(points[0] - truth[0], axis=1).mean()
    assert apart < 0.08 * scale * eyes


def test_six_people_are_six_faces_and_a_wall_is_none(visit):
    picture, truth = group_photo.group()
    assert opened(visit, "group.png", png(picture)).startswith("6 faces")
    _, points = visit.faces()
    noses = points[:, 10], truth[:, 10]
    assert all(np.linalg.norm(noses[0] - nose, axis=1).min() < 8 for nose in noses[1])
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (12, 16), (60, 80), (480, 640)):
        spots = PIL.Image.fromarray(rng.integers(0, 255, (*shape, 3), dtype=np.uint8))
        wall = np.asarray(spots.resize((640, 480)))
        assert opened(visit, "wall.png", png(wall)).startswith("No face found")


def test_a_turned_photograph_stands_upright(visit):
    note = PIL.Image.Exif()
    note[0x0112] = 6  # the camera was turned: show it a quarter turn clockwise
    lying = np.rot90(group_photo.portrait(1))
    opened(visit, "turned.jpg", jpeg(np.ascontiguousarray(lying), exif=note))
    _, points = visit.faces()
    assert np.abs(points[0] - group_photo.portrait_points(1)).max() < 12


def test_what_cannot_be_used_says_what_to_do(visit):
    assert "Open a JPEG" in opened(visit, "letter.jpg", b"Dear all")
    assert "at least 32" in opened(visit, "dot.png", png(np.zeros((1, 1, 3), np.uint8)))
    large = np.repeat(np.repeat(group_photo.portrait(0), 19, axis=0), 19, axis=1)  # 53 megapixels
    assert opened(visit, "large.jpg", jpeg(large)).startswith("1 face")
    assert "1600 by 1600" in visit.page.inner_text("#times")


def test_noses_glasses_and_another_network_change_the_picture(visit):
    to_portrait(visit)
    before = visit.do("return state.shown")

    def drawing():
        return visit.do("return document.querySelector('#stage').toDataURL()")

    pictures = [drawing()]
    for box in ("#nose", "#sunglasses", "#points"):
        visit.page.click(box)
        pictures.append(drawing())
    visit.page.check("input[value=Fourth]")
    pictures.append(drawing())
    assert len(set(pictures)) == 5
    assert visit.do("return state.shown") != before
    errors = visit.page.locator(".here").all_inner_texts()
    assert all(text.endswith("% on this face") for text in errors)
    with visit.page.expect_download() as saved:
        visit.page.click("#save")
    assert PIL.Image.open(saved.value.path()).size == (384, 384)
    for box in ("#nose", "#sunglasses", "#points"):
        visit.page.click(box)
    visit.page.check("input[value=Final]")


def test_a_touched_point_shows_its_heat_map(visit):
    to_portrait(visit)
    box = visit.page.locator("#stage").bounding_box()
    for mirrored in (False, True):
        visit.page.set_checked("#mirror", mirrored)
        x, y = visit.do("return state.shown[0][11]")  # the left corner of the mouth
        x = 383 - x if mirrored else x
        scale = box["width"] / 384
        visit.page.select_option("#which", "0")
        visit.page.mouse.click(box["x"] + x * scale, box["y"] + y * scale)
        assert visit.page.input_value("#which") == "11"
        assert "certain" in visit.page.inner_text("#certainty")
    visit.page.uncheck("#mirror")


def test_a_touch_beside_every_point_changes_nothing(visit):
    to_portrait(visit)
    visit.page.select_option("#which", "0")
    visit.page.click("#stage", position={"x": 5, "y": 5})
    assert visit.page.input_value("#which") == "0"


def test_the_panels_show_the_face_that_was_touched(visit):
    opened(visit, "group.png", png(group_photo.group()[0]))
    noses = visit.do("return state.shown.map((points) => points[10])")
    box = visit.page.locator("#stage").bounding_box()
    scale = box["width"] / visit.do("return state.grey.width")
    seen, marked = set(), set()
    for number, (x, y) in enumerate(noses):
        visit.page.mouse.click(box["x"] + x * scale, box["y"] + y * scale)
        assert visit.do("return state.faces.findIndex((face) => face.chosen)") == number
        seen.add(visit.do("return document.querySelector('#seen').toDataURL()"))
        marked.add(visit.do("return document.querySelector('#stage').toDataURL()"))
    assert len(noses) == len(seen) == len(marked) == 6


def test_the_picture_chosen_last_is_shown(browser, address):
    slow = """const decode = createImageBitmap;
    globalThis.createImageBitmap = async (file, options) => {
        if (file.name) await new Promise((resolve) => setTimeout(resolve, 1000));
        globalThis.decoded = file.name;
        return decode(file, options);
    };"""  # a portrait of the page has no name
    visit = webpage.Visit(browser, address, first=slow)
    visit.until("1 face")
    content = png(np.zeros((64, 64, 3), np.uint8))
    file = {"name": "slow.png", "mimeType": "image/png", "buffer": content}
    visit.page.set_input_files("#file", file)
    assert visit.status() == "Opening slow.png."
    visit.page.click("#portraits button:nth-child(2)")
    visit.do("while (globalThis.decoded !== 'slow.png') await new Promise(requestAnimationFrame)")
    visit.page.wait_for_timeout(500)
    assert visit.do("return state.grey.width") == 384
    assert visit.page.get_attribute("#portraits button:nth-child(2)", "aria-pressed") == "true"
    assert visit.complaints == []
    visit.page.close()


def test_it_can_be_used_with_the_keyboard_alone(visit):
    page = visit.page
    page.click("h1")
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(
            visit.do(
                """const on = document.activeElement;
                return on.id || on.name || on.closest("[id]")?.id;"""
            )
        )
    wanted = {"camera", "file", "portraits", "network", "points", "nose", "save", "which"}
    assert wanted <= set(reached)
    page.focus("#portraits button:nth-child(2)")
    page.keyboard.press("Enter")
    visit.until("1 face")
    page.wait_for_selector("#portraits button:nth-child(2)[aria-pressed=true]")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_it_fits(browser, address, width, scheme):
    from axe_playwright_python import sync_playwright as axe

    # axe is put into the page, which our own promise to load nothing would forbid
    visit = webpage.Visit(browser, address, color_scheme=scheme, bypass_csp=True)
    visit.page.set_viewport_size({"width": width, "height": 800})
    visit.until("1 face")
    assert visit.do("return document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(visit.page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    visit.page.close()


def test_a_refused_camera_and_none_at_all_say_what_to_do(browser, address):
    visit = webpage.Visit(browser, address)  # without a fake one there is none here
    visit.until("1 face")
    visit.page.click("#camera")
    assert "open a photograph" in visit.until("camera was").lower()
    refusal = """navigator.mediaDevices.getUserMedia = () => Promise.reject(
        new DOMException("", value)); """
    for name, words in (
        ("NotAllowedError", "refused"),
        ("NotFoundError", "No camera"),
        ("NotReadableError", "another program"),
        ("OddError", "no picture"),
    ):
        visit.do(refusal, name)
        visit.page.click("#camera")
        visit.until(words)
    visit.page.wait_for_timeout(2000)  # the search for more faces goes on, and says nothing
    assert "no picture" in visit.status()
    visit.page.close()


def test_without_webassembly_it_says_so(browser, address):
    visit = webpage.Visit(browser, address, first="delete globalThis.WebAssembly")
    assert "take a current" in visit.until("WebAssembly")
    visit.page.close()


def test_missing_files_are_told(site, browser, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(site, broken)
    (broken / "networks" / "final.bin").unlink()
    with webpage.served(broken) as place:
        assert "final.bin" in webpage.Visit(browser, place).until("missing")


def test_without_its_search_every_picture_says_so(site, browser, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(site, broken, ignore=shutil.ignore_patterns("worker.js"))
    with webpage.served(broken) as place:
        visit = webpage.Visit(browser, place)
        visit.page.wait_for_selector("#save:enabled")
        visit.until("search could not start")
        visit.page.click("#portraits button:nth-child(2)")
        visit.page.wait_for_selector("#portraits button:nth-child(2)[aria-pressed=true]")
        assert "search could not start" in visit.status()


def test_two_clicks_and_a_portrait_do_not_confuse_the_camera(play, address):
    with webpage.chromium(play, *webpage.FAKE) as browser:
        visit = webpage.Visit(browser, address)
        visit.until("1 face")
        visit.page.dblclick("#camera")
        visit.until("No face found")  # the fake camera shows a pattern
        assert "Stop" in visit.page.inner_text("#camera")
        visit.page.click("#camera")
        visit.until("camera is off")
        assert visit.page.inner_text("#times") == ""
        visit.do(
            """const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (wanted) => {
                await new Promise((resolve) => setTimeout(resolve, 1000));
                return (globalThis.stream = await ask(wanted));
            };"""
        )
        visit.page.click("#camera")
        visit.page.click("#portraits button:nth-child(2)")
        visit.do(
            "while (globalThis.stream?.active !== false) await new Promise(requestAnimationFrame)"
        )
        visit.until("1 face")
        visit.page.wait_for_selector("#camera:enabled:has-text('Use')")
        assert visit.complaints == []


def test_what_the_search_finds_late_is_not_said_of_a_camera_that_is_off(play, address):
    slow = """globalThis.Worker = class extends Worker {
        set onmessage(heard) {
            super.onmessage = (event) => setTimeout(() => heard(event), 700);
        }
    };"""
    with webpage.chromium(play, *webpage.FAKE) as browser:
        visit = webpage.Visit(browser, address, first=slow)
        visit.until("1 face")
        visit.start_camera()
        visit.page.click("#camera")
        visit.until("camera is off")
        visit.page.wait_for_timeout(1500)
        assert visit.status() == "The camera is off."


def test_the_camera_is_followed(play, address, tmp_path):
    film = tmp_path / "film.mjpeg"
    frames = webpage.write_film(film, webpage.morph_film(300))
    flag = f"--use-file-for-fake-video-capture={film}"
    with webpage.chromium(play, *webpage.FAKE, flag) as browser:
        visit = webpage.Visit(browser, address)
        visit.until("1 face")
        visit.start_camera()
        visit.until("1 face")
        seen = webpage.watched(visit, 60)
        assert visit.complaints == []
        assert all(url.startswith((address, "data:", "blob:")) for url in visit.asked)
    model, good, turns = keras_model("Final"), [], []
    for one in seen:
        frame = np.ascontiguousarray(frames[one["number"]])
        theirs = locate.locate(model, frame)
        ours = [np.array(face["points"]) for face in one["faces"] if not face["missed"]]
        if not ours or not len(theirs):
            good.append(False)
            continue
        eyes = ours[0][3] - ours[0][5]
        off = [np.linalg.norm(ours[0] - p, axis=1).mean() for p in theirs.points]
        good.append(min(off) < 0.04 * np.hypot(*eyes))
        turns.append(np.degrees(np.arctan2(eyes[1], eyes[0])))
    assert np.mean(good) >= 0.95
    assert np.ptp(turns) > 8  # the glasses turn with the head


def test_lost_found_again_and_two_at_once(play, address, tmp_path):
    one = group_photo.Placed(0, 190, 200, 0.9, 0)
    both = [one, group_photo.Placed(3, 470, 200, 0.9, 0)]
    parts = [[one], [], both]
    scenes = [group_photo.compose(webpage.SIZE, part)[0] for part in parts]
    film = tmp_path / "film.mjpeg"
    webpage.write_film(film, (scene for scene in scenes for _ in range(150)))
    flag = f"--use-file-for-fake-video-capture={film}"
    with webpage.chromium(play, *webpage.FAKE, flag) as browser:
        visit = webpage.Visit(browser, address)
        visit.until("1 face")
        visit.start_camera()
        for words in ("1 face", "No face", "2 faces", "1 face"):
            visit.until(words, seconds=90)
        visit.page.click("#camera")
        assert "off" in visit.until("camera is")
