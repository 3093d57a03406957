// Every hash command through node-redis (the package `redis`), with RESP2 and RESP3. Run by
// test_node.py; SYNAP_PORT names the server.
'use strict';

const assert = require('node:assert/strict');
const {describe, test, before, after, beforeEach} = require('node:test');
const {createClient, RESP_TYPES} = require('redis');

const url = `redis://127.0.0.1:${process.env.SYNAP_PORT}`;
const newer = {skip: !process.env.SYNAP_REDIS_VERSION.startsWith('7.2')};

const numbered = (count) =>
  Object.fromEntries(Array.from({length: count}, (_, i) => [`f${i}`, `v${i}`]));
const close = (value, wanted) =>
  assert.ok(value <= wanted && value > wanted * 0.9, `${value} of ${wanted}`);

for (const protocol of [2, 3]) {
  describe(`RESP${protocol}`, {concurrency: false}, () => run(protocol));
}

function run(protocol) {
  let client;

  before(async () => {
    client = await createClient({url, RESP: protocol}).connect();
    await client.configResetStat();
  });
  beforeEach(() => client.flushAll());
  after(() => client.close());

  test('set and get', async () => {
    assert.equal(await client.hSet('h', 'a', 1), 1);
    assert.equal(await client.hSet('h', {a: 2, b: 3}), 1);
    assert.equal(await client.hSet('h', new Map([['c', '4']])), 1);
    assert.equal(await client.hSet('h', ['d', '5']), 1);
    assert.equal(await client.sendCommand(['HMSET', 'h', 'd', '5']), 'OK');
    assert.equal(await client.hSetNX('h', 'a', 'x'), 0);
    assert.equal(await client.hGet('h', 'a'), '2');
    assert.equal(await client.hGet('h', 'missing'), null);
    assert.deepEqual(await client.hmGet('h', ['a', 'missing']), ['2', null]);
    const all = {a: '2', b: '3', c: '4', d: '5'};
    assert.deepEqual({...(await client.hGetAll('h'))}, all);
    assert.deepEqual({...(await client.hGetAll('missing'))}, {});
    assert.deepEqual((await client.hKeys('h')).sort(), Object.keys(all));
    assert.deepEqual((await client.hVals('h')).sort(), Object.values(all));
    assert.equal(await client.hLen('h'), 4);
    assert.equal(await client.hStrLen('h', 'a'), 1);
    assert.equal(await client.hExists('h', 'a'), 1);
    assert.equal(await client.hExists('h', 'missing'), 0);
    assert.equal(await client.hDel('h', ['a', 'missing', 'b']), 2);
    assert.equal(await client.hDel('h', ['c', 'd']), 2);
    assert.equal(await client.exists('h'), 0);
  });

  test('binary fields', async () => {
    const buffers = client.withTypeMapping({[RESP_TYPES.BLOB_STRING]: Buffer});
    const bytes = Buffer.from([...Array(256).keys()]);
    const large = Buffer.alloc(1 << 20, 7);
    await buffers.hSet('h', bytes, large);
    assert.deepEqual(await buffers.hGet('h', bytes), large);
  });

  test('numbers', async () => {
    assert.equal(await client.hIncrBy('h', 'n', 42), 42);
    assert.equal(await client.hIncrBy('h', 'n', -50), -8);
    assert.equal(await client.hIncrByFloat('h', 'n', 0.5), '-7.5');
    await assert.rejects(client.hIncrBy('h', 'n', 1), /hash value is not an integer/);
  });

  test('random fields', async () => {
    const fields = numbered(20);
    await client.hSet('h', fields);
    assert.ok((await client.hRandField('h')) in fields);
    assert.equal(await client.hRandField('missing'), null);
    assert.equal(new Set(await client.hRandFieldCount('h', 5)).size, 5);
    assert.equal((await client.hRandFieldCount('h', -50)).length, 50);
    const pairs = await client.hRandFieldCountWithValues('h', 100);
    const found = Object.fromEntries(pairs.map(({field, value}) => [field, value]));
    assert.deepEqual(found, fields);
  });

  for (const count of [3, 400, 5000]) {
    test(`scan of ${count} fields`, async () => {
      const fields = numbered(count);
      await client.hSet('h', {...fields, other: 'x'});
      const found = {};
      for await (const page of client.hScanIterator('h', {MATCH: 'f*', COUNT: 20})) {
        page.forEach(({field, value}) => (found[field] = value));
      }
      assert.deepEqual(found, fields);
      const {cursor, entries} = await client.hScan('h', '0', {MATCH: 'none*', COUNT: 10_000});
      assert.deepEqual([cursor, entries], ['0', []]);
    });
  }

  test('scan of fields alone', newer, async () => {
    await client.hSet('h', numbered(300));
    const found = new Set();
    for await (const page of client.hScanNoValuesIterator('h')) {
      page.forEach((field) => found.add(field));
    }
    assert.equal(found.size, 300);
  });

  test('whole keys', async () => {
    const fields = numbered(1000);
    await client.hSet('h', fields);
    assert.equal(await client.type('h'), 'hash');
    assert.equal(await client.copy('h', 'copy'), 1);
    await client.hSet('copy', 'f0', 'changed');
    assert.deepEqual({...(await client.hGetAll('h'))}, fields);
    assert.equal(await client.rename('copy', 'renamed'), 'OK');
    assert.equal(await client.hGet('renamed', 'f0'), 'changed');
    await assert.rejects(client.get('h'), /WRONGTYPE/);
  });

  test('pipeline and transaction', async () => {
    const calls = Array.from({length: 500}, (_, i) => [
      client.hSet('h', `f${i}`, i),
      client.hGet('h', `f${i}`),
    ]);
    assert.equal((await Promise.all(calls.flat()))[999], '499');
    const done = await client.multi().hSet('t', 'n', 1).hIncrBy('t', 'n', 1).hGetAll('t').exec();
    assert.deepEqual([done[0], done[1], {...done[2]}], [1, 2, {n: '2'}]);
    const other = await client.duplicate().connect();
    await client.watch('t');
    await other.hSet('t', 'n', 'changed');
    await assert.rejects(client.multi().hDel('t', 'n').exec(), {name: 'Error'});
    assert.equal(await client.hGet('t', 'n'), 'changed');
    await other.close();
  });

  test('deadlines', newer, async () => {
    await client.hSet('h', {a: 1, b: 2, c: 3});
    assert.deepEqual(await client.hExpire('h', ['a', 'missing'], 100), [1, -2]);
    assert.deepEqual(await client.hExpire('h', ['a', 'b'], 200, 'NX'), [0, 1]);
    assert.deepEqual(await client.hpExpire('h', 'a', 50_000, 'LT'), [1]);
    close((await client.hTTL('h', 'a'))[0], 50);
    close((await client.hpTTL('h', 'a'))[0], 50_000);
    const at = Math.floor(Date.now() / 1000) + 1000;
    assert.deepEqual(await client.hExpireAt('h', 'c', at), [1]);
    assert.deepEqual(await client.hExpireTime('h', 'c'), [at]);
    assert.deepEqual(await client.hpExpireAt('h', 'c', at * 1000), [1]);
    assert.deepEqual(await client.hpExpireTime('h', 'c'), [at * 1000]);
    assert.deepEqual(await client.hPersist('h', ['a', 'missing']), [1, -2]);
    assert.deepEqual(await client.hExpire('h', ['a', 'b'], 0), [2, 2]);
    assert.deepEqual(await client.hKeys('h'), ['c']);
  });

  test('values with deadlines', newer, async () => {
    const in100 = {expiration: {type: 'EX', value: 100}};
    assert.equal(await client.hSetEx('h', {a: '1', b: '2'}, in100), 1);
    assert.equal(await client.hSetEx('h', {a: '3'}, {mode: 'FNX'}), 0);
    const kept = {mode: 'FXX', expiration: 'KEEPTTL'};
    assert.equal(await client.hSetEx('h', {a: '3'}, kept), 1);
    close((await client.hTTL('h', 'a'))[0], 100);
    const persist = {expiration: 'PERSIST'};
    assert.deepEqual(await client.hGetEx('h', ['a', 'missing'], persist), ['3', null]);
    assert.deepEqual(await client.hTTL('h', 'a'), [-1]);
    assert.deepEqual(await client.hGetDel('h', ['a', 'b', 'missing']), ['3', '2', null]);
    assert.equal(await client.exists('h'), 0);
    await assert.rejects(client.hSetEx('h', {a: '1'}, {expiration: {type: 'EX', value: 'x'}}));
  });

  test('no command was left out', async () => {
    const known = await client.commandList({FILTERBY: {type: 'ACLCAT', value: 'hash'}});
    const stats = await client.info('commandstats');
    const missing = known.filter((name) => !stats.includes(`cmdstat_${name.toLowerCase()}:`));
    assert.deepEqual(missing, []);
    assert.ok(known.length >= 16);
  });
}
