// Runs before the first paint: palette and language are known before anything is drawn.
(() => {
  const root = document.documentElement;
  const kept = (key) => {
    try { return window.localStorage.getItem(key); } catch { return null; }
  };
  const night = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const palette = kept("opsroom.palette");
  root.dataset.palette = palette === "day" || palette === "night" ? palette : night ? "night" : "day";
  const spoken = ["en", "de", "es"];
  const wanted = [kept("opsroom.language"), ...(navigator.languages ?? [navigator.language])];
  root.lang = wanted.map((one) => one?.slice(0, 2).toLowerCase()).find((one) => spoken.includes(one)) ?? "en";
})();
