// N claims the next call.
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "n" || event.key === "N") document.getElementById("next")?.click();
});
