// The addon, bound to this environment, and the table of promises that it will keep.
'use strict';

const addon = require('../build/synap.node');
const { argumentError } = require('./checks');
const { PARAMETERS } = require('./commands');
const { EncodingError, makers } = require('./errors');

// By tag: how to settle, how to convert the reply, and the store, which must not be collected.
const pending = new Map();
let lastTag = 0;

/** Settles the promises of a batch: [tag, error or null, reply, tag, ...]. */
function complete(list) {
  for (let i = 0; i < list.length; i += 3) {
    const operation = pending.get(list[i]);
    pending.delete(list[i]);
    if (list[i + 1] !== null) {
      operation.reject(list[i + 1]);
      continue;
    }
    try {
      const { convert } = operation;
      operation.resolve(convert === undefined ? list[i + 2] : convert(list[i + 2]));
    } catch (error) {
      operation.reject(error);
    }
  }
}

/** The error for the argument at a place of a command, which is given by number or name. */
function makeArgumentError(command, place, given) {
  const names = PARAMETERS[command];
  if (names === undefined) {
    return argumentError('execute', `argument ${place} of ${command}`, given);
  }
  const last = names[names.length - 1];
  const name = place < names.length ? names[place] : last;
  return argumentError(names[0], name.startsWith('...')
    ? `${name.slice(3)} ${place - names.length + 2}` : name, given);
}

const { makeError, makeReplyError } = makers(addon.constants.trait);
addon.bind(makeError, makeReplyError, (bytes) => new EncodingError(bytes), makeArgumentError,
  complete);

/** Runs a command without waiting; the promise of its converted reply. */
function submit(store, native, command, args, convert) {
  const tag = ++lastTag;
  try {
    const reply = native.submit(tag, command, args);
    if (reply !== undefined) {
      return Promise.resolve(convert === undefined ? reply : convert(reply));
    }
  } catch (error) {
    return Promise.reject(error);
  }
  return new Promise((resolve, reject) => {
    pending.set(tag, { resolve, reject, convert, store });
  });
}

module.exports = { addon, submit };
