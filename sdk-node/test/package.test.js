// The package as npm packs it: built away from the checkout and used by a fresh project, with the
// programs of the README. Compiles libsynap, which takes a minute or two without a compiler cache.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { directory } = require('./helpers');

const root = path.resolve(__dirname, '..');

function run(command, args, options) {
  const env = { ...process.env, ...options.env };
  // From its own sources, although `make test` has installed a libsynap nearby.
  delete env.CMAKE_PREFIX_PATH;
  const done = spawnSync(command, args, { encoding: 'utf8', ...options, env });
  assert.equal(done.status, 0, `${command} ${args.join(' ')}\n${done.stdout}${done.stderr}`);
  return done.stdout.trim();
}

/** The programs of the README, by file name. */
function programs() {
  const text = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
  return Object.fromEntries([...text.matchAll(/```(?:js|ts)\n(\/\/ (visits\.\w+)[^]*?)```/g)]
    .map(([, source, name]) => [name, source]));
}

test('a packed package builds anywhere and runs the README', (t) => {
  const project = directory(t);
  fs.mkdirSync(project);
  const [{ filename, files }] = JSON.parse(run('npm',
    ['pack', '--json', '--pack-destination', project], { cwd: root }));
  const names = files.map((file) => file.path);
  for (const name of ['dist/synap/core/CMakeLists.txt', 'dist/synap/capi/include/synap/synap.h',
    'dist/synap/LICENSE', 'src/index.d.ts', 'scripts/build.js']) {
    assert.ok(names.includes(name), `${name} is not in the tarball`);
  }
  assert.deepEqual(names.filter((name) => /^(build|test|node_modules)\//.test(name)), []);

  fs.writeFileSync(path.join(project, 'package.json'), '{"private": true}');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`],
    { cwd: project, env: { CCACHE_BASEDIR: project } });
  const found = programs();
  assert.deepEqual(Object.keys(found), ['visits.mjs', 'visits.cjs', 'visits.mts']);
  for (const [name, source] of Object.entries(found)) {
    fs.writeFileSync(path.join(project, name), source);
  }
  const node = (name) => run(process.execPath, [name], { cwd: project });
  assert.match(node('visits.mjs'), /^hello 1\n\[ 2, 'hello' \]\n/);
  assert.match(node('visits.cjs'), /^Ada <Buffer ff d8>\nStore { path: '.\/data', state: 'ready'/);
  for (const resolution of ['node16', 'bundler']) {
    run(process.execPath, [require.resolve('typescript/bin/tsc'), '--strict', '--module',
      resolution === 'bundler' ? 'esnext' : resolution, '--moduleResolution', resolution,
      '--target', 'es2022', '--types', 'node', '--typeRoots',
      path.join(root, 'node_modules', '@types'), 'visits.mts'], { cwd: project });
    assert.match(node('visits.mjs'), /^ERR .*not an integer/);
  }
});

test('what the build lacks is said in one line', (t) => {
  const empty = directory(t);
  fs.mkdirSync(empty);
  const build = (env) => spawnSync(process.execPath, [path.join(root, 'scripts/build.js')],
    { encoding: 'utf8', env: { ...process.env, ...env } });
  const bare = build({ PATH: empty });
  assert.equal(bare.status, 1);
  assert.equal(bare.stderr, 'synap: cannot compile the addon, missing: CMake 3.25 or newer, make, '
    + 'a C++20 compiler (c++ is not installed); on Debian and Ubuntu: apt-get install cmake make '
    + 'g++\n');
  fs.writeFileSync(path.join(empty, 'old'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const old = build({ CXX: path.join(empty, 'old') });
  assert.match(old.stderr, /^synap: [^\n]*a C\+\+20 compiler \([^\n]*old is too old\)[^\n]*\n$/);
});

test('the reference names all that is declared', () => {
  const declared = fs.readFileSync(path.join(root, 'src/index.d.ts'), 'utf8');
  const page = fs.readFileSync(path.resolve(root, '../docs/node.md'), 'utf8');
  const names = [...declared.matchAll(/^(?: {2}(?:readonly |static )?|export declare \w+ )(\w+)/gm)]
    .map(([, name]) => name).filter((name) => !['constructor', 'private'].includes(name));
  assert.ok(names.length > 50);
  assert.deepEqual([...new Set(names)].filter((name) => !page.includes(name)), []);
  const errors = fs.readFileSync(path.join(root, 'src/errors.js'), 'utf8');
  const codes = [...errors.matchAll(/'([A-Z_]{2,})'/g)].map(([, code]) => code);
  assert.ok(codes.length > 15);
  assert.deepEqual(codes.filter((code) => !page.includes(`\`${code}\``)), []);
});
