// The console's page: one lab at a time, told by the server whenever something has changed.
const SVG = "http://www.w3.org/2000/svg";
const at = (id) => document.getElementById(id);
let lab = "";
let stream = null;
let example = "";
let resting = -1; // how many messages rest in dead-letter queues
let shown = new Set(); // keys of the results on the page

async function open() {
  const { target, labs } = await (await fetch("labs")).json();
  at("target").textContent = target;
  at("labs").replaceChildren(...labs.map(({ lab }) => button(lab, () => (location.hash = lab))));
  addEventListener("hashchange", () => show(location.hash.slice(1), labs));
  show(location.hash.slice(1), labs);
}

async function show(wanted, labs) {
  lab = labs.some((one) => one.lab === wanted) ? wanted : labs[0].lab;
  for (const one of at("labs").children) one.setAttribute("aria-current", one.textContent === lab);
  stream?.close();
  example = "";
  resting = -1;
  shown = new Set();
  at("said").textContent = "";
  for (const id of ["results", "rejected", "log"]) at(id).replaceChildren();
  const picture = await (await fetch(`labs/${lab}/picture.svg`)).text();
  at("picture").replaceChildren(document.importNode(new DOMParser().parseFromString(picture, "image/svg+xml").documentElement, true));
  stream = new EventSource(`labs/${lab}/events`);
  stream.onmessage = (event) => update(JSON.parse(event.data));
  stream.onerror = () => problem("the console does not answer; is it still running?");
}

function update(view) {
  if (view.lab !== lab) return;
  problem(view.problem);
  if (view.example.length && !example) {
    example = view.example.length === 1 ? pretty(JSON.parse(view.example[0])) : pretty(view.example.map((one) => JSON.parse(one)));
    at("message").value = example;
  }
  for (const [id, station] of Object.entries(view.stations)) badge(id, station);
  results(view);
  log(view.lines);
  const now = Object.entries(view.stations).filter(([, one]) => one.level === "bad").map(([id, one]) => `${id} ${one.numbers.waiting}`).join();
  if (now !== resting) look();
  resting = now;
}

// The numbers of a station, above its icon.
function badge(id, { numbers, level }) {
  const station = document.getElementById(id);
  const told = Object.entries(numbers);
  if (!station || !told.length) return;
  const small = station.classList.contains("small");
  // A dead-letter queue has room for one number only.
  const parts = small ? [numbers.waiting ?? "–"] : told.filter(([name, value], index) => index === 0 || value).map(([name, value]) => `${value ?? "–"} ${name}`);
  const text = parts.join(" · ");
  let group = station.querySelector(".badge");
  if (!group) {
    group = station.appendChild(document.createElementNS(SVG, "g"));
    group.append(document.createElementNS(SVG, "rect"), document.createElementNS(SVG, "text"));
  }
  const [x, y] = [Number(station.dataset.x), Number(station.dataset.y)];
  const width = text.length * 6.3 + 12;
  const [rect, label] = group.children;
  group.setAttribute("class", `badge ${level}`);
  for (const [name, value] of Object.entries({ x: x - width / 2, y: y - 8, width, height: 17, rx: 8 })) rect.setAttribute(name, value);
  label.setAttribute("x", x);
  label.setAttribute("y", y + 4.5);
  label.textContent = text;
}

function results({ results, has_results }) {
  const list = at("results");
  if (!results.length) return empty(list, has_results ? "nothing yet" : "this lab keeps none that could be seen");
  list.querySelector(".empty")?.remove();
  const keys = new Set(results.map((one) => one.key));
  if ([...shown].some((key) => !keys.has(key))) (shown = new Set()), list.replaceChildren();
  const first = shown.size === 0;
  for (const one of results) {
    if (shown.has(one.key)) continue;
    shown.add(one.key);
    const row = line(one.at_ms, "", answer(one.body), one.body, one.good ? "good" : "bad");
    if (!first) row.classList.add("new");
    row.dataset.messageId = one.message_id;
    row.dataset.atMs = one.at_ms;
    list.prepend(row);
  }
}

function log(lines) {
  const list = at("log");
  if (!lines.length) return empty(list, "no lines in the last 15 minutes");
  const rows = lines.slice(-60).reverse();
  list.replaceChildren(...rows.map((one) => line(one.at_ms, one.function, `${one.text} ${details(one.details)}`, one, one.level)));
}

async function look() {
  const asked = lab;
  const answer = await fetch(`labs/${lab}/rejected`);
  const messages = await answer.json();
  if (asked !== lab) return;
  if (!answer.ok) return empty(at("rejected"), messages.problem);
  if (!messages.length) return empty(at("rejected"), "nothing rests in a dead-letter queue");
  at("rejected").replaceChildren(...messages.map((one) => {
    const text = typeof one.body === "string" ? one.body : JSON.stringify(one.body);
    const row = line(one.at_ms, one.port.replace("rejected-", ""), text, one.body, "bad");
    if (one.back_to) {
      const back = button(`send back to ${one.back_to}`, () => sendBack(one, back));
      back.className = "plain";
      row.append(back);
    }
    return row;
  }));
}

async function sendBack({ port, message_id }, pressed) {
  pressed.disabled = true;
  const answer = await fetch(`labs/${lab}/rejected/${port}/${message_id}`, { method: "POST" });
  const told = await answer.json();
  say(answer.ok ? `sent back to ${told.sent_to}` : told.problem, !answer.ok);
  await look();
}

async function send(event) {
  event.preventDefault();
  say("sending ...");
  const answer = await fetch(`labs/${lab}/messages`, { method: "POST", body: JSON.stringify({ message: at("message").value }) });
  const told = await answer.json().catch(() => ({ problem: `the console answered ${answer.status}` }));
  if (told.problem) return say(told.problem, true);
  say([told.sent.length ? `sent ${told.sent.length}: ${told.sent[0]}` : "", ...told.refused].filter(Boolean).join("; "), told.refused.length > 0);
}

function line(at_ms, who, text, content, kind) {
  const row = document.createElement("li");
  if (kind) row.className = kind;
  row.append(element("time", new Date(at_ms).toLocaleTimeString("en-GB")), ...(who ? [element("span", who, "who")] : []), element("span", text, "text"));
  row.querySelector(".text").onclick = () => detail(content);
  return row;
}

function detail(content) {
  at("detail").querySelector("pre").textContent = typeof content === "string" ? content : pretty(content);
  at("detail").showModal();
}

// A reply in a line, as read_results.py has it.
function answer(body) {
  if (typeof body !== "object" || body === null) return String(body);
  const who = body.handled_by ? `${body.handled_by}: ` : "";
  if ("error" in body) return `${who}${body.error}`;
  if ("result" in body) return `${who}${one(body.result)}  ${one(body.request ?? "")}`;
  const { handled_by, correlation_id, ...rest } = body;
  return who + JSON.stringify(rest);
}

const one = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const details = (fields) => Object.entries(fields).map(([name, value]) => `${name}=${one(value)}`).join(" ");
const pretty = (value) => JSON.stringify(value, null, 2);

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function button(text, pressed) {
  const made = element("button", text);
  made.type = "button";
  made.onclick = pressed;
  return made;
}

function empty(list, text) {
  list.replaceChildren(element("li", text, "empty"));
}

function say(text, bad = false) {
  at("said").textContent = text;
  at("said").className = bad ? "bad" : "";
}

function problem(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

at("form").addEventListener("submit", send);
at("example").onclick = () => (at("message").value = example);
at("look").onclick = look;
open();
