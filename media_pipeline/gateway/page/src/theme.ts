// Runs before anything is drawn: who chose a theme never sees the other one flash.
document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "";
