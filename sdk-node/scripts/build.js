// Compiles the native half with CMake into build/synap.node. Needs no network where the headers of
// Node-API are installed, which are a package that npm installs with this one.
'use strict';

const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const build = path.join(root, 'build');

/** Runs a program; undefined when there is none of that name. */
function attempt(command, args, input) {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', input });
  const ran = !done.error || done.error.code === 'EPIPE';  // it ended without reading its input
  if (!ran && done.error.code !== 'ENOENT') throw done.error;
  return ran ? done : undefined;
}

function run(command, args) {
  const done = attempt(command, args);
  if (done === undefined) throw new Error(`synap: ${command} is not installed`);
  if (done.status !== 0) {
    // Needed only where libsynap itself is built, which CMake finds out.
    if (/XXHASH_INCLUDE_DIR|OpenSSL/.test(done.stderr)) refuse(missingHeaders());
    throw new Error(`synap: ${command} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`);
  }
}

function isCmakeNewEnough() {
  const [, major, minor] = attempt('cmake', ['--version'])?.stdout.match(/(\d+)\.(\d+)/) ?? [];
  return major !== undefined && (Number(major) > 3 || Number(minor) >= 25);
}

/** Throws the one line that says what is missing: [what it is, package of Debian and Ubuntu]. */
function refuse(lacking) {
  if (lacking.length === 0) return;
  throw new Error(`synap: cannot compile the addon, missing: ${
    lacking.map(([what]) => what).join(', ')}; on Debian and Ubuntu: apt-get install ${
    lacking.map(([, name]) => name).join(' ')}`);
}

function compiles(compiler, source) {
  return attempt(compiler, ['-std=c++20', '-E', '-x', 'c++', '-'], source)?.status === 0;
}

function missingHeaders() {
  return [['xxhash.h', 'libxxhash-dev'], ['openssl/ssl.h', 'libssl-dev']]
    .filter(([header]) => !compiles(process.env.CXX ?? 'c++', `#include <${header}>\n`));
}

function missingTools() {
  const found = [];
  if (!isCmakeNewEnough()) found.push(['CMake 3.25 or newer', 'cmake']);
  if (attempt('make', ['--version']) === undefined && !process.env.CMAKE_GENERATOR) {
    found.push(['make', 'make']);
  }
  const compiler = process.env.CXX ?? 'c++';
  const modern = attempt(compiler, ['-std=c++20', '-E', '-x', 'c++', '-'],
    '#include <version>\n#if __cpp_lib_span < 202002L\n#error old\n#endif\n');
  if (modern?.status !== 0) {
    found.push([`a C++20 compiler (${compiler} is ${modern ? 'too old' : 'not installed'})`,
      'g++']);
  }
  return found;
}

/** The folder of node_api.h. npm links a folder that it installs, and leaves its packages out. */
function headers() {
  const find = () => require('node-api-headers').include_dir;
  try {
    return find();
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
  // A package that has been installed may hold nothing of its own.
  run('npm', ['install', '--prefix', root, '--ignore-scripts', '--omit=dev', '--no-package-lock',
    '--no-audit', '--no-fund']);
  return find();
}

function main() {
  refuse(missingTools());
  process.env.CMAKE_BUILD_PARALLEL_LEVEL ??= String(os.cpus().length);
  // Where Synap is may have changed since an earlier build.
  run('cmake', ['-S', root, '-B', build, '-U', 'Synap_DIR', '-D', 'CMAKE_BUILD_TYPE=Release',
    '-D', `NODE_API_HEADERS=${headers()}`]);
  run('cmake', ['--build', build, '--target', 'addon']);
  if (!existsSync(path.join(build, 'synap.node'))) throw new Error('synap: no addon was built');
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
