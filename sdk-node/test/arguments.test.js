// What methods are given: unknown options and wrong types are one error that names the method, the
// argument and what was given, and nothing is done (fault case 7).
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const synap = require('..');

const METHODS = {
  expire: ['k', 1], pexpire: ['k', 1], expireat: ['k', 1], pexpireat: ['k', 1], copy: ['k', 'c'],
  scan: [0], flushdb: [], flushall: [], set: ['k', 'v'], getex: ['k'], lcs: ['k', 'k'],
  cas: ['k', 'v'],
};

/** A store with one key, which must be as it was after the test. */
function untouched(t) {
  const store = synap.open(':memory:');
  store.set('k', 'before');
  t.after(() => {
    assert.deepEqual([...store], [['k', 'before']]);
    assert.equal(store.ttl('k'), -1);
    store.close();
  });
  return store;
}

/** The call fails with the message, whatever runs it. */
async function refused(store, method, args, message) {
  const runs = [() => store.async[method](...args), async () => store.multi()[method](...args)
    .exec(), () => store.async.multi()[method](...args).exec()];
  if (method in store) runs.push(async () => store[method](...args));
  for (const run of runs) {
    await assert.rejects(async () => run(), (error) => {
      assert.ok(error instanceof TypeError || error instanceof RangeError, error.stack);
      assert.equal(error.message, message);
      return true;
    });
  }
}

test('unknown options are refused with a suggestion (fault case 7)', async (t) => {
  const store = untouched(t);
  await refused(store, 'set', ['k', 1, { ez: 10 }],
    "set() has no option 'ez'; did you mean 'ex'?");
  await refused(store, 'set', ['k', 1, { EX: 10 }],
    "set() has no option 'EX'; did you mean 'ex'?");
  await refused(store, 'set', ['k', 1, { keepTTL: true }],
    "set() has no option 'keepTTL'; did you mean 'keepttl'?");
  await refused(store, 'set', ['k', 1, { expiration: 10 }],
    "set() has no option 'expiration'; it knows nx, xx, get, ex, px, exat, pxat, keepttl");
  for (const [method, args] of Object.entries(METHODS)) {
    await assert.rejects(store.async[method](...args, { nonsense: 1 }), {
      name: 'TypeError', message: new RegExp(`^${method}\\(\\) has no option 'nonsense'; it knows`),
    });
    for (const [options, shown] of [[null, 'null'], [60, '60'], ['EX', 'the string "EX"'],
      [[], 'an array'], [new Date(), 'a Date']]) {
      await refused(store, method, [...args, options],
        `${method}(): expected an object for 'options', got ${shown}`);
    }
  }
});

test('options of stores and calls are refused with a suggestion (fault case 7)', (t) => {
  const store = untouched(t);
  for (const [run, message] of [
    [() => synap.open(':memory:', { max_memroy: 1 }),
      /no option 'max_memroy'; did you mean 'max_memory'/],
    [() => synap.open(':memory:', { maxMemory: 1 }), /did you mean 'max_memory'/],
    [() => synap.open(':memory:', { durabilty: 'os' }), /did you mean 'durability'/],
    [() => synap.open(':memory:', null), /expected an object for 'options', got null/],
    [() => synap.open(':memory:', { max_memory: null }),
      /expected a string, finite number or boolean for 'max_memory', got null/],
    [() => synap.open(':memory:', { max_memory: NaN }), /for 'max_memory', got NaN/],
    [() => synap.open(':memory:', { max_memory: 'much' }), /max_memory/],
    [() => synap.open(':memory:', { durability: true }),
      /one of default, memory, os, disk for 'durability', got true/],
    [() => synap.open(':memory:', { encoding: 'latin1' }),
      /one of utf8, auto, buffer for 'encoding', got the string "latin1"/],
    [() => synap.open(), /open\(\): expected a string for 'path', got undefined/],
    [() => synap.open(new URL('file:///tmp')), /got an? URL/],
    [() => store.using({ max_memory: 1 }), /using\(\) has no option 'max_memory'/],
    [() => store.using(), /expected an object for 'options', got undefined/],
    [() => store.using({ timeout: '5' }), /got the string "5"/],
    [() => store.using({ timeout: 5n }), /got 5n/],
    [() => store.setOption('max_memory', undefined), /for 'max_memory', got undefined/],
    [() => store.option(5), /option\(\): expected a string for 'name', got 5/],
  ]) {
    assert.throws(run, message);
  }
  synap.open(':memory:', { max_memory: undefined, durability: undefined }).close();
});

