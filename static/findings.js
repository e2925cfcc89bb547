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
  document.addEventListener("change", tell);
  document.addEventListener("htmx:afterSwap", tell);
  tell();
})();
