// Ranked lists side by side. An item that stands in several lists wears one color; pointing at it lights it up in all.

export default function (component) {
  const box = component.parentElement.querySelector(".neighbor-columns");
  if (!box || !component.data) return undefined;
  const { columns, rows, high, revision } = component.data;
  if (box.dataset.rev !== revision) {
    const had = box.querySelector("button:focus")?.dataset;
    box.style.setProperty("--rows", rows + 1);
    box.style.setProperty("--high", high);
    box.style.setProperty("--columns", Math.max(columns.length, 1));
    box.toggleAttribute("data-many", columns.length > 5);
    box.replaceChildren(...columns.map((column) => draw(column)));
    box.dataset.rev = revision;
    // The list under a keyboard's focus may have been redrawn.
    const again = had && [...box.querySelectorAll("button")].find((b) => b.dataset.item === had.item);
    again?.focus({ preventScroll: true });
  }
  const itemOf = (event) => event.target.closest?.("button[data-item]")?.dataset.item;
  const light = (item) => {
    box.toggleAttribute("data-lit", item !== undefined);
    for (const button of box.querySelectorAll("button[data-item]")) {
      button.toggleAttribute("data-same", button.dataset.item === item);
    }
  };
  box.onclick = (event) => {
    const item = itemOf(event);
    if (item !== undefined) component.setTriggerValue("clicked", item);
  };
  box.onpointerover = (event) => light(itemOf(event));
  box.onpointerleave = () => light(undefined);
  box.onfocusin = (event) => light(itemOf(event));
  box.onfocusout = () => light(undefined);
  return undefined;
}

function draw(column) {
  const section = make("section", "column");
  section.dataset.model = column.key;
  section.dataset.state = column.state;
  section.setAttribute("aria-label", column.name);
  const head = make("header", "head");
  head.append(make("strong", "name", column.name), make("span", "note", column.note));
  head.title = column.note;
  section.append(head);
  if (column.message) section.append(make("p", "message", column.message));
  for (const row of column.rows) section.append(entry(row));
  return section;
}

function entry(row) {
  const button = make("button", "row");
  button.type = "button";
  button.dataset.item = row.id;
  button.title = row.hint;
  button.setAttribute("aria-description", row.hint); // its name is what it says
  if (row.color) {
    button.style.setProperty("--mark", row.color);
    button.dataset.mark = row.striped ? "striped" : "solid";
  }
  const first = make("span", "first");
  first.append(make("span", "rank", String(row.rank)), make("span", "title", row.title));
  if (row.times) first.append(make("span", "times", row.times));
  const second = make("span", "second");
  second.append(make("span", "score", row.score), make("span", "count", row.count));
  button.append(first, second);
  if (row.chips.length) {
    const chips = make("span", "chips");
    chips.append(...row.chips.map(({ text, same }) => make("span", same ? "chip same" : "chip", text)));
    button.append(chips);
  }
  return button;
}

function make(tag, name, text) {
  const node = document.createElement(tag);
  node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}
