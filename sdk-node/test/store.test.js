// Synchronous methods, values, errors, transactions.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const synap = require('..');

function memory(t, options) {
  const store = synap.open(':memory:', options);
  t.after(() => store.close());
  return store;
}

test('string and key commands', (t) => {
  const store = memory(t);
  assert.equal(store.set('a', '1'), true);
  assert.equal(store.set('a', '2', { nx: true }), false);
  assert.equal(store.set('a', '2', { get: true }), '1');
  assert.equal(store.get('a'), '2');
  assert.equal(store.get('nothing'), null);
  assert.equal(store.incrby('a', 40), 42);
  assert.equal(store.incrbyfloat('a', 0.5), 42.5);
  assert.equal(store.append('s', 'abc'), 3);
  assert.equal(store.getrange('s', 1, -1), 'bc');
  assert.equal(store.mset({ x: 1, y: 2n }), undefined);
  assert.equal(store.msetnx(new Map([['y', 3], ['z', 4]])), false);
  assert.deepEqual(store.mget('x', 'y', 'z'), ['1', '2', null]);
  assert.equal(store.set('t', 1, { ex: 100 }), true);
  assert.ok(store.ttl('t') > 90);
  assert.equal(store.expire('t', 50, { gt: true }), false);
  assert.equal(store.persist('t'), true);
  assert.equal(store.type('t'), 'string');
  assert.equal(store.rename('t', 'u'), undefined);
  assert.equal(store.exists('t', 'u', 'u'), 2);
  assert.equal(store.del('u', 's'), 2);
  assert.equal(store.cas('c', '1', { absent: true }), true);
  assert.equal(store.cas('c', '2', { expect: '0' }), false);
  assert.equal(store.lcs('x', 'x', { len: true }), 1);
  const found = store.lcs('x', 'x', { idx: true });
  assert.deepEqual(found, new Map([['matches', [[[0, 0], [0, 0]]]], ['len', 1]]));
  assert.deepEqual(store.scan(0, { match: 'c*', count: 100 }), [0, ['c']]);
  assert.equal(store.dbsize(), store.keys('*').length);
  assert.equal(store.flushall(), undefined);
  assert.equal(store.randomkey(), null);
});

test('strings are UTF-8, buffers are bytes', (t) => {
  const store = memory(t);
  const texts = ['', 'a\0b', 'grüße 🎈', 'x'.repeat(1019), 'x'.repeat(1020), 'ü'.repeat(511),
    '€'.repeat(341), '🎈'.repeat(255), 'y'.repeat(70_000), '🎈'.repeat(70_000)];
  for (const text of texts) {
    store.set('v', text);
    assert.equal(store.get('v'), text);
    assert.deepEqual(store.buffers.get('v'), Buffer.from(text));
    store.set(text, 'as a key');
    assert.equal(store.get(text), 'as a key');
    assert.equal(store.get(Buffer.from(text)), 'as a key');
  }
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  for (const value of [bytes, new Uint8Array(bytes), bytes.subarray(0)]) {
    store.set('b', value);
    assert.deepEqual(store.buffers.get('b'), bytes);
  }
  store.set('lone', '\ud800');
  assert.equal(store.get('lone'), '\ufffd');
});

test('a store may give buffers throughout', (t) => {
  const store = memory(t, { encoding: 'buffer' });
  store.mset({ a: 'x' });
  assert.deepEqual(store.get('a'), Buffer.from('x'));
  assert.deepEqual(store.mget('a', 'b'), [Buffer.from('x'), null]);
  assert.equal(store.type('a'), 'string');
  assert.equal(store.using({ encoding: 'utf8' }).get('a'), 'x');
});

test('integers are numbers where they are exact, else bigints', (t) => {
  const store = memory(t);
  const cases = [[0, 0], [-0, 0], [-1, -1], [2 ** 31, 2 ** 31], [2 ** 53 - 1, 2 ** 53 - 1],
    [2n ** 53n, 2n ** 53n], [-(2n ** 53n), -(2n ** 53n)], [-(2 ** 53 - 1), -(2 ** 53 - 1)],
    [2n ** 63n - 1n, 2n ** 63n - 1n], [-(2n ** 63n), -(2n ** 63n)], [7n, 7]];
  for (const [given, expected] of cases) {
    store.set('n', given);
    assert.equal(store.get('n'), String(given));
    store.set('n', 0);
    assert.equal(store.incrby('n', given), expected);
  }
  for (const number of [0.1, -1.5, 1e21, 1e-7, 2 ** 53, 2 ** 60, 5e-324]) {
    store.set('f', number);
    assert.equal(store.get('f'), String(number));
  }
});

test('replies of any shape', (t) => {
  const store = memory(t);
  assert.equal(store.execute('PING'), 'PONG');
  assert.equal(store.execute('set', 'a', 1), 'OK');
  assert.deepEqual(store.execute('CONFIG', 'GET', 'maxmemory'), new Map([['maxmemory', '0']]));
  assert.match(store.execute('INFO', 'server'), /redis_version:7\.2/);
  const many = Array.from({ length: 50_000 }, (_, i) => `k${i}`);
  store.mset(new Map(many.map((key) => [key, key])));
  assert.deepEqual(store.mget(...many), many);
  assert.ok(store.execute('COMMAND', 'DOCS') instanceof Map);
});

