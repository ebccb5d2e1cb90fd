"""The explorer page in a real browser: it decodes what NumPy decodes, and answers to every hand."""
import numpy as np
import pytest

from numpyvae import IWAE, VAE, ConditionalVAE
from numpyvae.explore import write_page

SIZES = 30, 24, 5                            # D, H, Z: images of 5 rows and 6 columns
SHAPE = 5, 6
INK   = 1 - 0x10 / 255                       # how dark ink is, in the light theme
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True,
         "device_scale_factor": 2}
MODELS = {"vae":      lambda dtype: VAE(*SIZES, rng=1, dtype=dtype),
          "cvae":     lambda dtype: ConditionalVAE(*SIZES, num_classes=4, rng=1, dtype=dtype),
          "iwae":     lambda dtype: IWAE(*SIZES, rng=1, dtype=dtype),
          "gaussian": lambda dtype: VAE(*SIZES, likelihood="gaussian", rng=1, dtype=dtype)}


def network(name, dtype=np.float32):
    """An untrained network, with weights as large as a trained one's, so that codes matter."""
    model = MODELS[name](dtype)
    for param in ("W3", "W4", "W_mu"):
        model.params[param] *= 1 if name == "gaussian" else 3
    model.params["b_mu"] += 0.1                              # no code lies at 0
    if name == "cvae":
        model.params["M"] *= 10
    return model


def test_images(n=40):
    rng = np.random.default_rng(2)
    return rng.random((n, SIZES[0])), np.arange(n) % 4


test_images.__test__ = False


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The path of a model's page, by its name and whether its weights are exact: written once."""
    folder, written = tmp_path_factory.mktemp("pages"), {}
    x, labels = test_images()

    def path_of(name, exact=False):
        path = folder / f"{name}{'-exact' * exact}.html"
        if path not in written:
            write_page(path, network(name), x, SHAPE, labels, learned_from="noise", exact=exact)
            written[path] = True
        return path

    return path_of


def code(tab):
    """The code that the page stands at: (Z,)."""
    return np.array(tab.evaluate("Array.from(z)"))


def said(tab):
    return tab.inner_text("#said").replace("\xa0", " ")


def drawn(tab, canvas):
    """How dark each pixel of a canvas is, after the next frame: (height, width), 0 for white."""
    numbers = tab.evaluate("""id => new Promise(done => requestAnimationFrame(() => {
        const canvas = document.getElementById(id);
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        done([canvas.height, canvas.width, ...data.filter((_, i) => i % 4 === 0)]);
    }))""", canvas)
    height, width, *pixels = numbers
    return 1 - np.reshape(pixels, (height, width)) / 255


def assert_shows(tab, model):
    """Assert that sliders, numbers and image are those of the code that the page stands at."""
    z = code(tab)
    found = drawn(tab, "decoded")
    probs = np.clip(model.decode(z[None])[0], 0, 1).reshape(SHAPE)
    np.testing.assert_allclose(found, probs * INK, atol=0.01)
    sliders = tab.evaluate("""Array.from(document.querySelectorAll("#sliders label"), row => {
        const slider = row.querySelector("input"), number = row.querySelector("output").textContent;
        return [slider.name, slider.min, slider.max, slider.value, number.replace("−", "-")]
            .map(Number);
    })""")
    assert sorted(j for j, *_ in sliders) == list(range(SIZES[2]))
    for j, low, high, value, number in sliders:
        assert value == pytest.approx(np.clip(z[j], low, high), abs=0.026)     # half a step
        assert number == pytest.approx(z[j], abs=0.0501)


# ---------------------------------------------------------------------- what it computes

@pytest.mark.parametrize("exact, tolerance", [(False, 1e-3), (True, 1e-6)])
@pytest.mark.parametrize("name", MODELS)
def test_it_decodes_what_numpy_decodes(pages, open_page, name, exact, tolerance):
    model = network(name)
    z = 2 * np.random.default_rng(3).standard_normal((20, SIZES[2]))
    tab = open_page(pages(name, exact))
    found = np.array(tab.evaluate("codes => codes.map(decode)", z.tolist()))
    expected = model.decode(z)
    assert found.shape == expected.shape and expected.std(axis=0).min() > 0.02
    error = np.abs(found - expected).max()
    assert error < tolerance
    if not exact:
        assert error > 1e-6                                  # it was 16 bits that were tried


