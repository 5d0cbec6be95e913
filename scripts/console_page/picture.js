// The picture of a lab, with each station's numbers above its icon.
const SVG = "http://www.w3.org/2000/svg";
// Up to so many letters a badge is one line; a longer one would reach its neighbours.
const LETTERS = 20;
const [LETTER, LINE, AIR] = [6, 13, 7];
// Text is as large as on paper down to this share; a smaller screen shows a part of the picture, and moves over it.
const SMALLEST = 0.72;
// Of the window's height, so that the form is to be seen below it.
const HIGHEST_VH = 62;
const style = new CSSStyleSheet();
document.adoptedStyleSheets.push(style);

export async function load(lab, place) {
  const text = await (await fetch(`labs/${lab}/picture.svg`)).text();
  const picture = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  // The page takes no styles but its own (Content-Security-Policy), so the picture's become some of its own.
  const own = picture.querySelector("style");
  style.replaceSync(own?.textContent.replaceAll("svg {", "#picture svg {") ?? "");
  own?.remove();
  const { width, height } = picture.viewBox.baseVal;
  picture.style.width = `clamp(${SMALLEST * width}px, min(100%, ${(HIGHEST_VH * width) / height}vh), ${width}px)`;
  place.replaceChildren(picture);
  place.scrollLeft = 0;
}

export function badge(id, { numbers, level }) {
  const station = document.getElementById(id);
  const told = Object.entries(numbers);
  if (!station || !told.length) return;
  const small = station.classList.contains("small");
  // A dead-letter queue has room for one number only.
  const parts = small
    ? [figure(numbers.waiting)]
    : told.filter(([, value], index) => index === 0 || value).map(([name, value]) => `${figure(value)} ${name}`);
  const lines = inLines(parts);
  let group = station.querySelector(".badge");
  if (!group) {
    group = station.appendChild(document.createElementNS(SVG, "g"));
    group.append(...["rect", "text"].map((name) => document.createElementNS(SVG, name)));
    station.append(document.createElementNS(SVG, "title"));
  }
  const [rect, label] = group.children;
  const text = lines.join(" · ");
  group.setAttribute("class", `badge ${level}`);
  station.querySelector(":scope > title").textContent = told.map(([name, value]) => `${value ?? "–"} ${name}`).join(", ");
  if (label.textContent === text) return;
  const [x, y] = [Number(station.dataset.x), Number(station.dataset.y)];
  const width = Math.max(...lines.map((line) => line.length)) * LETTER + 2 * AIR;
  const height = lines.length * LINE + 4;
  // Of a station, y is where its numbers end; of a small one, their middle.
  const top = small ? y - height / 2 : y - height;
  set(rect, { x: x - width / 2, y: top, width, height, rx: Math.min(height / 2, 9) });
  label.replaceChildren(
    ...lines.map((line, number) => {
      const part = document.createElementNS(SVG, "tspan");
      part.textContent = line;
      set(part, { x, y: top + 2 + LINE * (number + 0.76) });
      return part;
    }),
  );
}

// A number with at most four figures, and a dash where the target does not tell.
export function figure(value) {
  if (value === null || value === undefined) return "–";
  for (const [size, sign] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (Math.abs(value) >= size) return `${Number((value / (sign === "k" ? 1e3 : size)).toPrecision(3))}${sign}`;
  }
  return String(Number(value.toPrecision(4)));
}

// One line, or two that are as short as they can be.
function inLines(parts) {
  const whole = parts.join(" · ");
  if (whole.length <= LETTERS || parts.length === 1) return [whole];
  const ways = parts.slice(1).map((_, cut) => [parts.slice(0, cut + 1).join(" · "), parts.slice(cut + 1).join(" · ")]);
  const width = (lines) => Math.max(...lines.map((line) => line.length));
  return ways.reduce((best, way) => (width(way) < width(best) ? way : best));
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}
