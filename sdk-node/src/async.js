// The promise methods of a store.
'use strict';

const { none, text } = require('./checks');
const { AsyncCommands } = require('./commands');
const { ReplyError } = require('./errors');
const { entriesLater, keysLater } = require('./iterate');
const { Multi } = require('./multi');
const { submit } = require('./native');

class AsyncStore extends AsyncCommands {
  #store;
  #native;

  constructor(store, native) {
    super();
    if (native === undefined) throw new TypeError('an AsyncStore is the property async of a store');
    this.#store = store;
    this.#native = native;
  }

  _submit(id, convert, make, given) {
    let args;
    try {
      args = make(...given);
    } catch (error) {
      return Promise.reject(error);
    }
    return submit(this.#store, this.#native, id, args, convert);
  }

  async execute(name, ...args) {
    return this._submit(text('execute', 'name', name), undefined, Array.of, args);
  }

  multi(...more) {
    none('multi', more);
    return new Multi((calls, finish) => {
      let queued;
      try {
        // Queueing never waits, and nothing else of this thread can come between it and EXEC.
        queued = this.#native.many([['MULTI'], ...calls]);
      } catch (error) {
        return Promise.reject(error);
      }
      const done = this._submit('EXEC', undefined, Array.of, []);
      return done.then((result) => finish(queued, result), (error) => {
        if (error instanceof ReplyError) return finish(queued, error);
        throw error;
      });
    });
  }

  /** Every key. */
  scanIterator(options) {
    return keysLater(this, options);
  }

  /** Every key with its value. */
  entries(options) {
    return entriesLater(this, options);
  }

  [Symbol.asyncIterator]() {
    return this.entries();
  }

  [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
    return `Async${inspect(this.#store, options)}`;
  }
}

module.exports = { AsyncStore };
