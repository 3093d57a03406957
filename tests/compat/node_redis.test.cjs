// node-redis (the package `redis`) with default settings. Run by test_node.py.
'use strict';

const assert = require('node:assert/strict');
const {test, before, after, beforeEach} = require('node:test');
const {createClient} = require('redis');

const url = `redis://127.0.0.1:${process.env.SYNAP_PORT}`;
let client;

before(async () => {
  client = await createClient({url}).connect();
});
beforeEach(() => client.flushAll());
after(() => client.close());

test('set, get, delete', async () => {
  assert.equal(await client.set('a', '1'), 'OK');
  assert.equal(await client.get('a'), '1');
  assert.equal(await client.get('missing'), null);
  assert.equal(await client.set('a', '2', {NX: true}), null);
  assert.equal(await client.set('a', '3', {GET: true}), '1');
  assert.equal(await client.del(['a', 'missing']), 1);
});

test('expiry', async () => {
  await client.set('a', '1', {EX: 100});
  const ttl = await client.ttl('a');
  assert.ok(ttl > 95 && ttl <= 100, `ttl is ${ttl}`);
  assert.equal(await client.expire('a', 1000, 'GT'), 1);
  assert.equal(await client.persist('a'), 1);
  assert.equal(await client.pTTL('a'), -1);
});

test('scan', async () => {
  const keys = Array.from({length: 300}, (_, i) => `key:${i}`);
  await client.mSet(Object.fromEntries(keys.map((key) => [key, 'v'])));
  const found = new Set();
  for await (const page of client.scanIterator({MATCH: 'key:*', COUNT: 20})) {
    page.forEach((key) => found.add(key));
  }
  assert.deepEqual(found, new Set(keys));
});

test('automatic pipelining', async () => {
  const replies = await Promise.all(Array.from({length: 1000}, () => client.incr('n')));
  assert.deepEqual(replies, Array.from({length: 1000}, (_, i) => i + 1));
});

test('explicit pipeline', async () => {
  assert.deepEqual(await client.multi().set('a', 'x').get('a').execAsPipeline(), ['OK', 'x']);
});

test('transaction', async () => {
  assert.deepEqual(await client.multi().set('n', '1').incr('n').exec(), ['OK', 2]);
});

test('transaction that meets a conflict', async () => {
  const other = await client.duplicate().connect();
  await client.watch('n');
  await other.set('n', 'changed');
  await assert.rejects(client.multi().set('n', 'mine').exec(), /WATCH|watch/);
  assert.equal(await client.get('n'), 'changed');
  await other.close();
});

test('RESP3', async () => {
  const modern = await createClient({url, RESP: 3}).connect();
  await modern.mSet({a: '1', b: '2'});
  assert.deepEqual(await modern.mGet(['a', 'missing', 'b']), ['1', null, '2']);
  assert.equal(await modern.get('missing'), null);
  const config = await modern.configGet('maxmemory');
  assert.deepEqual(Object.keys(config), ['maxmemory']);
  await modern.close();
});

test('errors are errors', async () => {
  await client.set('a', 'text');
  await assert.rejects(client.incr('a'), /not an integer/);
});
