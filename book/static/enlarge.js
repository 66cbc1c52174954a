// A figure that is clicked, or has the focus and gets Enter, is shown as large as the window.
function enlarge(picture) {
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", "figure, enlarged");
  const large = new Image();
  large.src = picture.src;
  large.alt = picture.alt;
  large.className = picture.naturalHeight > picture.naturalWidth ? "tall" : "";
  dialog.append(large);
  dialog.onclick = dialog.onkeydown = () => dialog.close(); // any key: the theme keeps Escape for itself
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}

addEventListener("DOMContentLoaded", () => {
  for (const picture of document.querySelectorAll("figure:not(.small, .moving) > img")) {
    picture.tabIndex = 0;
    picture.onclick = () => enlarge(picture);
    picture.onkeydown = (event) => {
      if (event.key === "Enter") enlarge(picture);
    };
  }
});
