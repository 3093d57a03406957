// Synap in the process: a durable key-value store for Node.
'use strict';

const { AsyncStore } = require('./async');
const { EncodingError, ReplyError, SynapError, WatchError } = require('./errors');
const { Multi } = require('./multi');
const { build } = require('./native').addon;
const { options } = require('./options');
const { Store } = require('./store');

const { open } = Store;

// Names alone: what `import { open } from 'synap'` can find is read from here without running it.
module.exports = {
  AsyncStore,
  EncodingError,
  Multi,
  ReplyError,
  Store,
  SynapError,
  WatchError,
  build,
  open,
  options,
};
