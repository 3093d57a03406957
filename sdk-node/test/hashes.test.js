// Methods of the hash commands.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const synap = require('..');

function memory(t, options) {
  const store = synap.open(':memory:', options);
  t.after(() => store.close());
  return store;
}

test('fields are set, read and deleted', (t) => {
  const store = memory(t);
  assert.equal(store.hset('h', { a: 1, b: 2 }), 2);
  assert.equal(store.hset('h', new Map([['a', 5], ['c', 3]])), 1);
  assert.equal(store.hget('h', 'a'), '5');
  assert.equal(store.hget('h', 'z'), null);
  assert.deepEqual(store.hmget('h', 'a', 'z'), ['5', null]);
  assert.deepEqual(store.hmget('h', ['a', 'z']), ['5', null]);
  assert.deepEqual(store.hgetall('h'), new Map([['a', '5'], ['b', '2'], ['c', '3']]));
  assert.deepEqual(store.hkeys('h').sort(), ['a', 'b', 'c']);
  assert.equal(store.hlen('h'), 3);
  assert.equal(store.hexists('h', 'a'), true);
  assert.equal(store.hsetnx('h', 'a', 1), false);
  assert.equal(store.hincrby('h', 'a', -3), 2);
  assert.equal(store.hincrbyfloat('h', 'a', 0.5), 2.5);
  assert.equal(store.hdel('h', 'a', 'z'), 1);
  assert.throws(() => store.hset('h', { a: null }), TypeError);
  assert.throws(() => store.hset('h', ['a', 1]), TypeError);
});

test('random fields and pages', (t) => {
  const store = memory(t);
  assert.equal(store.hrandfield('h'), null);
  store.hset('h', { b: 2 });
  assert.equal(store.hrandfield('h'), 'b');
  assert.deepEqual(store.hrandfield('h', { count: -2 }), ['b', 'b']);
  assert.deepEqual(store.hrandfield('h', { count: 5, withvalues: true }), [['b', '2']]);
  assert.deepEqual(store.hscan('h'), [0, new Map([['b', '2']])]);
  assert.deepEqual(store.hscan('h', 0, { match: 'x*' }), [0, new Map()]);
  assert.deepEqual(store.hscan('h', 0, { novalues: true }), [0, ['b']]);
});

test('deadlines of fields', (t) => {
  const store = memory(t);
  store.hset('h', { a: 1, b: 2 });
  assert.deepEqual(store.hexpire('h', 100, ['a', 'z']), [1, -2]);
  assert.deepEqual(store.hexpire('h', 50, 'a', { gt: true }), [0]);
  assert.ok(store.httl('h', 'a')[0] > 90);
  const moment = new Date('2191-10-01T00:00:00Z');
  assert.deepEqual(store.hpexpireat('h', moment, 'a'), [1]);
  assert.deepEqual(store.hpexpiretime('h', ['a', 'b']), [moment.getTime(), -1]);
  assert.deepEqual(store.hpersist('h', 'a'), [1]);
  assert.deepEqual(store.hgetex('h', ['a', 'z'], { ex: 60 }), ['1', null]);
  assert.equal(store.hsetex('h', { c: 3 }, { px: 60_000, fnx: true }), true);
  assert.equal(store.hsetex('h', { c: 4 }, { fnx: true }), false);
  assert.ok(store.hpttl('h', 'c')[0] > 0);
  assert.deepEqual(store.hgetdel('h', 'a', 'b', 'c'), ['1', '2', '3']);
  assert.equal(store.exists('h'), 0);
  assert.throws(() => store.hexpire('h', 1.5, 'a'), RangeError);
  assert.throws(() => store.hexpire('h', 1, [null]), TypeError);
});

test('as promises, and in a transaction', async (t) => {
  const store = memory(t);
  assert.equal(await store.async.hset('h', { a: 1 }), 1);
  assert.deepEqual(await store.async.hgetall('h'), new Map([['a', '1']]));
  assert.deepEqual(await store.async.hexpire('h', 100, 'a'), [1]);
});