def test_a_code_of_another_length_is_refused(pages, open_page):
    tab = open_page(pages("vae"))
    words = tab.evaluate("try { decode([1, 2]) } catch (error) { error.message }")
    assert words == "decode: expected 5 numbers, got 2"


def test_an_image_of_mnist_s_size_takes_less_than_two_milliseconds(tmp_path, open_page):
    model = VAE(784, 400, 20, rng=0, dtype=np.float32)
    x = np.random.default_rng(0).random((20, 784))
    write_page(tmp_path / "mnist.html", model, x, (28, 28))
    tab = open_page(tmp_path / "mnist.html")
    times = tab.evaluate("""() => Array.from(Array(10), () => {
        const began = performance.now();
        for (let i = 0; i < 20; i++) decode(z.map(normal));
        return (performance.now() - began) / 20;
    })""")
    assert min(times) < 2                                    # 0.3 were measured


# ---------------------------------------------------------------------- mouse, touch, keys

def test_it_begins_at_zero_and_says_what_it_is(pages, open_page):
    tab = open_page(pages("vae"))
    assert said(tab) == "decoded from z = 0" and not code(tab).any()
    assert "VAE, 30-24-5, learned from noise" in tab.inner_text("header")
    assert tab.get_attribute("html", "lang") == "en"
    assert_shows(tab, network("vae"))


def test_a_slider_turns_its_own_dimension(pages, open_page):
    tab = open_page(pages("vae"))
    slider = tab.locator("#sliders input").nth(1)
    j = int(slider.get_attribute("name"))
    slider.fill("1.5")
    assert code(tab)[j] == 1.5 and np.count_nonzero(code(tab)) == 1
    slider.press("ArrowRight")                               # a slider's arrows are its own
    assert code(tab)[j] == pytest.approx(1.55) and np.count_nonzero(code(tab)) == 1
    assert said(tab) == "decoded from this z"
    assert_shows(tab, network("vae"))


@pytest.mark.parametrize("options", [{}, PHONE], ids=["projector", "phone"])
def test_what_is_turned_stays_where_it_is(pages, open_page, options):
    tab = open_page(pages("cvae"), **options)
    for do in ("origin", "test", "random"):
        tab.evaluate(f"doing.{do}()")
        places = [tab.locator(name).bounding_box() for name in ("#plane", "#sliders")]
        tab.locator("#plane").press("ArrowUp")
        assert said(tab) == "decoded from this z"
        assert places == [tab.locator(name).bounding_box() for name in ("#plane", "#sliders")]


def test_the_plane_is_dragged_with_the_mouse(pages, open_page):
    tab = open_page(pages("vae"))
    across, up, reach = tab.evaluate("[across, up, reach()]")
    box = tab.locator("#plane").bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    tab.mouse.move(x + side / 4, y + side / 4)
    assert not code(tab).any()                               # not before the button is pressed
    tab.mouse.down()
    assert code(tab)[[across, up]] == pytest.approx([-reach / 2, reach / 2], abs=0.02)
    tab.mouse.move(x + 3 * side / 4, y + side / 2)
    assert code(tab)[[across, up]] == pytest.approx([reach / 2, 0], abs=0.02)
    tab.mouse.move(x + 2 * side, y + side / 2)               # beyond the edge
    assert code(tab)[across] == reach
    tab.mouse.up()
    tab.mouse.move(x + side / 2, y + side / 4)
    assert code(tab)[across] == reach and np.count_nonzero(code(tab)) <= 2
    assert_shows(tab, network("vae"))


