// One click ticks every value of the form; without this script they are ticked one by one.
for (const button of document.querySelectorAll("[data-tick-all]")) {
  const boxes = button.closest("form").querySelectorAll('input[type="checkbox"][name="item"]');
  button.hidden = boxes.length < 2;
  button.addEventListener("click", () => {
    for (const box of boxes) box.checked = true;
  });
}
