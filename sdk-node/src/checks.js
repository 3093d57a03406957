// What methods can be given. Each check returns what it was given, or throws a TypeError or
// RangeError that names the method, the argument, what was expected and what was given.
'use strict';

const { nearest } = require('./nearest');

const WORDS = 'a string, Buffer or number';
const INT64 = [-(2n ** 63n), 2n ** 63n - 1n];
const SHOWN = 40;

/** A value as errors show it. */
function describe(given) {
  switch (typeof given) {
    case 'string':
      return `the string ${JSON.stringify(given.length > SHOWN
        ? `${given.slice(0, SHOWN)}...` : given)}`;
    case 'number':
      return Object.is(given, -0) ? '-0' : String(given);
    case 'bigint':
      return `${given}n`;
    case 'boolean':
    case 'undefined':
      return String(given);
    case 'object':
      break;
    default:
      return `a ${typeof given}`;
  }
  if (given === null) return 'null';
  if (Array.isArray(given)) return 'an array';
  if (given instanceof Promise) return 'a promise, which needs await';
  const name = given.constructor?.name;
  if (name === undefined || name === 'Object') return 'an object';
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

function failure(method, expected, name, given) {
  const text = `${method}(): expected ${expected} for '${name}', got ${describe(given)}`;
  // A number where one was expected is out of range.
  const isNumber = typeof given === 'number' || typeof given === 'bigint';
  return isNumber && /number|integer/.test(expected) ? new RangeError(text) : new TypeError(text);
}

function refuse(...what) {
  throw failure(...what);
}

function isInt64(given) {
  return given >= INT64[0] && given <= INT64[1];
}

/** Whether the native half takes it as a key or value. */
function isValue(given) {
  switch (typeof given) {
    case 'string':
      return true;
    case 'number':
      return Number.isFinite(given);
    case 'bigint':
      return isInt64(given);
    default:
      return given instanceof Uint8Array;
  }
}

/** What the native half refuses as the argument at a place of a command's words. */
function argumentError(method, name, given) {
  const expected = {
    number: 'a finite number', bigint: 'an integer of at most 64 bits',
  }[typeof given] ?? WORDS;
  const isObject = typeof given === 'object' && given !== null && !ArrayBuffer.isView(given)
    && !(given instanceof Promise);
  const error = failure(method, expected, name, given);
  if (isObject) error.message += '; JSON.stringify() makes text of it';
  return error;
}

function storable(method, name, given) {
  if (!isValue(given)) throw argumentError(method, name, given);
  return given;
}

function whole(method, name, given) {
  if (Number.isSafeInteger(given) || (typeof given === 'bigint' && isInt64(given))) return given;
  return refuse(method, typeof given === 'number' && Number.isInteger(given)
    ? 'an exact number or a bigint' : 'a whole number', name, given);
}

/** A Unix time in units of so many milliseconds. */
function moment(method, name, given, unit) {
  if (!(given instanceof Date)) return whole(method, name, given);
  const time = given.getTime();
  if (Number.isNaN(time)) {
    throw new RangeError(`${method}(): expected a time for '${name}', got an invalid Date`);
  }
  return Math.ceil(time / unit);
}

function finite(method, name, given) {
  if (Number.isFinite(given) || (typeof given === 'bigint' && isInt64(given))) return given;
  return refuse(method, 'a finite number', name, given);
}

function flag(method, name, given) {
  if (given === undefined || typeof given === 'boolean') return given === true;
  return refuse(method, 'true or false', name, given);
}

function text(method, name, given) {
  if (typeof given === 'string') return given;
  return refuse(method, 'a string', name, given);
}

/** The options of a method: an object without any names but these. */
function known(method, options, names) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)
    || options instanceof Date || ArrayBuffer.isView(options)) {
    throw new TypeError(`${method}(): expected an object for 'options', got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const close = nearest(name, names);
    throw new TypeError(`${method}() has no option '${name}'; ${close === undefined
      ? `it knows ${names.join(', ')}` : `did you mean '${close}'?`}`);
  }
}

/** Arguments beyond those that a method has. */
function none(method, more) {
  if (more.length === 0) return;
  throw new TypeError(`${method}() was given ${more.length} argument${more.length === 1
    ? '' : 's'} too many: ${more.map(describe).join(', ')}`);
}

/** Any number of arguments, or one array of them. */
function list(given) {
  return given.length === 1 && Array.isArray(given[0]) ? given[0] : given;
}

/** One value, or an array of them. */
function several(method, name, given) {
  const values = Array.isArray(given) ? given : [given];
  values.forEach((value) => storable(method, name, value));
  return values;
}

/** [key, value, key, value ...] of a Map or an object. */
function pairsOf(method, pairs) {
  if (typeof pairs !== 'object' || pairs === null || Array.isArray(pairs)
    || ArrayBuffer.isView(pairs) || pairs instanceof Date) {
    return refuse(method, 'a Map or an object', 'pairs', pairs);
  }
  const words = [];
  for (const [key, given] of pairs instanceof Map ? pairs : Object.entries(pairs)) {
    if (!isValue(given)) throw argumentError(method, `pairs[${String(key)}]`, given);
    words.push(key, given);
  }
  return words;
}

module.exports = {
  argumentError, describe, finite, flag, known, list, moment, none, pairsOf, refuse, several,
  storable, text, whole,
};
