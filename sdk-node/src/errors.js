// Exceptions. SynapError says that a call failed; ReplyError is what a command answered.
'use strict';

const CODES = new Map([
  [3, 'HOST'], [-1, 'INVALID_ARGUMENT'], [-2, 'INVALID_HANDLE'], [-3, 'MISUSE'],
  [-4, 'NO_MEMORY'], [-5, 'IO'], [-6, 'CORRUPT'], [-7, 'LOCKED'], [-8, 'BACKPRESSURE'],
  [-9, 'TIMEOUT'], [-10, 'CANCELLED'], [-11, 'CLOSED'], [-12, 'READONLY'], [-13, 'UNSUPPORTED'],
  [-14, 'VERSION'], [-15, 'SINK'], [-16, 'NEED_SNAPSHOT'], [-17, 'FORKED'], [-18, 'INTERNAL'],
]);

class SynapError extends Error {
  constructor(message, code, { retryable = false, outcomeUnknown = false, fatal = false } = {}) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.outcomeUnknown = outcomeUnknown;
    this.fatal = fatal;
  }

  get name() {
    return this.constructor.name;
  }
}

class ReplyError extends SynapError {
  constructor(message) {
    super(message, message.split(' ', 1)[0]);
  }
}

class WatchError extends SynapError {
  constructor() {
    super('a watched key was changed; nothing was done', 'WATCH', { retryable: true });
  }
}

/** A stored value is no UTF-8 text, and was asked for as such. Its bytes are in `value`. */
class EncodingError extends SynapError {
  constructor(value) {
    super(`the reply holds ${value.length} bytes that are not UTF-8 text; store.buffers gives `
      + "Buffers, and { encoding: 'auto' } gives them for such values only", 'ENCODING');
    this.value = value;
  }
}

/** The functions by which the native half makes exceptions. */
function makers(trait) {
  return {
    makeError(status, message, traits) {
      return new SynapError(message, CODES.get(status) ?? 'UNKNOWN', {
        retryable: (traits & trait.retryable) !== 0,
        outcomeUnknown: (traits & trait.outcomeUnknown) !== 0,
        fatal: (traits & trait.fatal) !== 0,
      });
    },
    makeReplyError: (message) => new ReplyError(message),
  };
}

module.exports = { EncodingError, ReplyError, SynapError, WatchError, makers };
