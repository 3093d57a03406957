// Compiles the native half with CMake into build/synap.node. Needs no network: the headers of
// Node-API are a package.
'use strict';

const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const build = path.join(root, 'build');

function run(command, args, hint) {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (done.error) {
    const why = done.error.code === 'ENOENT' ? `${command} is not installed` : done.error.message;
    throw new Error(`synap: ${why}; ${hint}`);
  }
  if (done.status !== 0) {
    throw new Error(`synap: ${command} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`);
  }
}

/** The folder of node_api.h. npm links a folder that it installs, and leaves its packages out. */
function headers() {
  const find = () => require('node-api-headers').include_dir;
  try {
    return find();
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
  run('npm', ['install', '--prefix', root, '--ignore-scripts', '--omit=dev', '--no-package-lock',
    '--no-audit', '--no-fund'], 'it fetches the headers of Node-API');
  return find();
}

function main() {
  const hint = 'building the addon takes CMake 3.25 and a C++20 compiler';
  process.env.CMAKE_BUILD_PARALLEL_LEVEL ??= String(os.cpus().length);
  // Where Synap is may have changed since an earlier build.
  run('cmake', ['-S', root, '-B', build, '-U', 'Synap_DIR', '-D', 'CMAKE_BUILD_TYPE=Release',
    '-D', `NODE_API_HEADERS=${headers()}`], hint);
  run('cmake', ['--build', build, '--target', 'addon'], hint);
  if (!existsSync(path.join(build, 'synap.node'))) throw new Error('synap: no addon was built');
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
