// Shared by the tests.
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** A fresh directory that is removed after the test. */
function directory(t) {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'synap-node-'));
  t.after(() => fs.rmSync(parent, { recursive: true, force: true }));
  return path.join(parent, 'data');
}

/** What another Node process that runs `source` prints; `synap` and `args` are defined there. */
function otherProcess(source, ...args) {
  const head = `const synap = require(${JSON.stringify(path.resolve(__dirname, '..'))});
    const args = ${JSON.stringify(args)};`;
  const done = spawnSync(process.execPath, ['-e', head + source],
    { encoding: 'utf8', timeout: 60_000 });
  if (done.status !== 0) throw new Error(done.stderr);
  return done.stdout.trim();
}

module.exports = { directory, otherProcess };
