// Every hash command through ioredis: by its methods, and by call() where it has none. Run by
// test_node.py; SYNAP_PORT names the server.
'use strict';

const assert = require('node:assert/strict');
const {test, before, after, beforeEach} = require('node:test');
const Redis = require('ioredis');

const newer = {skip: !process.env.SYNAP_REDIS_VERSION.startsWith('7.2')};
let redis;

before(async () => {
  redis = new Redis(Number(process.env.SYNAP_PORT));
  await redis.config('RESETSTAT');
});
beforeEach(() => redis.flushall());
after(() => redis.quit());

const numbered = (count) =>
  Object.fromEntries(Array.from({length: count}, (_, i) => [`f${i}`, `v${i}`]));
const close = (value, wanted) =>
  assert.ok(value <= wanted && value > wanted * 0.9, `${value} of ${wanted}`);

test('set and get', async () => {
  assert.equal(await redis.hset('h', 'a', 1), 1);
  assert.equal(await redis.hset('h', {a: 2, b: 3}), 1);
  assert.equal(await redis.hset('h', new Map([['c', '4']])), 1);
  assert.equal(await redis.hmset('h', {d: 5}), 'OK');
  assert.equal(await redis.hsetnx('h', 'a', 'x'), 0);
  assert.equal(await redis.hsetnx('h', 'e', '6'), 1);
  assert.equal(await redis.hget('h', 'a'), '2');
  assert.equal(await redis.hget('h', 'missing'), null);
  assert.deepEqual(await redis.hmget('h', 'a', 'missing', 'e'), ['2', null, '6']);
  const all = {a: '2', b: '3', c: '4', d: '5', e: '6'};
  assert.deepEqual(await redis.hgetall('h'), all);
  assert.deepEqual(await redis.hgetall('missing'), {});
  assert.deepEqual((await redis.hkeys('h')).sort(), Object.keys(all));
  assert.deepEqual((await redis.hvals('h')).sort(), Object.values(all));
  assert.equal(await redis.hlen('h'), 5);
  assert.equal(await redis.hstrlen('h', 'a'), 1);
  assert.equal(await redis.hexists('h', 'a'), 1);
  assert.equal(await redis.hexists('h', 'missing'), 0);
  assert.equal(await redis.hdel('h', 'a', 'missing', 'b'), 2);
  assert.equal(await redis.hdel('h', 'c', 'd', 'e'), 3);
  assert.equal(await redis.exists('h'), 0);
});

test('binary fields', async () => {
  const bytes = Buffer.from([...Array(256).keys()]);
  const large = Buffer.alloc(1 << 20, 7);
  await redis.hset('h', bytes, large);
  assert.deepEqual(await redis.hgetBuffer('h', bytes), large);
  assert.deepEqual(await redis.hkeysBuffer('h'), [bytes]);
});

test('numbers', async () => {
  assert.equal(await redis.hincrby('h', 'n', 42), 42);
  assert.equal(await redis.hincrby('h', 'n', -50), -8);
  assert.equal(await redis.hincrbyfloat('h', 'n', 0.5), '-7.5');
  await assert.rejects(redis.hincrby('h', 'n', 1), /hash value is not an integer/);
});

test('random fields', async () => {
  const fields = numbered(20);
  await redis.hset('h', fields);
  assert.ok((await redis.hrandfield('h')) in fields);
  assert.equal(await redis.hrandfield('missing'), null);
  assert.equal(new Set(await redis.hrandfield('h', 5)).size, 5);
  assert.equal((await redis.hrandfield('h', -50)).length, 50);
  const pairs = await redis.hrandfield('h', 100, 'WITHVALUES');
  for (let i = 0; i < pairs.length; i += 2) assert.equal(pairs[i + 1], fields[pairs[i]]);
  assert.equal(pairs.length, 40);
});

for (const count of [3, 400, 5000]) {
  test(`scan of ${count} fields`, async () => {
    const fields = numbered(count);
    await redis.hset('h', {...fields, other: 'x'});
    const found = {};
    for await (const page of redis.hscanStream('h', {match: 'f*', count: 20})) {
      for (let i = 0; i < page.length; i += 2) found[page[i]] = page[i + 1];
    }
    assert.deepEqual(found, fields);
  });
}

test('scan of fields alone', newer, async () => {
  await redis.hset('h', numbered(300));
  const found = new Set();
  for await (const page of redis.hscanStream('h', {noValues: true})) {
    page.forEach((field) => found.add(field));
  }
  assert.equal(found.size, 300);
});

