// What Python has no library for without a compiler or a system package: Graphviz (as WebAssembly) and SVG to PNG.
// Reads one JSON object from stdin and writes one to stdout:
//   {"layouts": {name: dot}} -> {name: Graphviz's own JSON}
//   {"svgs": {name: svg}, "scale": 2} -> {name: PNG in base64}
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Graphviz } from "@hpcc-js/wasm-graphviz";
import { Resvg } from "@resvg/resvg-js";

const FONTS = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

const order = JSON.parse(readFileSync(0, "utf8"));
const answer = {};
if (order.layouts) {
  const graphviz = await Graphviz.load();
  for (const [name, dot] of Object.entries(order.layouts)) answer[name] = JSON.parse(graphviz.layout(dot, "json", "dot"));
}
if (order.svgs) {
  const find = createRequire(import.meta.url).resolve;
  // The machine's own fonts would give another picture on each machine.
  const fontFiles = FONTS.map((file) => find(`dejavu-fonts-ttf/ttf/${file}`));
  const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" };
  for (const [name, svg] of Object.entries(order.svgs)) {
    const picture = new Resvg(svg, { font, fitTo: { mode: "zoom", value: order.scale } });
    answer[name] = Buffer.from(picture.render().asPng()).toString("base64");
  }
}
process.stdout.write(JSON.stringify(answer));
