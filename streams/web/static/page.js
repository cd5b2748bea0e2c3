// Keeps an open page fresh: when the server has news, the parts marked data-live are fetched again and put in place.
// A part in which somebody is typing, or has typed, is left alone. Times are shown in the reader's own zone.
"use strict";
(() => {
  const body = document.body;
  const offline = document.getElementById("offline");
  const language = document.documentElement.lang;
  let version = body.dataset.version;
  let lastSign = Date.now();
  let loading = false;
  let again = false;

  function localTimes(root) {
    if (body.dataset.zone !== "local") return; // replayed data have a present of their own
    const today = new Date().toDateString();
    for (const element of root.querySelectorAll("time[datetime]")) {
      const time = new Date(element.dateTime);
      if (isNaN(time)) continue;
      const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      // A day other than today is told by the server already; only the clock of today is brought home.
      if (time.toDateString() !== today) { element.title = time.toLocaleString(language); continue; }
      element.title = element.textContent;
      element.textContent = time.toLocaleTimeString(language, options);
    }
  }

  function busy(part) {
    if (part.contains(document.activeElement) && document.activeElement !== body) {
      if (document.activeElement.matches("input, textarea, select, button")) return true;
    }
    return [...part.querySelectorAll("textarea, input:not([type=hidden]), select")].some((field) =>
      field.tagName === "SELECT" ? [...field.options].some((o) => o.selected !== o.defaultSelected && o.value !== "")
                                 : field.value !== field.defaultValue);
  }

  async function refresh() {
    if (loading) { again = true; return; }
    loading = true;
    try {
      const answer = await fetch(location.pathname + location.search.replace(/([?&])done=\w+/, "$1"), { credentials: "same-origin" });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      version = fresh.body.dataset.version || version;
      document.title = fresh.title;
      const main = document.getElementById("main");
      for (const part of fresh.querySelectorAll("[data-live]")) {
        const old = document.getElementById(part.id);
        if (!old) { if (main) location.reload(); return; }
        if (!old.hasAttribute("data-live") || busy(old)) continue;
        const open = [...old.querySelectorAll("details")].map((d) => d.open);
        [...part.querySelectorAll("details")].forEach((d, i) => { if (open[i]) d.open = true; });
        localTimes(part);
        if (old.innerHTML !== part.innerHTML || old.className !== part.className) old.replaceWith(document.adoptNode(part));
      }
    } catch {
      // The sign of life below tells the reader.
    } finally {
      loading = false;
      if (again) { again = false; refresh(); }
    }
  }

  localTimes(document);
  if (body.dataset.follow !== "yes") return;

  const sign = () => { lastSign = Date.now(); offline.hidden = true; };
  let source = null;
  function listen() {
    source = new EventSource("/news?since=" + version);
    source.addEventListener("news", () => { sign(); refresh(); });
    source.addEventListener("pulse", sign);
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) { source.close(); setTimeout(listen, 10000); }
    };
  }
  listen();
  setInterval(() => { if (Date.now() - lastSign > 25000) offline.hidden = false; }, 5000);
  // Durations grow also without news; and whoever was not let in by the stream is served all the same.
  setInterval(refresh, 30000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
})();
