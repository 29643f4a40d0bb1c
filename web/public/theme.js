// Sets the theme before the first paint. A file of its own, because the server allows no inline
// scripts; src/app/theme.ts keeps it up to date from then on.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem("vams-theme-preference");
  } catch (e) {
    // Storage may be switched off; then the system decides.
  }
  var dark =
    wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.body.classList.toggle("awsui-dark-mode", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
})();
