// The store: synchronous methods, one for each command, and what leads to all else.
'use strict';

const { AsyncStore } = require('./async');
const { list, none, text } = require('./checks');
const { Commands } = require('./commands');
const { entriesOf, keysOf } = require('./iterate');
const { Multi } = require('./multi');
const { addon } = require('./native');
const { callSettings, openOptions, optionText } = require('./options');

const STATES = new Map(
  Object.entries(addon.constants.state).map(([name, number]) => [number, name]));

class Store extends Commands {
  #native;
  #settings;
  #path;
  #async;
  #buffers;

  /** Stores are made by open(). */
  constructor(native, path, given) {
    super();
    if (given === undefined) throw new TypeError('a store is made by open()');
    this.#native = native;
    this.#path = path;
    this.#settings = given;
    // The addon's functions themselves: a call passes through nothing else.
    Object.defineProperties(this, {
      _call: { value: native.call },
      _get: { value: native.get },
      _set: { value: native.set },
    });
  }

  static open(path, options = {}, ...more) {
    none('open', more);
    text('open', 'path', path);
    const { chosen, engine } = openOptions(options);
    const native = addon.open(path, engine, chosen.durability, chosen.timeout, chosen.encoding);
    return new Store(native, path, chosen);
  }

  #view(chosen, ownSession) {
    const native = this.#native.view(chosen.durability, chosen.timeout, chosen.encoding,
      ownSession);
    return new Store(native, this.#path, chosen);
  }

  get(key) {
    if (arguments.length > 1) none('get', [...arguments].slice(1));
    return this._get(key);
  }

  set(key, value, options) {
    if (options !== undefined || arguments.length > 3) return super.set(...arguments);
    this._set(key, value);
    return true;
  }

  /** Any command by its words; its reply as the engine gave it. */
  execute(name, ...args) {
    return this._call(text('execute', 'name', name), ...args);
  }

  /** Commands that run as one transaction when exec() is called. */
  multi(...more) {
    none('multi', more);
    return new Multi((calls, finish) => {
      const replies = this.#native.many([['MULTI'], ...calls, ['EXEC']]);
      return finish(replies, replies.pop());
    });
  }

  /** Makes the next transaction of this session depend on keys staying as they are. */
  watch(...keys) {
    this._call('WATCH', ...list(keys));
  }

  unwatch() {
    this._call('UNWATCH');
  }

  /** The same store with other settings for the calls made through the result. */
  using(options) {
    return this.#view(callSettings(options, this.#settings), false);
  }

  /** The same store through a session of its own: database, watched keys, transaction. */
  session() {
    return this.#view(this.#settings, true);
  }

  /** The same store, giving stored values as Buffers. */
  get buffers() {
    this.#buffers ??= this.using({ encoding: 'buffer' });
    return this.#buffers;
  }

  /** The same commands as promises. */
  get async() {
    this.#async ??= new AsyncStore(this, this.#native);
    return this.#async;
  }

  /** Every key. */
  scanIterator(options) {
    return keysOf(this, options);
  }

  /** Every key with its value. */
  entries(options) {
    return entriesOf(this, options);
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  option(name) {
    return this.#native.option(text('option', 'name', name));
  }

  setOption(name, value) {
    this.#native.setOption(text('setOption', 'name', name), optionText('setOption', name, value));
  }

  get state() {
    return STATES.get(this.#native.state()[0]);
  }

  get usedMemory() {
    return this.#native.state()[3];
  }

  get path() {
    return this.#path;
  }

  get closed() {
    return this.#native.closed();
  }

  /** Makes what was written durable and ends all use of the store here. */
  close() {
    this.#native.close();
  }

  /** Its path and the number of its keys, in all databases. */
  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    const shown = { path: this.#path };
    try {
      shown.state = this.state;
      // Through a session of its own: this one may be in a transaction.
      const found = this.#view(this.#settings, true).execute('INFO', 'keyspace');
      shown.keys = [...found.matchAll(/keys=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    } catch (error) {
      if (!this.closed) shown.error = error.message;
    }
    return `Store ${inspect(shown, options)}`;
  }
}

if (Symbol.dispose !== undefined) {
  Store.prototype[Symbol.dispose] = Store.prototype.close;
  Store.prototype[Symbol.asyncDispose] = async function dispose() { this.close(); };
}

module.exports = { Store };
