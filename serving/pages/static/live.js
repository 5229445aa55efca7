// Renews a page when the service says that something is new. Without it the page renews itself each minute.
"use strict";
(() => {
  const MINUTE = 60000;
  let stream = null, timer = 0;

  const board = () => document.getElementById("board");

  function after(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(renew, milliseconds);
  }

  function listen() {
    if (stream) stream.close();
    stream = new EventSource(board().dataset.stream);
    stream.addEventListener("changed", renew);
    stream.onerror = () => { if (stream.readyState === EventSource.CLOSED) after(MINUTE / 2); };
    after(MINUTE);
  }

  function key(element) {
    return element && (element.id || element.getAttribute("href") || element.dataset.unit);
  }

  async function renew() {
    if (stream) stream.close();
    try {
      const answer = await fetch(board().dataset.page, { headers: { accept: "text/html" } });
      if (answer.redirected) { location.reload(); return; }
      if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { /* the service is away for a moment: the next look follows */ }
    listen();
  }

  function show(fresh) {
    const next = fresh.getElementById("board");
    if (!next) return;
    const focused = key(document.activeElement);
    const opened = [...board().querySelectorAll("details[open][id]")].map((d) => d.id);
    for (const name of ["say", "clock"]) {
      const old = document.getElementById(name), words = fresh.getElementById(name);
      if (old && words && old.textContent !== words.textContent) old.textContent = words.textContent;
    }
    board().replaceWith(document.adoptNode(next));
    for (const id of opened) { const d = document.getElementById(id); if (d) d.open = true; }
    if (focused) {
      const again = [...board().querySelectorAll("a, summary, [id]")].find((e) => key(e) === focused);
      if (again) again.focus({ preventScroll: true });
    }
  }

  document.addEventListener("DOMContentLoaded", listen);
})();
