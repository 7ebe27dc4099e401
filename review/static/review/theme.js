// Light or dark before the first paint: what the person chose, else what the system has.
(() => {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("tingjian-theme");
  const apply = () => {
    document.documentElement.dataset.theme = chosen() || (system.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("tingjian:theme"));
  };
  apply();
  system.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("tingjian-theme", next);
    apply();
  });
  document.addEventListener("DOMContentLoaded", () => {
    // Requests of htmx carry the token that forms carry; filters send themselves.
    const token = document.querySelector('meta[name="csrf-token"]')?.content;
    document.body.addEventListener("htmx:configRequest", (event) => {
      event.detail.headers["X-CSRFToken"] = token;
    });
  });
})();
