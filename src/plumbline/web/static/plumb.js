// What the browser itself does: theme, menu, keys, ticking rows. Every page works without it.
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");

  // The theme is chosen here and remembered on this machine; until then the system's holds.
  function remembered() {
    try { return localStorage.getItem("theme"); } catch { return null; }
  }
  var dark = matchMedia("(prefers-color-scheme: dark)");
  function show(theme) { root.dataset.theme = theme; }
  show(remembered() || (dark.matches ? "dark" : "light"));
  if (dark.addEventListener) {
    dark.addEventListener("change", function () { if (!remembered()) { show(dark.matches ? "dark" : "light"); } });
  }

  function menu(open) {
    if (open) { root.dataset.menu = "open"; } else { delete root.dataset.menu; }
    document.querySelectorAll("[data-menu][aria-expanded]").forEach(function (button) {
      button.setAttribute("aria-expanded", String(open));
    });
    var first = open && document.querySelector(".rail nav a");
    if (first) { first.focus(); }
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-toggle-theme]")) {
      show(root.dataset.theme === "dark" ? "light" : "dark");
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it lasts for this page */ }
    } else if (event.target.closest("button[data-menu]")) {
      menu(root.dataset.menu !== "open");
    } else if (root.dataset.menu === "open" && !event.target.closest(".rail")) {
      menu(false);
    } else if (event.target.closest("[data-print]")) {
      print();
    }
  });

  // A form that was sent says so, and is not sent twice; after a while again, since a download leaves the page as it is.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method === "dialog") { return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(function () { delete form.dataset.sent; }, 10000);
  });
  addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  // A filter that is chosen is applied at once.
  document.addEventListener("change", function (event) {
    var chooser = event.target;
    if (chooser.matches("[data-apply]")) { chooser.form.requestSubmit(); }
    if (chooser.matches("[data-tick-all]")) {
      ticks(chooser.closest("form")).forEach(function (box) { box.checked = chooser.checked; });
    }
    if (chooser.form && chooser.form.querySelector("[data-ticked]")) { count(chooser.form); }
  });
  function ticks(form) { return form.querySelectorAll("tbody input[type=checkbox]"); }
  function count(form) {
    var ticked = Array.from(ticks(form)).filter(function (box) { return box.checked; }).length;
    form.querySelector("[data-ticked]").textContent = ticked ? String(ticked) : "";
  }

  // Keys, outside fields: see the table in web/_keys.html.
  function step(by) {
    var rows = Array.from(document.querySelectorAll("table[data-rows] tbody tr"));
    if (!rows.length) { return; }
    var here = rows.findIndex(function (row) { return row.classList.contains("here"); });
    var next = rows[Math.min(Math.max(here + by, 0), rows.length - 1)];
    rows.forEach(function (row) { row.classList.toggle("here", row === next); });
    next.scrollIntoView({ block: "nearest" });
    var link = next.querySelector("a.title");
    if (link) { link.focus({ preventScroll: true }); }
  }
  document.addEventListener("keydown", function (event) {
    var field = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key === "Escape") {
      if (root.dataset.menu === "open") { menu(false); }
      if (field) { field.blur(); }
      return;
    }
    var box = field && field.type === "checkbox";
    if ((field && !box) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) { return; }
    var row = document.querySelector("table[data-rows] tr.here");
    if (event.key === "?") { document.getElementById("keys").showModal(); }
    else if (event.key === "j") { step(1); }
    else if (event.key === "k") { step(-1); }
    else if (event.key === "x" && row && row.querySelector("input[type=checkbox]")) { row.querySelector("input[type=checkbox]").click(); }
    else {
      var target = document.querySelector('[data-key="' + CSS.escape(event.key) + '"]');
      if (!target) { return; }
      if (target.matches("input")) { target.focus(); target.select(); } else { target.click(); }
    }
    event.preventDefault();
  });

  // What waits is told anew to a page that stays open and is seen; whoever was locked or signed out is told nothing more.
  // Where every question brings something new, so many act that it is asked half as often.
  var EVERY = 60000;
  function stay(rail) {
    var seen = "", asked = Date.now(), pause = EVERY;
    function tell(place, n) {
      var link = rail.querySelector('nav a[href="' + CSS.escape(place) + '"]');
      if (!link) { return; }
      var badge = link.querySelector(".count"), before = badge ? badge.textContent : "";
      if (n === before) { return; }
      if (!badge) {
        badge = link.appendChild(document.createElement("span"));
        badge.className = "count";
        badge.setAttribute("aria-hidden", "true");
      }
      badge.textContent = n;
      if (n) { link.title = rail.dataset.says + n; } else { badge.remove(); link.removeAttribute("title"); }
      document.querySelectorAll('[data-news="' + CSS.escape(place) + '"]').forEach(function (news) { news.hidden = false; });
    }
    function ask() {
      if (document.hidden || Date.now() - asked < pause - 1000) { return; }
      asked = Date.now();
      fetch(rail.dataset.live + "?seen=" + seen, {
        credentials: "same-origin", cache: "no-store", redirect: "error", headers: { "Plumbline-By-Itself": "yes" }
      }).then(function (answer) {
        pause = EVERY;
        if (answer.status === 204) { return; }
        if (!answer.ok || !(answer.headers.get("Content-Type") || "").startsWith("application/json")) { clearInterval(clock); return; }
        return answer.json().then(function (told) {
          if (seen) { pause = 2 * EVERY; }
          seen = told.seen;
          Object.keys(told.counts).forEach(function (place) { tell(place, told.counts[place]); });
        });
      }).catch(function () { /* the next time */ });
    }
    // Pages that were opened together, after an outage or in the morning, do not ask together.
    var clock = setInterval(ask, EVERY + Math.random() * 5000);
    document.addEventListener("visibilitychange", ask);
  }
  document.addEventListener("DOMContentLoaded", function () {
    var rail = document.querySelector("[data-live]");
    if (rail) { stay(rail); }
  });

  // A table wider than its place is moved by the arrow keys once it has the focus.
  function reach() {
    document.querySelectorAll(".scroll").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth) { box.tabIndex = 0; } else { box.removeAttribute("tabindex"); }
    });
  }
  document.addEventListener("DOMContentLoaded", reach);
  document.addEventListener("htmx:afterSettle", reach);
  document.addEventListener("toggle", reach, true);
  addEventListener("resize", reach);
})();
