// ioredis with default settings. Run by test_node.py; SYNAP_PORT names the server.
'use strict';

const assert = require('node:assert/strict');
const {test, before, after, beforeEach} = require('node:test');
const Redis = require('ioredis');

const port = Number(process.env.SYNAP_PORT);
let redis;

before(() => {
  redis = new Redis(port);
});
beforeEach(() => redis.flushall());
after(() => redis.quit());

test('set, get, delete', async () => {
  assert.equal(await redis.set('a', '1'), 'OK');
  assert.equal(await redis.get('a'), '1');
  assert.equal(await redis.get('missing'), null);
  assert.equal(await redis.set('a', '2', 'NX'), null);
  assert.equal(await redis.del('a'), 1);
});

test('binary values', async () => {
  const value = Buffer.from([...Array(256).keys()]);
  await redis.set('bin', value);
  assert.deepEqual(await redis.getBuffer('bin'), value);
});

test('expiry', async () => {
  await redis.set('a', '1', 'EX', 100);
  const ttl = await redis.ttl('a');
  assert.ok(ttl > 95 && ttl <= 100, `ttl is ${ttl}`);
  assert.equal(await redis.expire('a', 1000), 1);
  assert.equal(await redis.persist('a'), 1);
  assert.equal(await redis.ttl('a'), -1);
});

test('scan', async () => {
  const keys = Array.from({length: 300}, (_, i) => `key:${i}`);
  await redis.mset(Object.fromEntries(keys.map((key) => [key, 'v'])));
  const found = new Set();
  for await (const page of redis.scanStream({match: 'key:*', count: 20})) {
    page.forEach((key) => found.add(key));
  }
  assert.deepEqual(found, new Set(keys));
});

test('pipeline', async () => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 500; i++) pipeline.set(`p${i}`, i).get(`p${i}`);
  const replies = await pipeline.exec();
  assert.equal(replies.length, 1000);
  assert.ok(replies.every(([error]) => error === null));
  assert.equal(replies[999][1], '499');
});

test('an error in a pipeline stays with its command', async () => {
  const replies = await redis.pipeline().set('a', 'text').incr('a').get('a').exec();
  assert.match(replies[1][0].message, /not an integer/);
  assert.equal(replies[2][1], 'text');
});

test('transaction', async () => {
  assert.deepEqual(await redis.multi().set('n', 1).incr('n').exec(), [[null, 'OK'], [null, 2]]);
});

test('transaction that meets a conflict', async () => {
  const other = redis.duplicate();
  await redis.watch('n');
  await other.set('n', 'changed');
  assert.equal(await redis.multi().set('n', 'mine').exec(), null);
  assert.equal(await redis.get('n'), 'changed');
  await other.quit();
});

test('many commands at once on one connection', async () => {
  const replies = await Promise.all(Array.from({length: 1000}, () => redis.incr('n')));
  assert.deepEqual(replies, Array.from({length: 1000}, (_, i) => i + 1));
});

test('info and databases', async () => {
  const info = await redis.info('server');
  assert.ok(info.includes(`redis_version:${process.env.SYNAP_REDIS_VERSION}`), info);
  const other = new Redis({port, db: 5});
  await other.set('there', '1');
  assert.equal(await redis.exists('there'), 0);
  assert.equal(await redis.move('missing', 5), 0);
  await other.quit();
});
