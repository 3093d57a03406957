#!/usr/bin/env node
// Ends processes in every way of endings.js while others use all processors.
//
// usage: endings_under_load.js [--runs N] [--only NAME]
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { ENDINGS, end } = require('./endings');

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200' }, only: { type: 'string' } },
});

async function main() {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'synap-endings-'));
  const load = Array.from({ length: 2 * os.cpus().length },
    () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  try {
    for (const name of Object.keys(ENDINGS).filter((n) => n === (values.only ?? n))) {
      let lost = 0;
      for (let run = 0; run < Number(values.runs); run += 1) {
        const directory = path.join(parent, 'data');
        try {
          await end(name, directory);
        } catch (error) {
          lost += 1;
          console.error(error.message);
        }
        fs.rmSync(directory, { recursive: true, force: true });
      }
      console.log(`${name}: ${values.runs} runs, ${lost} lost something`);
      if (lost !== 0) process.exitCode = 1;
    }
  } finally {
    for (const process of load) process.kill();
    fs.rmSync(parent, { recursive: true, force: true });
  }
}

main();
