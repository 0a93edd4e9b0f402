// The theme is chosen here and remembered on this machine; what htmx adds needs no other script.
(function () {
  "use strict";
  var root = document.documentElement;
  function wanted() {
    try { return localStorage.getItem("theme"); } catch { return null; }
  }
  var dark = wanted() || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = dark;
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-toggle-theme]");
    if (!button) { return; }
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it lasts for this page */ }
  });
})();
