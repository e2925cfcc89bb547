// Small touches on pages that already work without them.
(() => {
  const status = document.getElementById("status");
  const say = (text) => { if (status) status.textContent = text; };

  document.addEventListener("htmx:beforeRequest", () => say("Loading"));
  document.addEventListener("htmx:afterSwap", () => say("Updated"));
  document.addEventListener("htmx:sendError", () => say("No answer from Flightplan. Check the connection and try again."));
  document.addEventListener("htmx:responseError", (event) => {
    const code = event.detail.xhr.status;
    if (code === 403) say("You are not allowed to do that.");
    else if (code === 404) say("That is no longer here. Reload the page.");
    else say("That did not work. Reload the page and try again.");
  });

  // On a phone the tabs scroll; start with the current one in sight.
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // Forms that apply themselves when a choice changes; their button stays for everyone else.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
  });

  // Buttons that copy the text of another element.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    say("Copied");
    button.textContent = "Copied";
  });

  // Printing by button where scripts run; the browser's own menu works without.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
