// What a store holds is free again when close() returns, when it is collected, and when the
// environment that opened it ends (fault case 5).
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { test } = require('node:test');

const synap = require('..');
const { directory, otherProcess } = require('./helpers');

const descriptors = () => fs.readdirSync('/proc/self/fd').length;
const threads = () => fs.readdirSync('/proc/self/task').length;

test('close() frees descriptors and threads (fault case 5)', (t) => {
  const path = directory(t);
  synap.open(path).close();
  const [files, tasks] = [descriptors(), threads()];
  for (let i = 0; i < 20; i += 1) {
    const store = synap.open(`${path}/../${i}`);
    store.set('a', 1);
    store.session().buffers.get('a');
    store.close();
    assert.deepEqual([descriptors(), threads()], [files, tasks]);
  }
});

test('close() frees descriptors while promises are pending (fault case 5)', async (t) => {
  const path = directory(t);
  synap.open(path).close();
  const files = descriptors();
  const ended = [];
  for (let i = 0; i < 5; i += 1) {
    const store = synap.open(`${path}/../${i}`, { durability: 'disk' });
    for (let n = 0; n < 100; n += 1) ended.push(store.async.incr('n'));
    ended.push(store.async.wait(1, 0));
    store.close();
    assert.equal(descriptors(), files);
  }
  await Promise.allSettled(ended);
});

test('close() frees memory (fault case 5)', (t) => {
  const said = otherProcess(`
    const value = 'x'.repeat(1000);
    const resident = () => process.memoryUsage().rss / 1e6;
    let full;
    for (let i = 0; i < 10; i += 1) {
      const store = synap.open(args[0] + i);
      for (let k = 0; k < 50_000; k += 1) store.set('key:' + k, value);
      full ??= resident();
      store.close();
    }
    console.log(JSON.stringify([full, resident()]));
  `, directory(t));
  const [full, end] = JSON.parse(said);
  assert.ok(full > 50, `${full} MB`);
  assert.ok(end < full + 50, `${end} MB after ten stores, ${full} MB with the first one open`);
});

test('what is dropped is freed by the garbage collector (fault case 5)', (t) => {
  const said = otherProcess(`
    const fs = require('node:fs');
    const descriptors = () => fs.readdirSync('/proc/self/fd').length;
    const turn = () => new Promise((resolve) => { setTimeout(resolve, 1); });
    (async () => {
      const before = descriptors();
      for (let i = 0; i < 10; i += 1) synap.open(args[0] + i).set('a', i);
      const open = descriptors();
      require('node:v8').setFlagsFromString('--expose-gc');
      const gc = require('node:vm').runInNewContext('gc');
      for (let i = 0; i < 1000 && descriptors() > before; i += 1) { gc(); await turn(); }
      console.log(open > before, descriptors() <= before);
      console.log(Array.from({ length: 10 }, (_, i) => synap.open(args[0] + i).get('a')).join(''));
    })();
  `, directory(t));
  assert.equal(said, 'true true\n0123456789');
});

test('stores that are dropped make the garbage collector run (fault case 5)', (t) => {
  const said = otherProcess(`
    const fs = require('node:fs');
    const descriptors = () => fs.readdirSync('/proc/self/fd').length;
    const turn = () => new Promise((resolve) => { setTimeout(resolve, 1); });
    (async () => {
      const before = descriptors();
      let most = 0;
      for (let i = 0; i < 200; i += 1) {
        synap.open(args[0] + i % 50).set('a', i);
        most = Math.max(most, descriptors() - before);
        await turn();
      }
      console.log(most);
    })();
  `, directory(t));
  assert.ok(Number(said) < 150, `${said} descriptors`);
});

test('a worker that ends frees what it opened (fault case 5)', (t) => {
  const said = otherProcess(`
    const fs = require('node:fs');
    const { once } = require('node:events');
    const { Worker } = require('node:worker_threads');
    const descriptors = () => fs.readdirSync('/proc/self/fd').length;
    const source = \`
      const { parentPort, workerData } = require('node:worker_threads');
      const store = require(workerData.synap).open(workerData.path);
      store.set('a', 1);
      store.async.wait(1, 0);
      parentPort.postMessage('open');\`;
    (async () => {
      const counts = [];
      for (let i = 0; i < 5; i += 1) {
        const workerData = {
          synap: ${JSON.stringify(require.resolve('..'))}, path: args[0] + i };
        const worker = new Worker(source, { eval: true, workerData });
        await once(worker, 'message');
        await worker.terminate();
        counts.push(descriptors());
      }
      console.log(new Set(counts).size, synap.open(args[0] + 4).get('a'));
    })();
  `, directory(t));
  assert.equal(said, '1 1');
});
