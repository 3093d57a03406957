// Ways in which a process that has written a thousand keys may end in order.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');

const synap = require('..');

const COUNT = 1000;

const HEAD = `
  const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
  const synap = require(${JSON.stringify(path.resolve(__dirname, '..'))});
  const directory = isMainThread ? process.argv[1] : workerData;
  const write = () => {
    const store = synap.open(directory);
    for (let i = 0; i < ${COUNT}; i += 1) store.set('key:' + i, i);
  };
  const inWorker = (source) => new Worker(head + source, { eval: true, workerData: directory });
`;

// Source of each program.
const ENDINGS = {
  'process.exit()': 'write(); process.exit(0);',
  'process.reallyExit()': 'write(); process.reallyExit(0);',
  'process.exit() after a listener wrote': 'process.on("exit", write); process.exit(0);',
  'process.exitCode': 'write(); process.exitCode = 3;',
  'an uncaught exception': 'write(); throw new Error("expected");',
  'an unhandled rejection': 'write(); Promise.reject(new Error("expected"));',
  'a handled signal': `process.on('SIGTERM', () => process.exit(0)); write();
    process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`,
  'awaited promises': `(async () => {
      const store = synap.open(directory);
      for (let i = 0; i < ${COUNT}; i += 1) await store.async.set('key:' + i, i);
      process.exit(0);
    })();`,
  'process.exit() in a worker': 'inWorker("write(); process.exit(0);");',
  'an exception in a worker': `inWorker("write(); throw new Error('expected');")
    .on('error', () => process.exit(0));`,
  'a terminated worker': `const worker = inWorker(
      "write(); parentPort.postMessage('done'); setInterval(() => {}, 1000);");
    worker.on('message', () => worker.terminate().then(() => process.exit(0)));`,
  'process.exit() beside a busy worker': `inWorker("write(); parentPort.postMessage('done');" +
      "const store = synap.open(directory); for (;;) store.incr('n');")
    .on('message', () => process.exit(0));`,
};

/** Runs one of ENDINGS on a fresh directory and checks that every key is there. */
async function end(name, directory) {
  const source = `${HEAD} const head = ${JSON.stringify(HEAD)}; ${ENDINGS[name]}`;
  const child = spawn(process.execPath, ['-e', source, directory], { stdio: 'ignore' });
  const [, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (...how) => resolve(how));
  });
  assert.equal(signal, null, name);
  const store = synap.open(directory);
  try {
    const keys = Array.from({ length: COUNT }, (_, i) => `key:${i}`);
    assert.equal(store.exists(...keys), COUNT, name);
  } finally {
    store.close();
  }
}

module.exports = { ENDINGS, end };
