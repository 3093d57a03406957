// Worker threads: one store, sessions of their own, any order of ending.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const synap = require('..');
const { directory } = require('./helpers');

function start(source, data) {
  return new Worker(`
    const { parentPort, workerData } = require('node:worker_threads');
    const synap = require(${JSON.stringify(path.resolve(__dirname, '..'))});
    const store = workerData.path === undefined ? undefined : synap.open(workerData.path);
    ${source}`, { eval: true, workerData: data });
}

async function result(worker) {
  const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return message;
}

test('workers share a directory', async (t) => {
  const store = synap.open(directory(t));
  t.after(() => store.close());
  const workers = Array.from({ length: 4 }, (_, number) => start(`
    store.execute('SELECT', workerData.number);
    (async () => {
      for (let i = 0; i < 500; i += 1) {
        store.set('own', workerData.number);
        if (store.get('own') !== String(workerData.number)) throw new Error('mixed up');
        await store.using({ durability: 'os' }).async.incr('n');
      }
      store.close();
      parentPort.postMessage(workerData.number);
    })();`, { path: store.path, number: number + 1 }));
  assert.deepEqual(await Promise.all(workers.map(result)), [1, 2, 3, 4]);
  const session = store.session();
  for (const number of [1, 2, 3, 4]) {
    session.execute('SELECT', number);
    assert.equal(session.get('n'), '500');
  }
});

test('the last one to leave closes the store', async (t) => {
  const where = directory(t);
  const store = synap.open(where, { max_memory: '50mb' });
  store.set('a', 1);
  const worker = start(`
    parentPort.once('message', () => {
      parentPort.postMessage(store.get('a'));
      store.set('b', 2);
    });
    parentPort.postMessage('open');`, { path: where });
  assert.deepEqual(await once(worker, 'message'), ['open']);
  store.close();
  const answer = result(worker);
  worker.postMessage('go');
  assert.equal(await answer, '1');
  const again = synap.open(where, { max_memory: '60mb' });
  t.after(() => again.close());
  assert.deepEqual(again.mget('a', 'b'), ['1', '2']);
});

test('a worker may be terminated at any time', async (t) => {
  const store = synap.open(directory(t), { durability: 'disk' });
  t.after(() => store.close());
  for (let round = 0; round < 5; round += 1) {
    const worker = start(`
      parentPort.postMessage('started');
      const disk = store.using({ durability: 'disk' });
      disk.async.wait(1, 0).catch(() => {});
      const busy = () => { for (let i = 0; i < 20; i += 1) disk.async.incr('n').then(busy); };
      busy();`, { path: store.path });
    await once(worker, 'message');
    await new Promise((resolve) => { setTimeout(resolve, round * 15); });
    await worker.terminate();
    assert.equal(await store.async.set(`round:${round}`, 1), true);
  }
  assert.ok(Number(store.get('n')) > 0);
  assert.equal(store.execute('CLIENT', 'LIST').trim().split('\n').length, 1);
});

test('a store of memory is the worker\'s own', async () => {
  const worker = start(`
    const own = synap.open(':memory:');
    own.set('a', 1);
    parentPort.postMessage(own.dbsize());`, {});
  const store = synap.open(':memory:');
  assert.equal(await result(worker), 1);
  assert.equal(store.dbsize(), 0);
  store.close();
});
