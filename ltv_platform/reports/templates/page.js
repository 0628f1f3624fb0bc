// Swaps the content of <main> instead of loading the page again; without it, everything works by
// plain links and forms. `data-plain` marks links that leave it alone.
"use strict";
(() => {
  const main = document.getElementById("main");
  const status = document.getElementById("status");
  let last = null; // the request under way: a newer one replaces it
  let shown = location.pathname + location.search; // without what links within the page add

  const named = (element) => {
    if (!element?.matches("main a")) return "";
    return element.parentElement.tagName + element.textContent.replace(/ [↓↑]$/, "");
  };

  const show = async (address, keep) => {
    last?.abort();
    const request = (last = new AbortController());
    main.setAttribute("aria-busy", "true");
    status.textContent = "Loading…";
    try {
      const answer = await fetch(address, {
        headers: { "X-Part": "main" },
        signal: request.signal,
      });
      if (!(answer.headers.get("Content-Type") || "").startsWith("text/html")) {
        throw new Error(`the server answered ${answer.status}`);
      }
      if (answer.status === 403) return location.reload(); // signed out meanwhile
      const html = await answer.text();
      const focused = document.activeElement;
      const [name, words] = [focused?.name, named(focused)];
      main.innerHTML = html;
      if (keep) {
        history.pushState(null, "", address);
        shown = location.pathname + location.search;
      }
      // Whoever works by keyboard stays where they were.
      const links = words ? [...main.querySelectorAll("a")] : [];
      const same = name
        ? main.querySelector(`form [name="${name}"]`)
        : links.find((link) => named(link) === words);
      (same ?? main).focus({ preventScroll: true });
      status.textContent = answer.ok ? "Updated." : "The server refused this.";
    } catch (error) {
      if (error.name === "AbortError") return;
      status.textContent = `Not updated (${error.message}). The figures shown are the previous ones.`;
      status.classList.add("wrong");
      return;
    } finally {
      if (last === request) main.removeAttribute("aria-busy");
    }
    status.classList.remove("wrong");
  };

  const submit = (form) => {
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(given).toString();
    show(location.pathname + (query ? `?${query}` : ""), true);
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.filters")) return;
    event.preventDefault();
    submit(event.target);
  });
  // A choice is complete at once; a date is changed by each key that is typed into it.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form.filters");
    if (form?.checkValidity() && event.target.matches("select")) submit(form);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("main a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey) return;
    if (event.shiftKey || link.dataset.plain !== undefined || link.hash) return;
    if (link.origin !== location.origin || link.pathname !== location.pathname) return;
    event.preventDefault();
    show(link.href, true);
  });
  // A link to folded figures unfolds them.
  const unfold = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", unfold);
  addEventListener("popstate", () => {
    const address = location.pathname + location.search;
    if (address !== shown) show(location.href, false); // not for links within the page
    shown = address;
  });
  unfold();
})();
