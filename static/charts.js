// Draws every chart of the page from the JSON beside it. Colours come from the style sheet, so a chart
// follows the light, the dark and the printed scheme; without this file its table stays open instead.
(() => {
  "use strict";
  const NAMED = /^var\((--[\w-]+)\)$/;
  const CONFIG = {displayModeBar: false, staticPlot: true, responsive: false};
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const contrast = matchMedia("(prefers-contrast: more)");
  const paper = matchMedia("print");
  const PAPER_WIDTH = 660;

  const charts = [...document.querySelectorAll("[data-chart]")].map((place) => ({
    place,
    figure: JSON.parse(document.getElementById(place.dataset.chart).textContent),
  }));
  if (!charts.length || !window.Plotly) return;

  // A probe resolves light-dark() and whatever else a custom property may hold.
  const probe = document.createElement("span");
  probe.className = "chart-probe";
  document.body.append(probe);

  function value(name) {
    if (name === "--sans") return getComputedStyle(probe).getPropertyValue(name).trim();
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  }

  function resolve(node) {
    if (typeof node === "string") {
      const found = NAMED.exec(node);
      return found ? value(found[1]) : node;
    }
    if (Array.isArray(node)) return node.map(resolve);
    if (node && typeof node === "object") {
      return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, resolve(inner)]));
    }
    return node;
  }

  function draw(printing) {
    probe.classList.toggle("printing", printing);
    for (const {place, figure} of charts) {
      const resolved = resolve(figure);
      resolved.layout.width = printing
        ? Math.min(PAPER_WIDTH, Number(place.dataset.paper) || PAPER_WIDTH)
        : place.clientWidth;
      window.Plotly.react(place, resolved.data, resolved.layout, CONFIG);
    }
  }

  for (const {place} of charts) {
    place.hidden = false;
    const table = place.parentElement.querySelector("details.chart-table");
    if (table) table.open = false;
  }
  draw(false);

  let printing = false;
  let asked = 0;
  const again = () => {
    if (printing) return;
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => draw(false));
  };
  const print = (on) => {
    if (on === printing) return;
    printing = on;
    draw(on);
  };
  new ResizeObserver(again).observe(document.documentElement);
  dark.addEventListener("change", again);
  contrast.addEventListener("change", again);
  paper.addEventListener("change", (event) => print(event.matches));
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
})();
