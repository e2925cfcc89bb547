// Counts what is picked in the list of findings. The buttons work without it.
(() => {
  const tell = () => {
    for (const form of document.querySelectorAll("form[data-picking]")) {
      const label = form.querySelector("[data-picked-count]");
      if (!label) continue;
      const all = form.querySelector("[name=everything]");
      const picked = form.querySelectorAll("[name=finding]:checked");
      label.textContent = all?.checked ? "All that match" : picked.length ? `${picked.length} picked` : "Nothing picked";
      for (const box of form.querySelectorAll("[name=finding]")) box.closest("tr")?.setAttribute("aria-selected", box.checked);
    }
  };
  // "Show more" goes away with the click; whoever works by keyboard goes on at the first new row.
  let last = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    last = event.detail.target.id === "more" ? event.detail.target.previousElementSibling : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    last?.nextElementSibling?.querySelector("th.where a")?.focus();
    last = null;
  });
  document.addEventListener("change", tell);
  document.addEventListener("htmx:afterSwap", tell);
  tell();
})();
