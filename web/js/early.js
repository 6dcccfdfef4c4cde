// Runs before the first paint: the theme chosen in this browser wins over the profile's, so nothing flashes.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else if (theme === "auto") delete document.documentElement.dataset.theme;
} catch {
  // Storage may be forbidden; the profile's theme stands.
}
