// Copies the sources of libsynap from the checkout around this folder into dist/synap, so that a
// packed or copied package builds anywhere. Run by npm before it packs this folder or installs it;
// does nothing outside a checkout.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const repository = path.dirname(root);
const target = path.join(root, 'dist', 'synap');

// What CMake reads to build libsynap.
const WANTED = [
  'CMakeLists.txt', 'LICENSE', 'capi/CMakeLists.txt', 'capi/abi/synap.map', 'capi/cmake',
  'capi/include', 'capi/src', 'core', 'deploy/CMakeLists.txt', 'sdk-cpp/CMakeLists.txt',
];
const SUFFIXES = new Set(['.c', '.cc', '.h', '.hpp', '.in', '.map', '.txt', '']);

function wanted(file) {
  return fs.statSync(file).isDirectory() || SUFFIXES.has(path.extname(file));
}

if (fs.existsSync(path.join(repository, 'capi/include/synap/synap.h'))) {
  fs.rmSync(target, { recursive: true, force: true });
  for (const name of WANTED) {
    fs.cpSync(path.join(repository, name), path.join(target, name),
      { recursive: true, filter: wanted });
  }
}
