// Transactions: commands that are queued and run as one.
'use strict';

const { none, text } = require('./checks');
const { QueuedCommands } = require('./commands');
const { ReplyError, SynapError, WatchError } = require('./errors');

class Multi extends QueuedCommands {
  #run;
  #calls = [];
  #converts = [];

  /** run(calls, finish): what runs MULTI, the calls and EXEC, and gives finish(queued, result). */
  constructor(run) {
    super();
    if (typeof run !== 'function') throw new TypeError('a Multi is made by multi() of a store');
    this.#run = run;
  }

  _submit(id, convert, make, given) {
    this.#calls.push([id, ...make(...given)]);
    this.#converts.push(convert);
    return this;
  }

  command(name, ...args) {
    return this._submit(text('command', 'name', name), undefined, Array.of, args);
  }

  get length() {
    return this.#calls.length;
  }

  exec(...more) {
    none('exec', more);
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
        converts[i] === undefined || reply instanceof SynapError ? reply : converts[i](reply)));
    });
  }

  [Symbol.for('nodejs.util.inspect.custom')]() {
    return `Multi { length: ${this.length} }`;
  }
}

module.exports = { Multi };
