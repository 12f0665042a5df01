// Runs before the first paint: palette and language are known before anything is drawn.
(() => {
  const root = document.documentElement;
  const kept = (key) => {
    try { return window.localStorage.getItem(key); } catch { return null; }
  };
  const night = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const palette = kept("opsroom.palette");
  root.dataset.palette = palette === "day" || palette === "night" ? palette : night ? "night" : "day";
  const language = kept("opsroom.language");
  const first = (navigator.language || "en").slice(0, 2);
  root.lang = language === "en" || language === "de" ? language : first === "de" ? "de" : "en";
})();
