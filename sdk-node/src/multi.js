// Transactions: commands that are queued and run as one.
'use strict';

const { QueuedCommands } = require('./commands');
const { ReplyError, WatchError } = require('./errors');

class Multi extends QueuedCommands {
  #run;
  #calls = [];
  #converts = [];

  /** run(calls, finish): what runs MULTI, the calls and EXEC, and gives finish(queued, result). */
  constructor(run) {
    super();
    this.#run = run;
  }

  _submit(id, args, convert) {
    this.#calls.push([id, ...args]);
    this.#converts.push(convert);
    return this;
  }

  command(name, ...args) {
    if (typeof name !== 'string') throw new TypeError('the name of a command is a string');
    return this._submit(name, args);
  }

  get length() {
    return this.#calls.length;
  }

  exec() {
    const calls = this.#calls;
    const converts = this.#converts;
    this.#calls = [];
    this.#converts = [];
    return this.#run(calls, (queued, result) => {
      if (result === null) throw new WatchError();
      if (result instanceof ReplyError) {
        throw queued.find((reply) => reply instanceof ReplyError) ?? result;
      }
      return result.map((reply, i) => (
        converts[i] === undefined || reply instanceof ReplyError ? reply : converts[i](reply)));
    });
  }
}

module.exports = { Multi };
