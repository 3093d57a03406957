// What stores and calls can be given.
'use strict';

const { known, none, refuse } = require('./checks');
const { addon } = require('./native');

const FOREVER_MS = 0xffffffff;
const SETTINGS = ['durability', 'encoding', 'timeout'];

function oneOf(method, name, given, numbers) {
  const number = typeof given === 'string' && Object.hasOwn(numbers, given)
    ? numbers[given] : undefined;
  if (number !== undefined) return number;
  return refuse(method, `one of ${Object.keys(numbers).join(', ')}`, name, given);
}

function milliseconds(method, timeout) {
  if (timeout === Infinity) return FOREVER_MS;
  if (typeof timeout === 'number' && timeout > 0) {
    return Math.min(Math.max(Math.round(timeout), 1), FOREVER_MS - 1);
  }
  return refuse(method, 'a positive number of milliseconds or Infinity', 'timeout', timeout);
}

/** Settings of calls: those given, else those of `base`. */
function settings(method, { durability, encoding, timeout }, base) {
  const { constants } = addon;
  return {
    durability: durability === undefined ? base.durability
      : oneOf(method, 'durability', durability, constants.durability),
    encoding: encoding === undefined ? base.encoding
      : oneOf(method, 'encoding', encoding, constants.encoding),
    timeout: timeout === undefined ? base.timeout : milliseconds(method, timeout),
  };
}

const DEFAULTS = {
  durability: addon.constants.durability.default,
  encoding: addon.constants.encoding.utf8,
  timeout: 10_000,
};

/** The options of using(). */
function callSettings(given, base) {
  known('using', given, SETTINGS);
  return settings('using', given, base);
}

function optionText(method, name, given) {
  if (['string', 'boolean', 'bigint'].includes(typeof given) || Number.isFinite(given)) {
    return String(given);
  }
  return refuse(method, 'a string, finite number or boolean', name, given);
}

/** The options of open(): settings of calls, and those of the engine as the addon takes them. */
function openOptions(given) {
  known('open', given, [...SETTINGS, ...addon.options().map((option) => option.name)]);
  const engine = [];
  for (const [name, value] of Object.entries(given)) {
    if (SETTINGS.includes(name) || value === undefined) continue;
    engine.push(name, optionText('open', name, value));
  }
  return { chosen: settings('open', given, DEFAULTS), engine };
}

/** Every option of a store. */
function options(...more) {
  none('options', more);
  return addon.options();
}

module.exports = { callSettings, openOptions, optionText, options };