def test_another_plane_can_be_chosen_and_its_two_dimensions_differ(pages, open_page):
    tab = open_page(pages("vae"))
    order = tab.evaluate("net.order")
    tab.select_option("#across", str(order[3]))
    assert tab.evaluate("[across, up]") == [order[3], order[1]]
    tab.select_option("#up", str(order[3]))
    assert tab.evaluate("[across, up]") == [order[1], order[3]]
    assert tab.input_value("#across") == str(order[1])
    tab.locator("#plane").press("ArrowUp")
    assert np.flatnonzero(code(tab)).tolist() == [order[3]]


def test_a_finger_drags_on_the_plane_and_presses_buttons(pages, open_page):
    tab = open_page(pages("cvae"), **PHONE)
    across, up, reach, centre = tab.evaluate("[across, up, reach(), centre]")
    tab.locator("[data-do=test]").tap()                      # first: soon after a swipe, Chromium
    tab.wait_for_function("shownImage !== null")             # takes a tap for the end of a fling
    assert said(tab) == "rebuilt from its μ"
    tab.evaluate("$('plane').scrollIntoView({ block: 'end' })")
    box = tab.locator("#plane").bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    tab.touchscreen.tap(x + side / 4, y + 0.6 * side)
    expected = np.array(centre)[[across, up]] + [-reach / 2, -0.2 * reach]
    assert code(tab)[[across, up]] == pytest.approx(expected, abs=0.05)
    assert tab.locator("#plane").bounding_box() == box       # it stays under the finger
    client = tab.context.new_cdp_session(tab)
    before = tab.evaluate("scrollY")
    for kind, share in (("touchStart", 0.25), ("touchMove", 0.4), ("touchMove", 0.75)):
        touch = [{"x": x + share * side, "y": y + share * side}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touch})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expected = np.array(centre)[[across, up]] + [reach / 2, -reach / 2]
    assert code(tab)[[across, up]] == pytest.approx(expected, abs=0.05)
    assert tab.evaluate("scrollY") == before                 # the page did not scroll instead


def test_random_draws_from_the_prior(pages, open_page):
    tab = open_page(pages("vae"))
    many = tab.evaluate("Array.from(Array(400), () => { doing.random(); return Array.from(z) })")
    assert abs(np.mean(many)) < 0.12 and abs(np.std(many) - 1) < 0.12      # 5 standard errors
    tab.click("[data-do=random]")
    assert said(tab) == "decoded from z ~ N(0, I)"
    assert_shows(tab, network("vae"))


def test_a_test_image_is_shown_beside_what_becomes_of_its_code(pages, open_page):
    model, (x, labels) = network("vae"), test_images()
    tab = open_page(pages("vae"))
    assert tab.is_hidden("#original")
    for i in range(5):                                       # of each label in turn
        tab.click("[data-do=test]")
        np.testing.assert_allclose(code(tab), model.encode(x[i:i + 1])[0][0], atol=1e-3)
        assert tab.inner_text("#whose") == f"test image: {labels[i]}"
        np.testing.assert_allclose(drawn(tab, "original"), x[i].reshape(SHAPE) * INK,
                                   atol=0.01)
        assert_shows(tab, model)
    tab.keyboard.press("2")
    tab.keyboard.press("t")
    assert tab.inner_text("#whose") == "test image: 2"
    tab.keyboard.press("r")
    assert tab.is_hidden("#original")


def test_a_walk_goes_from_one_test_code_to_another_until_it_is_stopped(pages, open_page):
    tab = open_page(pages("vae"))
    tab.click("[data-do=walk]")
    tab.wait_for_function("walk && walk.t > 0.1")
    assert tab.get_attribute("[data-do=walk]", "aria-pressed") == "true"
    assert said(tab).startswith("on the way to a test code, label ")
    tab.keyboard.press("Escape")
    still = code(tab)
    assert still.any() and tab.get_attribute("[data-do=walk]", "aria-pressed") == "false"
    tab.wait_for_timeout(100)
    assert np.array_equal(code(tab), still)
    # Its middle and its end, without waiting for them.
    middle, end, goal = tab.evaluate("""() => {
        z.fill(0);
        walk = newLeg();
        walkTo(0.5);
        const middle = Array.from(z), goal = Array.from(walk.to);
        walkTo(1);
        return [middle, Array.from(z), goal];
    }""")
    np.testing.assert_allclose(middle, np.array(goal) / 2, atol=1e-12)
    np.testing.assert_allclose(end, goal, atol=1e-12)
    assert goal in tab.evaluate("codes.map(code => Array.from(code))")


