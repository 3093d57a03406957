// The promise methods of a store.
'use strict';

const { AsyncCommands } = require('./commands');
const { ReplyError } = require('./errors');
const { Multi } = require('./multi');
const { submit } = require('./native');

class AsyncStore extends AsyncCommands {
  #store;
  #native;

  constructor(store, native) {
    super();
    this.#store = store;
    this.#native = native;
  }

  _submit(id, args, convert) {
    return submit(this.#store, this.#native, id, args, convert);
  }

  execute(name, ...args) {
    if (typeof name !== 'string') {
      return Promise.reject(new TypeError('the name of a command is a string'));
    }
    return this._submit(name, args);
  }

  multi() {
    return new Multi((calls, finish) => {
      let queued;
      try {
        // Queueing never waits, and nothing else of this thread can come between it and EXEC.
        queued = this.#native.many([['MULTI'], ...calls]);
      } catch (error) {
        return Promise.reject(error);
      }
      return this._submit('EXEC', []).then((result) => finish(queued, result), (error) => {
        if (error instanceof ReplyError) return finish(queued, error);
        throw error;
      });
    });
  }
}

module.exports = { AsyncStore };