test('what cannot be stored is named (fault case 7)', async (t) => {
  const store = untouched(t);
  const words = 'expected a string, Buffer or number';
  await refused(store, 'get', [], `get(): ${words} for 'key', got undefined`);
  await refused(store, 'set', ['k'], `set(): ${words} for 'value', got undefined`);
  await refused(store, 'set', ['k', null], `set(): ${words} for 'value', got null`);
  await refused(store, 'set', ['k', undefined, { ex: 1 }],
    `set(): ${words} for 'value', got undefined`);
  await refused(store, 'set', ['k', true], `set(): ${words} for 'value', got true`);
  await refused(store, 'set', ['k', Symbol('x')], `set(): ${words} for 'value', got a symbol`);
  await refused(store, 'set', ['k', () => 1], `set(): ${words} for 'value', got a function`);
  await refused(store, 'set', ['k', Promise.resolve(1)],
    `set(): ${words} for 'value', got a promise, which needs await`);
  for (const [wrong, shown] of [[{}, 'an object'], [[1], 'an array'], [new Date(0), 'a Date'],
    [new Map(), 'a Map'], [Object.create(null), 'an object'], [new ArrayBuffer(1),
      'an ArrayBuffer']]) {
    await refused(store, 'set', ['k', wrong],
      `set(): ${words} for 'value', got ${shown}; JSON.stringify() makes text of it`);
  }
  await refused(store, 'set', ['k', new Float64Array(1)],
    `set(): ${words} for 'value', got a Float64Array`);
  for (const number of [NaN, Infinity, -Infinity]) {
    await refused(store, 'set', ['k', number],
      `set(): expected a finite number for 'value', got ${number}`);
  }
  for (const big of [2n ** 63n, -(2n ** 63n) - 1n]) {
    await refused(store, 'set', ['k', big],
      `set(): expected an integer of at most 64 bits for 'value', got ${big}n`);
  }
  await refused(store, 'mget', ['k', undefined], `mget(): ${words} for 'key 2', got undefined`);
  await refused(store, 'mget', [['k', null]], `mget(): ${words} for 'key 2', got null`);
  await refused(store, 'mset', [{ k: 1, b: undefined }],
    `mset(): ${words} for 'pairs[b]', got undefined`);
  for (const [pairs, shown] of [['ab', 'the string "ab"'], [[['k', 1]], 'an array'],
    [null, 'null'], [undefined, 'undefined'], [Buffer.from('ab'), 'a Buffer']]) {
    await refused(store, 'mset', [pairs],
      `mset(): expected a Map or an object for 'pairs', got ${shown}`);
  }
  await refused(store, 'cas', ['k', 1, { expect: null }],
    `cas(): ${words} for 'expect', got null`);
  assert.throws(() => store.execute('SET', 'k', null),
    { message: `execute(): ${words} for 'argument 2 of SET', got null` });
  assert.throws(() => store.multi().command('SET', 'k', null).exec(),
    { message: `execute(): ${words} for 'argument 2 of SET', got null` });
  for (const name of [undefined, 5, null]) {
    assert.throws(() => store.execute(name), /execute\(\): expected a string for 'name', got/);
    await assert.rejects(store.async.execute(name), /expected a string for 'name', got/);
    assert.throws(() => store.multi().command(name), /command\(\): expected a string for 'name'/);
  }
});

test('integers are whole, exact and numbers (fault case 7)', async (t) => {
  const store = untouched(t);
  for (const [given, shown] of [[1.5, '1.5'], [NaN, 'NaN'], [Infinity, 'Infinity'],
    ['60', 'the string "60"'], [null, 'null'], [true, 'true'], [2n ** 63n, `${2n ** 63n}n`],
    [new Date(0), 'a Date'], [{}, 'an object']]) {
    const message = (method, name) => `${method}(): expected a whole number for '${name}', `
      + `got ${shown}`;
    await refused(store, 'expire', ['k', given], message('expire', 'seconds'));
    await refused(store, 'set', ['k', 1, { ex: given }], message('set', 'ex'));
    await refused(store, 'getex', ['k', { px: given }], message('getex', 'px'));
    await refused(store, 'incrby', ['k', given], message('incrby', 'increment'));
    await refused(store, 'getrange', ['k', 0, given], message('getrange', 'end'));
    await refused(store, 'move', ['k', given], message('move', 'db'));
  }
  await refused(store, 'incrby', ['k', 2 ** 53],
    "incrby(): expected an exact number or a bigint for 'increment', got 9007199254740992");
  await refused(store, 'set', ['k', 1, { exat: new Date(NaN) }],
    "set(): expected a time for 'exat', got an invalid Date");
  await refused(store, 'incrbyfloat', ['k', NaN],
    "incrbyfloat(): expected a finite number for 'increment', got NaN");
  for (const given of ['true', 1, null, 'NX']) {
    await assert.rejects(store.async.set('k', 1, { nx: given }),
      /^TypeError: set\(\): expected true or false for 'nx', got /);
  }
});

test('arguments too many are refused (fault case 7)', async (t) => {
  const store = untouched(t);
  await refused(store, 'incr', ['k', 5], 'incr() was given 1 argument too many: 5');
  await refused(store, 'get', ['k', 1, null], 'get() was given 2 arguments too many: 1, null');
  await refused(store, 'set', ['k', 1, undefined, 'EX'],
    'set() was given 1 argument too many: the string "EX"');
  await refused(store, 'dbsize', [1], 'dbsize() was given 1 argument too many: 1');
  await refused(store, 'mset', [{ k: 1 }, { b: 1 }],
    'mset() was given 1 argument too many: an object');
});

test('what is right is taken', (t) => {
  const store = synap.open(':memory:');
  t.after(() => store.close());
  store.set('a', -0);
  assert.equal(store.get('a'), '0');
  assert.equal(store.incrby('a', -0), 0);
  assert.equal(store.incrby('a', 5n), 5);
  store.set('a', 1, { ex: 100n, nx: undefined, px: undefined });
  assert.ok(store.ttl('a') > 90);
  store.set('a', 1, { exat: new Date(Date.now() + 50_000) });
  assert.ok(store.ttl('a') > 40 && store.ttl('a') <= 51);
  assert.equal(store.pexpireat('a', new Date(4e12)), true);
  assert.equal(store.pexpiretime('a'), 4e12);
  assert.equal(store.expireat('a', new Date(4e12 + 1)), true);
  assert.equal(store.expiretime('a'), 4e9 + 1);
  store.set(42, 'by number');
  assert.deepEqual(store.mget([42, 'a', 'none']), ['by number', '1', null]);
  assert.equal(store.exists('42', 'a'), 2);
  assert.equal(store.set('a', 1, { get: true }), '1');
  assert.equal(store.set('a', 1, { get: false }), true);
  assert.equal(store.del(['a', 42]), 2);
});