test('whole keys', async () => {
  const fields = numbered(1000);
  await redis.hset('h', fields);
  assert.equal(await redis.type('h'), 'hash');
  assert.equal(await redis.copy('h', 'copy'), 1);
  await redis.hset('copy', 'f0', 'changed');
  assert.deepEqual(await redis.hgetall('h'), fields);
  assert.equal(await redis.rename('copy', 'renamed'), 'OK');
  assert.equal(await redis.hget('renamed', 'f0'), 'changed');
  await assert.rejects(redis.get('h'), /WRONGTYPE/);
});

test('pipeline and transaction', async () => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 500; i++) pipeline.hset('h', `f${i}`, i).hget('h', `f${i}`);
  const replies = await pipeline.exec();
  assert.ok(replies.every(([error]) => error === null));
  assert.equal(replies[999][1], '499');
  const done = await redis.multi().hset('t', 'n', 1).hincrby('t', 'n', 1).hgetall('t').exec();
  assert.deepEqual(done, [[null, 1], [null, 2], [null, {n: '2'}]]);
  const other = redis.duplicate();
  await redis.watch('t');
  await other.hset('t', 'n', 'changed');
  assert.equal(await redis.multi().hdel('t', 'n').exec(), null);
  assert.equal(await redis.hget('t', 'n'), 'changed');
  await other.quit();
});

test('deadlines', newer, async () => {
  await redis.hset('h', {a: 1, b: 2, c: 3});
  assert.deepEqual(await redis.hexpire('h', 100, 'FIELDS', 2, 'a', 'missing'), [1, -2]);
  assert.deepEqual(await redis.hexpire('h', 200, 'NX', 'FIELDS', 2, 'a', 'b'), [0, 1]);
  assert.deepEqual(await redis.hpexpire('h', 50_000, 'LT', 'FIELDS', 1, 'a'), [1]);
  close((await redis.call('HTTL', 'h', 'FIELDS', 1, 'a'))[0], 50);
  close((await redis.call('HPTTL', 'h', 'FIELDS', 1, 'a'))[0], 50_000);
  const at = Math.floor(Date.now() / 1000) + 1000;
  assert.deepEqual(await redis.call('HEXPIREAT', 'h', at, 'FIELDS', 1, 'c'), [1]);
  assert.deepEqual(await redis.call('HEXPIRETIME', 'h', 'FIELDS', 1, 'c'), [at]);
  assert.deepEqual(await redis.call('HPEXPIREAT', 'h', at * 1000, 'FIELDS', 1, 'c'), [1]);
  assert.deepEqual(await redis.call('HPEXPIRETIME', 'h', 'FIELDS', 1, 'c'), [at * 1000]);
  assert.deepEqual(await redis.call('HPERSIST', 'h', 'FIELDS', 2, 'a', 'missing'), [1, -2]);
  assert.deepEqual(await redis.hexpire('h', 0, 'FIELDS', 2, 'a', 'b'), [2, 2]);
  assert.deepEqual(await redis.hkeys('h'), ['c']);
});

test('values with deadlines', newer, async () => {
  assert.equal(await redis.call('HSETEX', 'h', 'EX', 100, 'FIELDS', 2, 'a', 1, 'b', 2), 1);
  assert.equal(await redis.call('HSETEX', 'h', 'FNX', 'FIELDS', 1, 'a', 3), 0);
  assert.equal(await redis.call('HSETEX', 'h', 'FXX', 'KEEPTTL', 'FIELDS', 1, 'a', 3), 1);
  close((await redis.call('HTTL', 'h', 'FIELDS', 1, 'a'))[0], 100);
  const got = await redis.call('HGETEX', 'h', 'PERSIST', 'FIELDS', 2, 'a', 'missing');
  assert.deepEqual(got, ['3', null]);
  const deleted = await redis.call('HGETDEL', 'h', 'FIELDS', 3, 'a', 'b', 'missing');
  assert.deepEqual(deleted, ['3', '2', null]);
  assert.equal(await redis.exists('h'), 0);
  await assert.rejects(redis.call('HSETEX', 'h', 'EX', 0), /invalid|wrong number/);
});

test('no command was left out', async () => {
  const known = await redis.command('LIST', 'FILTERBY', 'ACLCAT', 'hash');
  const stats = await redis.info('commandstats');
  const missing = known.filter((name) => !stats.includes(`cmdstat_${name.toLowerCase()}:`));
  assert.deepEqual(missing, []);
  assert.ok(known.length >= 16);
});