def test_nothing_moves_by_itself_for_those_who_asked_for_that(pages, open_page):
    tab = open_page(pages("vae"), reduced_motion="reduce")
    places = []
    for _ in range(6):
        tab.click("[data-do=walk]")
        places.append(code(tab))
        tab.wait_for_timeout(60)
        assert np.array_equal(code(tab), places[-1])
    assert all((one != other).any() for one, other in zip(places, places[1:]))
    assert_shows(tab, network("vae"))


def test_each_class_has_a_button_that_goes_to_its_mean(pages, open_page):
    model = network("cvae")
    tab = open_page(pages("cvae"))
    assert tab.locator("#kinds button").all_inner_texts() == ["all", "0", "1", "2", "3"]
    for y in range(4):
        tab.click(f"#kinds button[value='{y}']")
        np.testing.assert_allclose(code(tab), model.params["M"][y], rtol=1e-6)
        assert said(tab) == f"decoded from z = M[{y}]"
        assert_shows(tab, model)
    tab.keyboard.press("1")
    np.testing.assert_allclose(code(tab), model.params["M"][1], rtol=1e-6)
    tab.keyboard.press("r")
    assert said(tab) == "decoded from z ~ N(M[1], I)"
    pressed = tab.locator("#kinds [aria-pressed=true]")
    assert pressed.inner_text() == "1"
    tab.keyboard.press("a")
    assert pressed.inner_text() == "all"


def test_every_key_does_what_its_button_does(pages, open_page):
    tab = open_page(pages("vae"))
    buttons = tab.locator("[data-do]")
    keys = {button.get_attribute("data-do"): button.get_attribute("aria-keyshortcuts")
            for button in buttons.all()}
    assert len(set(keys.values())) == len(keys) == 8
    told = tab.inner_text("#help")
    for what, key in keys.items():
        assert key in told.split()
        tab.evaluate("what => { window.done = null; doing[what] = () => { window.done = what } }",
                     what)
        tab.keyboard.press(key)
        assert tab.evaluate("done") == what
    across, up = tab.evaluate("[across, up]")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowUp")
    assert (code(tab)[[across, up]] > 0).all() and np.count_nonzero(code(tab)) == 2
    before = code(tab)
    tab.uncheck("#keys")                                     # keys can be switched off
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("o")
    assert np.array_equal(code(tab), before)


def test_images_and_codes_can_be_taken_off_the_plane(pages, open_page):
    tab = open_page(pages("vae"))
    tab.wait_for_function("swept && !sweep")
    marks = [colours_on_the_plane(tab)]
    for key in ("i", "c"):
        tab.keyboard.press(key)
        marks.append(colours_on_the_plane(tab))
    assert marks[0] > 1.2 * marks[1] and marks[1] > 1.2 * marks[2] > 0


def colours_on_the_plane(tab):
    """How many pixels of it are not paper, after the next frame."""
    return tab.evaluate("""() => new Promise(done => requestAnimationFrame(() => {
        const { width, height } = $("plane");
        const { data } = $("plane").getContext("2d").getImageData(0, 0, width, height);
        const tones = data.filter((_, i) => i % 4 === 1);          // green
        done(tones.filter(tone => tone < 250).length);
    }))""")


# ---------------------------------------------------------------------- how it looks

