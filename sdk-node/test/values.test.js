// How values come back, and walks over them.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { inspect } = require('node:util');

const synap = require('..');
const { directory } = require('./helpers');

const BINARY = Buffer.from([0xff, 0x00, 0x80]);

function memory(t, options) {
  const store = synap.open(':memory:', options);
  t.after(() => store.close());
  return store;
}

test('bytes that are no UTF-8 are never decoded', async (t) => {
  const store = memory(t);
  store.mset({ text: 'ü', binary: BINARY });
  const isError = (error) => error instanceof synap.EncodingError && error.code === 'ENCODING'
    && error.value.equals(BINARY)
    && /3 bytes that are not UTF-8.*store\.buffers/.test(error.message);
  assert.throws(() => store.get('binary'), isError);
  assert.throws(() => store.mget('text', 'binary'), isError);
  assert.throws(() => store.execute('GET', 'binary'), isError);
  await assert.rejects(store.async.get('binary'), isError);
  await assert.rejects(store.async.mget('text', 'binary'), isError);
  assert.deepEqual(store.buffers.mget('text', 'binary'), [Buffer.from('ü'), BINARY]);
  const auto = store.using({ encoding: 'auto' });
  assert.deepEqual(auto.mget('text', 'binary'), ['ü', BINARY]);
  assert.deepEqual(await auto.async.mget('text', 'binary'), ['ü', BINARY]);
  assert.equal(auto.using({ encoding: 'utf8' }).get('text'), 'ü');
});

test('nothing is lost by an answer that is no UTF-8', async (t) => {
  const store = memory(t);
  for (const multi of [() => store.multi(), () => store.async.multi()]) {
    store.set('binary', BINARY);
    store.set('list', BINARY);
    const [taken, page, number] = await multi().getdel('binary').mget('list', 'none').incr('n')
      .exec();
    assert.ok(taken instanceof synap.EncodingError && taken.value.equals(BINARY));
    assert.ok(page[0] instanceof synap.EncodingError && page[1] === null);
    assert.equal(typeof number, 'number');
  }
  store.set('binary', BINARY);
  assert.throws(() => store.getdel('binary'), (error) => error.value.equals(BINARY));
});

test('what is UTF-8 is told from what is not', (t) => {
  const store = memory(t, { encoding: 'auto' });
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const samples = [];
  for (const lead of [0x41, 0x7f, 0x80, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
    0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff]) {
    for (const second of [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0]) {
      samples.push([lead], [lead, second], [lead, second, 0x80], [lead, second, 0x80, 0xbf],
        [lead, second, 0x80, 0x7f], [lead, second, 0x80, 0xbf, 0x80], [lead, second, 0x41, 0x80]);
    }
  }
  for (const sample of samples.map((bytes) => Buffer.from(bytes))) {
    let expected;
    try {
      expected = decoder.decode(sample);
    } catch {
      expected = sample;
    }
    store.set('a', sample);
    assert.deepEqual(store.get('a'), expected, sample.toString('hex'));
  }
});

test('a store is walked over', async (t) => {
  const store = memory(t);
  assert.deepEqual([...store], []);
  const expected = Array.from({ length: 3000 }, (_, i) => [`key:${i}`, String(i)]);
  store.mset(new Map(expected));
  const collect = async (walk) => {
    const found = [];
    for await (const each of walk) found.push(each);
    return found;
  };
  assert.deepEqual(new Map(store), new Map(store.entries()));
  assert.deepEqual([...new Map(store)].sort(), expected.sort());
  assert.deepEqual((await collect(store.async)).sort(), expected.sort());
  const keys = expected.map(([key]) => key).sort();
  assert.deepEqual([...store.scanIterator()].sort(), keys);
  assert.deepEqual(store.keys().sort(), keys);
  assert.equal(store.keys('key:12?').length, 10);
  assert.deepEqual((await collect(store.async.scanIterator())).sort(), keys);
  assert.equal([...store.scanIterator({ match: 'key:12?' })].length, 10);
  assert.equal([...store.entries({ match: 'key:12?', count: 7 })].length, 10);
  assert.equal((await collect(store.async.entries({ match: 'key:12?' }))).length, 10);
  assert.deepEqual([...store.buffers.entries({ match: 'key:7' })],
    [[Buffer.from('key:7'), Buffer.from('7')]]);
  assert.throws(() => [...store.scanIterator({ pattern: 'a' })], /scan\(\) has no option/);
});

test('keys that go during a walk are left out', (t) => {
  const store = memory(t);
  store.mset(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key:${i}`, i])));
  let seen = 0;
  for (const [key, value] of store) {
    assert.equal(key, `key:${value}`);
    if (seen === 0) store.flushall();
    seen += 1;
  }
  assert.ok(seen < 2000);
});

test('a store shows its path and keys', (t) => {
  const path = directory(t);
  const store = synap.open(path);
  store.mset({ a: 1, b: 2 });
  const session = store.session();
  session.execute('SELECT', 3);
  session.set('c', 3);
  session.execute('MULTI');
  assert.equal(inspect(store), `Store { path: '${path}', state: 'ready', keys: 3 }`);
  assert.equal(inspect(session), inspect(store));
  assert.deepEqual(session.execute('EXEC'), []);
  assert.equal(inspect(store.async), `Async${inspect(store)}`);
  assert.equal(inspect(store.multi().get('a')), 'Multi { length: 1 }');
  store.close();
  assert.equal(inspect(store), `Store { path: '${path}', state: 'closed' }`);
});

test('a store can be disposed of', { skip: Symbol.dispose === undefined }, async () => {
  const [first, second] = [synap.open(':memory:'), synap.open(':memory:')];
  first[Symbol.dispose]();
  await second[Symbol.asyncDispose]();
  assert.ok(first.closed && second.closed);
});
