// JSON with its numbers as they are written: JavaScript's own reader makes 9007199254740992 of 9007199254740993.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARK = "\u0000number ";
const MARKED = /"\\u0000number ([^"]*)"/g;

// The value that a text writes, its numbers kept as marked texts; undefined when the text is not JSON.
export function read(text) {
  try {
    JSON.parse(text);
    return JSON.parse(text.replace(TOKEN, (token) => (token.startsWith('"') ? token : JSON.stringify(MARK + token))));
  } catch {
    return undefined;
  }
}

// The value as JSON.
export const write = (value, indent) => JSON.stringify(value, null, indent).replace(MARKED, "$1");

// The value as a person reads it: a text without quotes, anything else as JSON.
export const show = (value) => (typeof value === "string" && !value.startsWith(MARK) ? value : write(value));

// A text, set out over several lines if it is JSON.
export function setOut(text) {
  const value = read(text);
  return value === undefined ? text : typeof value === "string" ? show(value) : write(value, 2);
}
