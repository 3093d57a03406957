// A process that ends in order loses nothing, however it ends. Under load, and many times:
// test/endings_under_load.js.
'use strict';

const { test } = require('node:test');

const { ENDINGS, end } = require('./endings');
const { directory } = require('./helpers');

for (const name of Object.keys(ENDINGS)) {
  test(`nothing is lost by ${name}`, async (t) => {
    for (let round = 0; round < 3; round += 1) await end(name, directory(t));
  });
}
