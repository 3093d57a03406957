// Promises: order, durability, waits, closing, and an event loop that may end.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const synap = require('..');
const { directory, otherProcess } = require('./helpers');

test('what needs no waiting is done at once', async (t) => {
  const store = synap.open(':memory:');
  t.after(() => store.close());
  const set = store.async.set('a', 1);
  assert.equal(store.get('a'), '1');
  assert.equal(await set, true);
  assert.equal(await store.async.get('a'), '1');
  assert.equal(await store.async.incrbyfloat('a', 0.5), 1.5);
  assert.deepEqual(await store.async.scan(), [0, ['a']]);
  assert.equal(await store.async.mset({ b: 1 }), undefined);
  assert.deepEqual(await store.buffers.async.mget('b', 'c'), [Buffer.from('1'), null]);
  assert.equal(await store.async.execute('ECHO', 'x'), 'x');
});

test('errors reject', async (t) => {
  const store = synap.open(':memory:');
  t.after(() => store.close());
  store.set('text', 'x');
  await assert.rejects(store.async.incr('text'), { code: 'ERR', name: 'ReplyError' });
  await assert.rejects(store.async.execute('NOPE'), /unknown command/);
  await assert.rejects(store.async.set('a', null), TypeError);
  await assert.rejects(store.async.execute(5), TypeError);
  await assert.rejects(store.async.execute('SHUTDOWN'), { code: 'HOST' });
});

test('promises of durable writes are kept once they are durable', async (t) => {
  const store = synap.open(directory(t), { durability: 'disk' });
  t.after(() => store.close());
  const promises = [];
  for (let i = 0; i < 500; i += 1) {
    promises.push(store.async.set(`key:${i}`, i), store.async.incr('n'));
  }
  assert.equal(store.using({ durability: 'memory' }).get('n'), '500');
  const results = await Promise.all(promises);
  assert.deepEqual(results.slice(-2), [true, 500]);
  assert.deepEqual(await store.async.execute('WAITAOF', 1, 0, 1), [1, 0]);
});

test('sync calls may be durable too', async (t) => {
  const store = synap.open(directory(t));
  t.after(() => store.close());
  assert.equal(store.using({ durability: 'disk', timeout: 5000 }).set('a', 1), true);
  assert.deepEqual(await store.async.execute('WAITAOF', 1, 0, 1), [1, 0]);
});

test('transactions', async (t) => {
  const store = synap.open(directory(t), { durability: 'disk' });
  t.after(() => store.close());
  assert.deepEqual(await store.async.multi().set('a', 1).incr('a').exec(), [true, 2]);
  await assert.rejects(store.async.multi().command('GET').exec(), /wrong number of arguments/);
  await assert.rejects(store.async.multi().set('a', undefined).exec(), TypeError);
  assert.equal(store.get('a'), '2');
  const [first, second] = await Promise.all([
    store.async.multi().incr('a').get('a').exec(), store.async.multi().incr('a').exec()]);
  assert.deepEqual([first, second], [[3, '3'], [4]]);
  const session = store.session();
  session.watch('a');
  store.incr('a');
  await assert.rejects(session.async.multi().set('a', 0).exec(), { code: 'WATCH' });
});

test('commands that wait leave the event loop to others', async (t) => {
  const store = synap.open(':memory:');
  t.after(() => store.close());
  store.set('a', 1);
  let turns = 0;
  const timer = setInterval(() => { turns += 1; }, 5);
  const began = performance.now();
  assert.equal(await store.async.wait(1, 100), 0);
  clearInterval(timer);
  assert.ok(performance.now() - began >= 99);
  assert.ok(turns > 2);
});

test('closing ends what is pending', async (t) => {
  const store = synap.open(directory(t));
  store.set('a', 1);
  const waits = [store.async.wait(1, 60_000), store.session().async.wait(1, 0)];
  store.close();
  for (const wait of waits) {
    await assert.rejects(wait, (error) => ['CLOSED', 'CANCELLED'].includes(error.code));
  }
  await assert.rejects(store.async.get('a'), { code: 'CLOSED' });
});

test('writes that are pending at close are kept', async (t) => {
  const path = directory(t);
  const store = synap.open(path, { durability: 'disk' });
  const writes = Array.from({ length: 100 }, (_, i) => store.async.set(`key:${i}`, i));
  store.close();
  const settled = await Promise.allSettled(writes);
  for (const { status, value, reason } of settled) {
    assert.ok(status === 'fulfilled' ? value : reason.outcomeUnknown);
  }
  const again = synap.open(path);
  t.after(() => again.close());
  assert.equal(again.dbsize(), 100);
});

test('a process waits for its promises, and for nothing else', () => {
  assert.equal(otherProcess(`const store = synap.open(':memory:'); store.set('a', 1);
    store.async.wait(1, 50).then(() => console.log('kept'));`), 'kept');
  assert.equal(otherProcess(`const store = synap.open(':memory:'); store.set('a', 1);
    store.async.get('a').then(console.log);`), '1');
});
