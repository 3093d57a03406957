// Directories: reopening, owners, garbage, exits.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const synap = require('..');
const { directory, otherProcess } = require('./helpers');

test('data survives reopening', (t) => {
  const path = directory(t);
  let store = synap.open(path);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  store.set('bytes', bytes);
  store.set('large', 'x'.repeat(3 << 20));
  store.set('volatile', 1, { ex: 1000 });
  store.close();
  store = synap.open(path);
  t.after(() => store.close());
  assert.deepEqual(store.buffers.get('bytes'), bytes);
  assert.equal(store.get('large'), 'x'.repeat(3 << 20));
  assert.ok(store.ttl('volatile') > 990);
  assert.equal(store.path, path);
});

test('a second process is told the owner', (t) => {
  const path = directory(t);
  const source = `try { synap.open(args[0]); console.log('free'); } catch (error) {
    console.log(error.code, error.retryable, error.message); }`;
  const store = synap.open(path);
  const said = otherProcess(source, path);
  assert.match(said, /^LOCKED true /);
  assert.ok(said.includes(String(process.pid)), said);
  store.close();
  assert.equal(otherProcess(source, path), 'free');
});

test('a directory opened twice is one store', (t) => {
  const path = directory(t);
  const first = synap.open(path, { max_memory: '100mb' });
  const second = synap.open(`${path}/../data/`);
  first.set('a', 1);
  assert.equal(second.get('a'), '1');
  assert.throws(() => synap.open(path, { max_memory: '200mb' }), /other options/);
  synap.open(path, { max_memory: '100mb' }).close();
  first.close();
  assert.throws(() => first.get('a'), { code: 'CLOSED' });
  assert.equal(second.get('a'), '1');
  second.close();
  synap.open(path, { max_memory: '200mb' }).close();
});

test('writes that are pending when a process ends are kept', (t) => {
  const path = directory(t);
  otherProcess(`const s = synap.open(args[0], { durability: 'disk' });
    s.async.set('pending', 1); setImmediate(() => process.exit(0));`, path);
  const store = synap.open(path);
  t.after(() => store.close());
  assert.equal(store.exists('pending'), 1);
});

test('a store that is dropped is closed by the garbage collector', (t) => {
  const path = directory(t);
  const said = otherProcess(`
    require('node:v8').setFlagsFromString('--expose-gc');
    const gc = require('node:vm').runInNewContext('gc');
    const work = () => {
      const get = synap.open(args[0]).session().buffers;
      get.set('a', 1);
      const call = synap.open(args[0])._get;
      return call;
    };
    let call = work();
    const turns = async () => { for (let i = 0; i < 10; i += 1) {
      gc(); await new Promise((resolve) => setImmediate(resolve)); } };
    turns().then(() => { console.log(call('a')); call = undefined; return turns(); })
      .then(() => synap.open(args[0], { max_memory: '7mb' }).get('a')).then(console.log);
  `, path);
  assert.equal(said, '1\n1');
});

test('a promise keeps its store', (t) => {
  const said = otherProcess(`
    require('node:v8').setFlagsFromString('--expose-gc');
    const gc = require('node:vm').runInNewContext('gc');
    const start = () => {
      const s = synap.open(args[0]);
      s.set('a', 1);
      return s.async.wait(1, 200);
    };
    const timer = setInterval(gc, 5);
    start().then((n) => { console.log(n); clearInterval(timer); });
  `, directory(t));
  assert.equal(said, '0');
});