def test_light_and_dark_by_the_system_s_choice_until_the_reader_chooses(pages, open_page):
    theme      = "document.documentElement.dataset.theme"
    background = "getComputedStyle(document.body).backgroundColor"
    tab = open_page(pages("vae"), color_scheme="light")
    assert tab.evaluate(theme) == "light" and tab.evaluate(background) == "rgb(255, 255, 255)"
    light = drawn(tab, "decoded")
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_function(theme + " === 'dark'")
    assert tab.evaluate(background) == "rgb(20, 23, 28)"
    dark = drawn(tab, "decoded")
    assert np.corrcoef(light.ravel(), dark.ravel())[0, 1] < -0.99      # ink is light on dark paper
    tab.click("[data-do=dark]")
    assert tab.evaluate(theme) == "light" and tab.evaluate(background) == "rgb(255, 255, 255)"
    tab.emulate_media(color_scheme="light")
    tab.emulate_media(color_scheme="dark")
    tab.wait_for_timeout(50)
    assert tab.evaluate(theme) == "light"
    assert open_page(pages("vae"), color_scheme="dark").evaluate(theme) == "dark"


@pytest.mark.parametrize("name", ["vae", "cvae"])
def test_nothing_scrolls_sideways_on_a_phone_and_the_image_stays_in_sight(pages, open_page, name):
    tab = open_page(pages(name), **PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.locator("[data-do=test]").tap()
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.locator("#sliders input").last.scroll_into_view_if_needed()
    box = tab.locator("#decoded").bounding_box()
    assert box["y"] >= 0 and box["width"] > 120 and tab.evaluate("scrollY") > 100


def test_a_projector_shows_all_that_is_played_with_at_once_and_large(pages, open_page):
    tab = open_page(pages("cvae"))
    tab.click("[data-do=test]")
    bottom = tab.evaluate("document.getElementById('help').getBoundingClientRect().bottom")
    assert bottom < 720
    sizes = tab.evaluate("""Array.from(document.querySelectorAll("main :not(kbd, option)"))
        .filter(e => e.offsetParent && e.innerText)
        .map(e => parseFloat(getComputedStyle(e).fontSize))""")
    assert min(sizes) >= 16


def test_a_reader_of_screens_finds_headings_names_and_what_happened(pages, open_page):
    tab = open_page(pages("cvae"))
    levels = tab.evaluate("Array.from(document.querySelectorAll('h1, h2, h3'), h => h.tagName)")
    assert levels[0] == "H1" and set(levels[1:]) == {"H2"}
    unnamed = tab.evaluate("""Array.from(document.querySelectorAll("button, input, select, canvas"))
        .filter(e => !(e.getAttribute("aria-label") || e.innerText || e.closest("label")))
        .map(e => e.outerHTML)""")
    assert unnamed == []
    assert tab.locator("#sliders input").first.get_attribute("aria-label").startswith("z ")
    tab.click("[data-do=random]")
    assert tab.inner_text("#status").startswith("decoded from z ~ N(M[")
    before = tab.inner_text("#status")
    tab.locator("#plane").press("ArrowUp")
    assert tab.inner_text("#status") == before               # no chatter while it is turned
    tab.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert tab.evaluate(outline) == "solid"


def test_without_javascript_it_says_what_it_is(pages, open_page):
    tab = open_page(pages("vae"), java_script_enabled=False)
    words = tab.inner_text("body")
    assert "This page holds a trained decoder" in words and "Allow it for this page" in words
    assert "random" not in words.split() and "dark" not in words.split()


def test_one_latent_dimension_and_no_labels(tmp_path, open_page):
    model = VAE(30, 24, 1, rng=1)
    x, _ = test_images()
    mask = np.random.default_rng(0).random(x.shape) < 0.7
    write_page(tmp_path / "one.html", model, x, SHAPE, mask=mask)
    tab = open_page(tmp_path / "one.html")
    tab.wait_for_function("swept && !sweep")
    box = tab.locator("#plane").bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 4, box["y"] + 20)
    assert code(tab)[0] == pytest.approx(-tab.evaluate("reach()") / 2, abs=0.03)
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("5")
    tab.keyboard.press("t")
    tab.keyboard.press("w")
    assert tab.inner_text("#said") == "on the way to a test code"
    assert tab.is_hidden("#kinds") and tab.is_hidden("#upward")
