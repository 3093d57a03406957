// @upstash/redis with default settings, over HTTP. Run by test_node.py; SYNAP_PORT names the server.
'use strict';

const assert = require('node:assert/strict');
const {test, beforeEach} = require('node:test');
const {Redis} = require('@upstash/redis');

const url = `http://localhost:${process.env.SYNAP_PORT}`;
const redis = new Redis({url, token: 'not looked at', enableTelemetry: false, retry: false});

beforeEach(() => redis.flushall());

test('set, get, delete', async () => {
  assert.equal(await redis.set('a', 'text'), 'OK');
  assert.equal(await redis.get('a'), 'text');
  assert.equal(await redis.get('missing'), null);
  assert.equal(await redis.set('a', 'other', {nx: true}), null);
  assert.equal(await redis.set('a', 'other', {ex: 100}), 'OK');
  assert.equal(await redis.ttl('a'), 100);
  assert.equal(await redis.del('a', 'b'), 1);
});

test('values that are no text', async () => {
  await redis.set('n', 7);
  assert.equal(await redis.get('n'), 7);
  await redis.set('o', {name: 'Zoë', tags: [1, true, null]});
  assert.deepEqual(await redis.get('o'), {name: 'Zoë', tags: [1, true, null]});
  assert.equal(await redis.incrby('n', 35), 42);
  assert.equal(await redis.incrbyfloat('f', 1.5), 1.5);
  assert.deepEqual(await redis.mget('n', 'missing'), [42, null]);
});

test('hashes', async () => {
  assert.equal(await redis.hset('user', {name: 'Ada', age: 36}), 2);
  assert.equal(await redis.hget('user', 'name'), 'Ada');
  assert.deepEqual(await redis.hgetall('user'), {name: 'Ada', age: 36});
  assert.equal(await redis.hincrby('user', 'age', 1), 37);
  assert.deepEqual((await redis.hkeys('user')).sort(), ['age', 'name']);
  assert.equal(await redis.hdel('user', 'age', 'none'), 1);
  assert.equal(await redis.hgetall('missing'), null);
});

test('scan', async () => {
  const keys = Array.from({length: 100}, (_, i) => `key:${i}`);
  await redis.mset(Object.fromEntries(keys.map((key) => [key, 'v'])));
  const found = new Set();
  let cursor = '0';
  do {
    const [next, page] = await redis.scan(cursor, {match: 'key:*', count: 20});
    page.forEach((key) => found.add(key));
    cursor = next;
  } while (cursor !== '0');
  assert.deepEqual(found, new Set(keys));
});

test('pipeline', async () => {
  const replies = await redis.pipeline().set('a', 1).incr('a').get('a').hset('h', {f: 'v'}).exec();
  assert.deepEqual(replies, ['OK', 2, 2, 1]);
  const kept = await redis.pipeline().set('a', 'x').incr('a').get('a').exec({keepErrors: true});
  assert.equal(kept[0].result, 'OK');
  assert.match(kept[1].error, /not an integer/);
  assert.equal(kept[2].result, 'x');
});

test('calls at the same time share a pipeline', async () => {
  const names = Array.from({length: 50}, (_, i) => `k${i}`);
  await Promise.all(names.map((name, i) => redis.set(name, i)));
  const values = await Promise.all(names.map((name) => redis.get(name)));
  assert.deepEqual(values, names.map((_, i) => i));
});

test('multi', async () => {
  assert.deepEqual(await redis.multi().set('a', 1).incr('a').hset('h', {f: 1}).exec(), ['OK', 2, 1]);
  assert.equal(await redis.get('a'), 2);
});

test('an error has the words of the server', async () => {
  await redis.set('a', 'text');
  await assert.rejects(redis.incr('a'), /ERR value is not an integer/);
  await assert.rejects(redis.hget('a', 'f'), /WRONGTYPE/);
});
