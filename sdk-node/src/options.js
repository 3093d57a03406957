// What stores and calls can be given.
'use strict';

const { addon } = require('./native');

const FOREVER_MS = 0xffffffff;

function durabilityLevel(name) {
  const level = addon.constants.durability[name];
  if (level !== undefined) return level;
  const known = Object.keys(addon.constants.durability).join(', ');
  throw new RangeError(`durability is one of ${known}, not ${JSON.stringify(name)}`);
}

function milliseconds(timeout) {
  if (timeout === Infinity) return FOREVER_MS;
  if (typeof timeout === 'number' && timeout > 0) {
    return Math.min(Math.max(Math.round(timeout), 1), FOREVER_MS - 1);
  }
  throw new RangeError(`timeout is a positive number of milliseconds or Infinity, not ${timeout}`);
}

/** Settings of calls: those given, else those of `base`. */
function settings(given, base) {
  return {
    durability: given.durability === undefined ? base.durability
      : durabilityLevel(given.durability),
    timeout: given.timeout === undefined ? base.timeout : milliseconds(given.timeout),
    buffers: given.buffers === undefined ? base.buffers : Boolean(given.buffers),
  };
}

const DEFAULTS = {
  durability: addon.constants.durability.default,
  timeout: 10_000,
  buffers: false,
};

/** Options of the engine as the flat list of texts that the addon takes. */
function flatten(options) {
  const list = [];
  for (const [name, value] of Object.entries(options)) list.push(name, String(value));
  return list;
}

/** Every option of a store. */
function options() {
  return addon.options();
}

module.exports = { DEFAULTS, flatten, options, settings };
