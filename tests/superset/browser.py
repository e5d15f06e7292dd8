"""The dashboard as a person sees it: a headless Chromium, what each card asked, what it shows."""

import contextlib
import json
import shutil
import urllib.parse

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1720, 1000
LOAD_MS_MAX = 240_000
ACTION_MS_MAX = 30_000
# Two pictures in a row must be the same before one is kept: charts move while they appear.
PICTURES_MAX = 40

# One line per card: whether it is still loading, what it says went wrong, whether it drew anything.
CARDS = """() => [...document.querySelectorAll('[data-test="chart-grid-component"]')].map(card => ({
  chart: Number(card.getAttribute('data-test-chart-id')),
  loading: !!card.querySelector('.loading, [data-test="loading-indicator"]'),
  errors: [...card.querySelectorAll('[role="alert"], .ant-alert, .ant-empty')]
    .map(alert => alert.innerText.trim()),
  drawn: !!card.querySelector('canvas, table td, .header-line'),
}))"""

ALL_DRAWN = """count => {
  const cards = (%s)();
  return cards.length === count && cards.every(card =>
    !card.loading && (card.drawn || card.errors.length));
}""" % CARDS


def chromium():
    """The system's own, where there is one; else what Playwright has installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextlib.contextmanager
def page(executable):
    """`executable` is a path, or None for Playwright's own Chromium."""
    with sync_playwright() as playwright:
        # Started by root, as in a container, Chromium has no sandbox to offer.
        started = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        opened = started.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        opened.set_default_timeout(ACTION_MS_MAX)
        yield opened
        started.close()


class Dashboard:
    """One open dashboard. `answers` has the last response that each chart got, by its number."""

    def __init__(self, opened, address, user, password):
        self.page = opened
        self.address = address
        self.answers = {}
        self._log_in(user, password)
        self.page.on("response", self._keep)

    def _log_in(self, user, password):
        self.page.goto(self.address + "/login/")
        self.page.fill("#username", user)
        self.page.fill("#password", password)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(lambda url: "/login" not in url)

    def _keep(self, response):
        """Only noted here: reading a body while an event is handled would wait for itself."""
        parts = urllib.parse.urlsplit(response.url)
        if parts.path == "/api/v1/chart/data":
            form = urllib.parse.parse_qs(parts.query).get("form_data", ["{}"])[0]
            self.answers[json.loads(form).get("slice_id")] = response

    def answer(self, chart):
        """What the page itself was told, when it asked for this chart's rows last."""
        response = self.answers[chart]
        if not response.ok:
            raise AssertionError(f"{response.status}: {response.text()[:1500]}")
        return response.json()

    def open(self, dashboard, count):
        self.page.goto(f"{self.address}/superset/dashboard/{dashboard}/")
        self._make_room()
        self.wait(count)

    def _make_room(self):
        """As tall as the dashboard: cards outside the window are not drawn, so not asked for either."""
        self.page.wait_for_selector('[data-test="grid-content"]', timeout=LOAD_MS_MAX)
        height = self.page.evaluate(
            "() => document.querySelector('[data-test=\"grid-content\"]').scrollHeight"
        )
        self.page.set_viewport_size({"width": WIDTH, "height": max(HEIGHT, height + 300)})

    def wait(self, count):
        """Until no card is loading: each shows something, or says why not."""
        self.page.wait_for_function(ALL_DRAWN, arg=count, timeout=LOAD_MS_MAX)

    def cards(self):
        return {card["chart"]: card for card in self.page.evaluate(CARDS)}

    def choose(self, value, charts):
        """Sets the filter to one value, as a person does, and waits until these charts asked anew."""
        before = {chart: self.answers.get(chart) for chart in charts}
        self.page.locator('[data-test="form-item-value"] .ant-select').first.click()
        self.page.locator(f'.ant-select-item-option[title="{value}"]').first.click()
        self.page.keyboard.press("Escape")
        self.page.locator('[data-test="filter-bar__apply-button"]').click()
        for chart in charts:
            self._wait_for_another_answer(chart, before[chart])

    def _wait_for_another_answer(self, chart, before):
        if self.answers.get(chart) is before:
            asks = lambda r: "/chart/data" in r.url and f"slice_id%22%3A{chart}%7D" in r.url  # noqa: E731
            self.page.wait_for_event("response", asks, timeout=LOAD_MS_MAX)

    def screenshot(self, path):
        before, picture = None, self.page.screenshot()
        for _ in range(PICTURES_MAX):
            if picture == before:
                break
            before, picture = picture, self.page.screenshot()
        path.write_bytes(picture)
