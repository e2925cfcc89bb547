// Adds dropping a file and upload progress to the report form. The form works without it.
(() => {
  "use strict";

  const formOf = (event) => event.target.closest?.("form[data-upload]");
  const megabytes = (bytes) => (bytes / 1_000_000).toFixed(1);

  const light = (event, on) => event.target.closest?.(".drop")?.classList.toggle("over", on);

  document.addEventListener("dragover", (event) => {
    if (!formOf(event)) return;
    event.preventDefault();
    light(event, true);
  });

  document.addEventListener("dragleave", (event) => light(event, false));

  document.addEventListener("drop", (event) => {
    const form = formOf(event);
    if (!form || !event.dataTransfer.files.length) return;
    event.preventDefault();
    light(event, false);
    form.elements.file.files = event.dataTransfer.files;
    form.elements.file.focus();
  });

  const box = (form) => form.querySelector("[data-upload-progress]");

  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = formOf(event);
    const file = form?.elements.file.files[0];
    if (!file) return;
    box(form).hidden = false;
    form.querySelector("[data-upload-name]").textContent = file.name;
  });

  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = formOf(event);
    const { loaded, total } = event.detail;
    if (!form || !total) return;
    box(form).querySelector("progress").value = (100 * loaded) / total;
    form.querySelector("[data-upload-size]").textContent =
      `${megabytes(loaded)} of ${megabytes(total)} MB`;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = formOf(event);
    if (form) box(form).hidden = true;
  });

  document.addEventListener("click", (event) => {
    if (!event.target.matches("[data-upload-cancel]")) return;
    const form = formOf(event);
    htmx.trigger(form, "htmx:abort");
    box(form).hidden = true;
  });
})();
