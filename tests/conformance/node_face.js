// Runs the commands that stdin holds, as RESP arrays, on a directory; prints the transcript.
//
// usage: node node_face.js sync|promise DIRECTORY
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const synap = require(path.resolve(__dirname, '..', '..', 'sdk-node'));

function* commands(input) {
  let at = 0;
  const number = () => {
    const end = input.indexOf('\r\n', at);
    const value = Number(input.toString('latin1', at + 1, end));
    at = end + 2;
    return value;
  };
  while (at < input.length) {
    const words = [];
    for (let left = number(); left > 0; left -= 1) {
      const size = number();
      words.push(input.subarray(at, at + size));
      at += size + 2;
    }
    yield words;
  }
}

/** A reply in the notation of faces.py, as JSON text: bigints have no other form there. */
function show(value) {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint' || Number.isInteger(value)) return String(value);
  if (typeof value === 'number') {
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return `{"d":"${bits.toString('hex')}"}`;
  }
  if (typeof value === 'string') return `{"s":"${Buffer.from(value).toString('hex')}"}`;
  if (Buffer.isBuffer(value)) return `{"s":"${value.toString('hex')}"}`;
  if (value instanceof synap.ReplyError) return JSON.stringify({ e: value.message });
  if (value instanceof Map) return `{"m":[${[...value].map(show).join()}]}`;
  return `[${value.map(show).join()}]`;
}

async function main(mode, directory) {
  const store = synap.open(directory, { encoding: 'buffer' });
  const face = mode === 'promise' ? store.async : store;
  for (const [name, ...args] of commands(fs.readFileSync(0))) {
    const word = name.toString('latin1');
    // Only promises wait.
    const runner = /^wait/i.test(word) ? store.async : face;
    let reply;
    try {
      reply = await runner.execute(word, ...args);
    } catch (error) {
      if (!(error instanceof synap.ReplyError)) throw error;
      reply = error;
    }
    console.log(show(reply));
  }
  store.close();
}

main(...process.argv.slice(2));
