// The console's page: one lab at a time, told by the server whenever something has changed.
import { read, setOut, show, write } from "./exact.js";
import { badge, load } from "./picture.js";

// How often it is looked for what waits for a person, while the page is to be seen.
const ASK_MS = 2000;
const LOG_LINES = 100;
const at = (id) => document.getElementById(id);
let lab = "";
let labs = [];
let stream = null;
let example = "";
let resting = -1; // how many messages rest in dead-letter queues
let asks = false; // whether the lab's workflow asks for approvals
let shown = new Set(); // keys of the results on the page

async function open() {
  const told = await (await fetch("labs")).json();
  at("target").textContent = told.target;
  tabs(told.labs);
  addEventListener("hashchange", () => choose(location.hash.slice(1)));
  setInterval(() => asks && !document.hidden && lookForApprovals(), ASK_MS);
  await choose(location.hash.slice(1));
}

function tabs(names) {
  if (names.join() !== labs.join()) {
    labs = names;
    at("labs").replaceChildren(...labs.map((name) => button(name, () => (location.hash = name))));
  }
  for (const one of at("labs").children) {
    if (one.textContent !== lab) one.removeAttribute("aria-current");
    else if (!one.hasAttribute("aria-current")) {
      one.setAttribute("aria-current", "page");
      one.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
}

async function choose(wanted) {
  lab = labs.includes(wanted) ? wanted : labs[0];
  tabs(labs);
  stream?.close();
  example = "";
  resting = -1;
  asks = false;
  shown = new Set();
  say("");
  at("message").value = "";
  at("approving").hidden = true;
  for (const id of ["results", "rejected", "log", "approvals"]) at(id).replaceChildren();
  const chosen = lab;
  await load(lab, at("picture"));
  if (chosen !== lab) return;
  stream = new EventSource(`labs/${lab}/events`);
  stream.onmessage = (event) => update(JSON.parse(event.data));
  stream.onerror = () => problem("the console does not answer; is it still running?");
}

function update(view) {
  if (view.lab !== lab) return;
  tabs(view.labs);
  problem(view.problem);
  if (view.example.length && !example) {
    example = view.example.length === 1 ? setOut(view.example[0]) : write(view.example.map((one) => read(one) ?? one), 2);
    at("message").value = example;
  }
  for (const [id, station] of Object.entries(view.stations)) badge(id, station);
  results(view);
  log(view.lines);
  const now = Object.entries(view.stations).filter(([, one]) => one.level === "bad").map(([id, one]) => `${id} ${one.numbers.waiting}`).join();
  if (now !== resting) look();
  resting = now;
  if (view.asks && !asks) lookForApprovals();
  asks = view.asks;
  at("approving").hidden = !asks;
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
    const row = line(one.at_ms, "", answer(one.body), setOut(one.body), one.good ? "good" : "bad");
    if (!first) row.classList.add("new");
    row.dataset.messageId = one.message_id;
    list.prepend(row);
  }
}

// The latest line is the last one, so that what has several lines, such as a traceback, reads downwards.
function log(lines) {
  const list = at("log");
  if (!lines.length) return empty(list, "no lines in the last 15 minutes");
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
  const rows = lines.slice(-LOG_LINES).map(({ at_ms, function: from, level, text, details, exception }) => {
    const fields = Object.entries(read(details) ?? {});
    const said = fields.map(([name, value]) => `${name}=${show(value)}`).join(" ");
    const whole = [text, ...fields.map(([name, value]) => `${name}: ${show(value)}`), exception].filter(Boolean).join("\n");
    return line(at_ms, from, `${text} ${said}`, whole, level);
  });
  list.replaceChildren(...rows);
  if (follows) list.scrollTop = list.scrollHeight;
}

async function look() {
  const asked = lab;
  const told = await ask(`labs/${lab}/rejected`);
  if (asked !== lab) return;
  if (told.problem) return empty(at("rejected"), told.problem);
  if (!told.length) return empty(at("rejected"), "nothing rests in a dead-letter queue");
  at("rejected").replaceChildren(...told.map((one) => {
    const row = line(one.at_ms, one.port.replace("rejected-", ""), show(read(one.body) ?? one.body), setOut(one.body), "bad");
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
  const told = await ask(`labs/${lab}/rejected/${port}/${encodeURIComponent(message_id)}`, {});
  say(told.problem ?? `sent back to ${told.sent_to}`, Boolean(told.problem));
  await look();
}

async function lookForApprovals() {
  const asked = lab;
  const told = await ask(`labs/${lab}/approvals`);
  const list = at("approvals");
  if (asked !== lab) return;
  if (told.problem) return empty(list, told.problem);
  const waiting = told.map((one) => one.execution);
  // Rows stay as long as they wait: a button must not go away under the finger.
  for (const row of [...list.children]) if (!waiting.includes(row.dataset.execution)) row.remove();
  for (const one of told) {
    if (![...list.children].some((row) => row.dataset.execution === one.execution)) list.append(approval(one));
  }
  if (!told.length) empty(list, "nothing waits for an approval");
}

function approval({ execution, since, order }) {
  const row = line(Date.parse(since), execution, show(read(order) ?? order), setOut(order));
  row.dataset.execution = execution;
  const buttons = [["Approve", true], ["Refuse", false]].map(([word, approved]) => {
    const made = button(word, async () => {
      for (const one of buttons) one.disabled = true;
      const told = await ask(`labs/${lab}/approvals/${encodeURIComponent(execution)}`, { approved });
      say(told.problem ?? `${told.answered}: ${execution}`, Boolean(told.problem));
      await lookForApprovals();
    });
    made.className = "plain";
    return made;
  });
  row.append(...buttons);
  return row;
}

async function send(event) {
  event.preventDefault();
  say("sending ...");
  const told = await ask(`labs/${lab}/messages`, { message: at("message").value });
  if (told.problem) return say(told.problem, true);
  say([told.sent.length ? `sent ${told.sent.length}: ${told.sent[0]}` : "", ...told.refused].filter(Boolean).join("; "), told.refused.length > 0);
}

// What the console answers, to a question or to an order; `problem` says what went wrong.
async function ask(path, order) {
  const options = order && { method: "POST", body: JSON.stringify(order) };
  try {
    const answer = await fetch(path, options);
    return await answer.json().catch(() => ({ problem: `the console answered ${answer.status}` }));
  } catch {
    return { problem: "the console does not answer; is it still running?" };
  }
}

function line(at_ms, who, text, whole, kind) {
  const row = document.createElement("li");
  if (kind) row.className = kind;
  row.dataset.atMs = at_ms;
  const content = button(text, () => detail(whole));
  content.className = "text";
  row.append(element("time", new Date(at_ms).toLocaleTimeString("en-GB")), ...(who ? [element("span", who, "who")] : []), content);
  return row;
}

function detail(text) {
  at("detail").querySelector("pre").textContent = text;
  at("detail").showModal();
}

// A reply in a line, as read_results.py has it.
function answer(body) {
  const content = read(body);
  if (typeof content !== "object" || content === null || Array.isArray(content)) return body;
  const who = content.handled_by ? `${show(content.handled_by)}: ` : "";
  if ("error" in content) return `${who}${show(content.error)}`;
  if ("result" in content) return `${who}${show(content.result)}  ${show(content.request ?? "")}`;
  const { handled_by, correlation_id, ...rest } = content;
  return who + write(rest);
}

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
  if (list.textContent !== text) list.replaceChildren(element("li", text, "empty"));
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
