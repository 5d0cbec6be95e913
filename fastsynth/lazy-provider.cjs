// The Node half: loads a prebuilt provider through its own lazy index.
//
// The jsii kernel requires `@cdktf/provider-*/lib/index.js`, which loads every JavaScript file of the
// package (about 2,150, 2 to 4 s, for aws). The package ships `lib/lazy-index.js` with the same exports,
// each a getter; nothing uses it. This file, given to Node with --require, resolves the one to the
// other. It is a .cjs file so that a project with "type": "module" can hold it.
'use strict';

const Module = require('module');
const { existsSync } = require('fs');

const EAGER_INDEX = /([\\/]@cdktf[\\/]provider-[^\\/]+[\\/]lib[\\/])index\.js$/;
// The same words as in switch.py: a child process may inherit NODE_OPTIONS and still be switched off.
const isOff = /^(0|false|off|no)$/i.test((process.env.FASTSYNTH || '').trim());
const stockResolve = Module._resolveFilename;
const told = new Set();

function resolveLazily(...args) {
  const file = stockResolve.apply(this, args);
  const match = EAGER_INDEX.exec(file);
  if (!match) return file;
  const lazy = file.slice(0, match.index) + match[1] + 'lazy-index.js';
  if (existsSync(lazy)) return lazy;
  sayStockPathOnce(`no lazy index beside ${file}`);
  return file;
}

function sayStockPathOnce(reason) {
  if (!told.has(reason)) process.stderr.write(`fastsynth: ${reason}; using the stock path\n`);
  told.add(reason);
}

if (!isOff) {
  // A private function of Node, the one that every resolving hook replaces; it exists since Node 0.x.
  if (typeof stockResolve === 'function') Module._resolveFilename = resolveLazily;
  else sayStockPathOnce('this Node has no Module._resolveFilename');
}