test('error replies', (t) => {
  const store = memory(t);
  store.set('text', 'x');
  for (const [run, code, text] of [
    [() => store.execute('NOPE', 'x'), 'ERR', /unknown command 'NOPE'/],
    [() => store.execute('GET'), 'ERR', /wrong number of arguments for 'get'/],
    [() => store.incr('text'), 'ERR', /not an integer/],
    [() => store.execute('EXEC'), 'ERR', /EXEC without MULTI/],
  ]) {
    assert.throws(run, (error) => error instanceof synap.ReplyError
      && error instanceof synap.SynapError && error.code === code && text.test(error.message)
      && error.name === 'ReplyError' && !error.retryable && !error.outcomeUnknown);
  }
  assert.throws(() => store.execute('SHUTDOWN'), { code: 'HOST' });
  assert.throws(() => store.execute('WAIT', 1, 10), /store\.async/);
  assert.throws(() => store.execute('waitaof', 1, 0, 10), /store\.async/);
});

test('transactions', (t) => {
  const store = memory(t);
  store.set('text', 'x');
  const results = store.multi().set('a', 1).incr('a').get('a').incr('text').mset({ b: 1 })
    .incrbyfloat('f', 1.5).set('a', 5, { get: true }).command('ECHO', 'raw').exec();
  assert.ok(results[3] instanceof synap.ReplyError);
  results[3] = null;
  assert.deepEqual(results, [true, 2, '2', null, undefined, 1.5, '2', 'raw']);
  const multi = store.multi().set('a', 9).command('GET');
  assert.equal(multi.length, 2);
  assert.throws(() => multi.exec(), /wrong number of arguments/);
  assert.equal(store.get('a'), '5');
  assert.throws(() => store.multi().set('a', 9).set('b', null).exec(), TypeError);
  assert.deepEqual(store.multi().exec(), []);
  assert.equal(store.get('a'), '5');
  const long = store.multi();
  for (let i = 0; i < 5000; i += 1) long.set(`key:${i}`, i).get(`key:${i}`);
  assert.equal(long.exec()[9999], '4999');
});

test('a changed key stops a transaction', (t) => {
  const store = memory(t);
  store.set('stock', 5);
  const session = store.session();
  session.watch('stock');
  store.decr('stock');
  assert.throws(() => session.multi().set('stock', 100).exec(),
    (error) => error instanceof synap.WatchError && error.retryable);
  assert.deepEqual(session.multi().set('stock', 100).exec(), [true]);
  session.watch('stock');
  store.decr('stock');
  session.unwatch();
  assert.deepEqual(session.multi().get('stock').exec(), ['99']);
  session.execute('SELECT', 3);
  assert.equal(session.get('stock'), null);
  assert.equal(store.get('stock'), '99');
});

test('large replies of a transaction', (t) => {
  const store = memory(t);
  const large = 'x'.repeat(3 << 20);
  store.set('large', large);
  assert.equal(store.get('large'), large);
  const results = store.multi().get('large').get('large').exec();
  assert.ok(results[0] === large && results[1] === large);
});

test('options', (t) => {
  const table = synap.options();
  const fsync = table.find((option) => option.name === 'persistence.fsync');
  assert.equal(fsync.type, 'always|everysec|never');
  assert.ok(table.every((option) => option.help && option.range));
  const store = memory(t, { max_memory: '1mb', slots: 1024 });
  assert.equal(store.option('max_memory'), String(1 << 20));
  store.setOption('max_memory', 2 << 20);
  assert.equal(store.option('max_memory'), String(2 << 20));
  assert.throws(() => store.setOption('slots', 2048), synap.SynapError);
  assert.throws(() => store.option('nothing'), { code: 'INVALID_ARGUMENT' });
  assert.throws(() => synap.open(':memory:', { 'persistence.fsinc': 'always' }),
    /did you mean 'persistence\.fsync'/);
  assert.throws(() => synap.open(':memory:', { durability: 'sync' }), /memory, os, disk/);
  assert.throws(() => synap.open(':memory:', { timeout: 0 }), RangeError);
  assert.throws(() => synap.open(5), TypeError);
  assert.throws(() => synap.open('synap://localhost:15500'), { code: 'UNSUPPORTED' });
});

test('a closed store', () => {
  const store = synap.open(':memory:');
  store.set('a', 1);
  assert.equal(store.state, 'ready');
  assert.ok(store.usedMemory > 0);
  const others = [store.buffers, store.session(), store.using({ durability: 'memory' })];
  store.close();
  store.close();
  assert.equal(store.state, 'closed');
  for (const each of [store, ...others]) {
    assert.ok(each.closed);
    for (const use of [() => each.get('a'), () => each.incr('a'), () => each.multi().exec(),
      () => each.session(), () => each.execute('PING')]) {
      assert.throws(use, (error) => error.code === 'CLOSED' && error.fatal
        && !error.outcomeUnknown);
    }
  }
});
