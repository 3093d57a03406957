// Walks over all keys of a database, page by page. A key that is there throughout comes at least
// once; one that is written meanwhile may come twice, or not at all.
'use strict';

const PAGE = 512;

const request = (options) => (options === undefined ? { count: PAGE }
  : { count: PAGE, ...options });

/** Those of a page that are still there, as [key, value]. */
const present = (keys, values) => keys.map((key, i) => [key, values[i]])
  .filter(([, value]) => value !== null);

function* keysOf(store, options) {
  for (let cursor = 0, page; page === undefined || cursor !== 0;) {
    [cursor, page] = store.scan(cursor, request(options));
    yield* page;
  }
}

function* entriesOf(store, options) {
  for (let cursor = 0, page; page === undefined || cursor !== 0;) {
    [cursor, page] = store.scan(cursor, request(options));
    if (page.length !== 0) yield* present(page, store.mget(page));
  }
}

async function* keysLater(store, options) {
  for (let cursor = 0, page; page === undefined || cursor !== 0;) {
    [cursor, page] = await store.scan(cursor, request(options));
    yield* page;
  }
}

async function* entriesLater(store, options) {
  for (let cursor = 0, page; page === undefined || cursor !== 0;) {
    [cursor, page] = await store.scan(cursor, request(options));
    if (page.length !== 0) yield* present(page, await store.mget(page));
  }
}

module.exports = { entriesLater, entriesOf, keysLater, keysOf };
