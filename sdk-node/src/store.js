// The store: synchronous methods, one for each command, and what leads to all else.
'use strict';

const { AsyncStore } = require('./async');
const { Commands } = require('./commands');
const { Multi } = require('./multi');
const { addon } = require('./native');
const { DEFAULTS, flatten, settings } = require('./options');

const PAGE = 512;
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

  static open(path, options = {}) {
    if (typeof path !== 'string') throw new TypeError('the path of a store is a string');
    const { durability, timeout, buffers, ...engine } = options;
    const chosen = settings({ durability, timeout, buffers }, DEFAULTS);
    const native = addon.open(path, flatten(engine), chosen.durability, chosen.timeout,
      chosen.buffers);
    return new Store(native, path, chosen);
  }

  #view(chosen, ownSession) {
    const native = this.#native.view(chosen.durability, chosen.timeout, chosen.buffers,
      ownSession);
    return new Store(native, this.#path, chosen);
  }

  get(key) {
    return this._get(key);
  }

  set(key, value, options) {
    if (options !== undefined) return super.set(key, value, options);
    this._set(key, value);
    return true;
  }

  /** Any command by its words; its reply as the engine gave it. */
  execute(name, ...args) {
    if (typeof name !== 'string') throw new TypeError('the name of a command is a string');
    return this._call(name, ...args);
  }

  /** Commands that run as one transaction when exec() is called. */
  multi() {
    return new Multi((calls, finish) => {
      const replies = this.#native.many([['MULTI'], ...calls, ['EXEC']]);
      return finish(replies, replies.pop());
    });
  }

  /** Makes the next transaction of this session depend on keys staying as they are. */
  watch(...keys) {
    this._call('WATCH', ...keys);
  }

  unwatch() {
    this._call('UNWATCH');
  }

  /** The same store with other settings for the calls made through the result. */
  using(options) {
    return this.#view(settings(options, this.#settings), false);
  }

  /** The same store through a session of its own: database, watched keys, transaction. */
  session() {
    return this.#view(this.#settings, true);
  }

  /** The same store, giving stored values as Buffers. */
  get buffers() {
    this.#buffers ??= this.using({ buffers: true });
    return this.#buffers;
  }

  /** The same commands as promises. */
  get async() {
    this.#async ??= new AsyncStore(this, this.#native);
    return this.#async;
  }

  /** Every key, page by page. */
  * scanAll(options = {}) {
    let cursor = 0;
    do {
      let page;
      [cursor, page] = this.scan(cursor, { count: PAGE, ...options });
      yield* page;
    } while (cursor !== 0);
  }

  option(name) {
    return this.#native.option(name);
  }

  setOption(name, value) {
    this.#native.setOption(name, String(value));
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
}

if (Symbol.dispose !== undefined) Store.prototype[Symbol.dispose] = Store.prototype.close;

module.exports = { Store };
