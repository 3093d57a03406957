// Synap in the process: a durable key-value store for Node.
'use strict';

const { AsyncStore } = require('./async');
const { ReplyError, SynapError, WatchError } = require('./errors');
const { Multi } = require('./multi');
const { addon } = require('./native');
const { options } = require('./options');
const { Store } = require('./store');

module.exports = {
  AsyncStore,
  Multi,
  ReplyError,
  Store,
  SynapError,
  WatchError,
  build: addon.build,
  open: Store.open,
  options,
};
