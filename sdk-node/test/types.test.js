// The declarations say what the package holds: compiled against programs, compared with exports.
'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');

const synap = require('..');
const root = path.resolve(__dirname, '..');
const COMMON = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  types: ['node'],
  typeRoots: [path.join(root, 'node_modules', '@types')],
};
// The ways in which TypeScript finds what a package declares.
const RESOLUTIONS = {
  node10: { module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10 },
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};
const PROGRAMS = Object.fromEntries(Object.entries(RESOLUTIONS).map(([name, how]) => [name,
  ts.createProgram(['test/types.ts', 'test/import.mts'].map((file) => path.join(root, file)),
    { ...COMMON, ...how })]));
const program = PROGRAMS.node16;

function problems(compiled, file) {
  const source = compiled.getSourceFile(path.join(root, file));
  const found = [...compiled.getSyntacticDiagnostics(source),
    ...compiled.getSemanticDiagnostics(source)];
  return found.map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    const { line } = source.getLineAndCharacterOfPosition(diagnostic.start);
    return `${file}:${line + 1}: ${text}`;
  });
}

/** A name, or how a well-known symbol is written. */
const named = (name) => name.replace(/^__@(\w+)@\d+$/, '[Symbol.$1]');

/** Names of what a class is declared with, its private ones left out. */
function declared(checker, symbol) {
  const found = [checker.getDeclaredTypeOfSymbol(symbol),
    checker.getTypeOfSymbol(symbol)].map((type) => checker.getPropertiesOfType(type)
    .map((property) => named(property.name)).filter((name) => name !== 'prototype'));
  return { members: new Set(found[0]), statics: new Set(found[1]) };
}

/** Names of methods and accessors of a class of this package, and of its bases. */
function defined(constructor) {
  const names = new Set();
  for (let at = constructor.prototype; at !== Object.prototype && at !== Error.prototype;
    at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) {
      names.add(typeof name === 'symbol'
        ? `[${name.description.replace(/^nodejs\.(?=\w*[dD]ispose$)/, 'Symbol.')}]` : name);
    }
  }
  return names;
}

for (const [name, compiled] of Object.entries(PROGRAMS)) {
  test(`programs are checked against the declarations, resolved as ${name}`, () => {
    for (const file of ['test/types.ts', 'test/import.mts', 'src/index.d.ts',
      'src/commands.d.ts']) {
      // What is found as CommonJS has no ES modules.
      if (name === 'node10' && file.endsWith('.mts')) continue;
      assert.deepEqual(problems(compiled, file), []);
    }
  });
}

const checker = program.getTypeChecker();
const declarations = program.getSourceFile(path.join(root, 'src/index.d.ts'));
const values = checker.getExportsOfModule(checker.getSymbolAtLocation(declarations))
  .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias
    ? checker.getAliasedSymbol(symbol) : symbol))
  .filter((symbol) => symbol.flags & ts.SymbolFlags.Value);

test('every value that is declared is there, and nothing else (fault case 14)', async () => {
  const names = values.map((symbol) => symbol.name).sort();
  assert.deepEqual(names, Object.keys(synap).sort());
  const imported = await import('../src/index.js');
  assert.deepEqual(Object.keys(imported).sort(),
    [...names, 'default', 'module.exports'].filter((name) => name in imported).sort());
  for (const name of names) assert.equal(imported[name], synap[name]);
  assert.equal(imported.default, synap);
});

test('each name can be imported, by import and by require (fault case 14)', () => {
  for (const { name } of values) {
    for (const [type, source] of [
      ['module', `import { ${name} as it } from 'synap'; console.log(typeof it);`],
      ['module', `import synap from 'synap'; console.log(typeof synap.${name});`],
      ['commonjs', `const { ${name}: it } = require('synap'); console.log(typeof it);`],
    ]) {
      // From here the package finds itself by its name, through what it exports.
      const done = spawnSync(process.execPath, [`--input-type=${type}`, '-e', source],
        { cwd: root, encoding: 'utf8' });
      assert.equal(done.stdout.trim(), typeof synap[name], done.stderr);
    }
  }
});

test('every member that is declared is there, and nothing else (fault case 14)', () => {
  for (const symbol of values.filter((s) => s.flags & ts.SymbolFlags.Class)) {
    const constructor = synap[symbol.name];
    const { members, statics } = declared(checker, symbol);
    // Error has it in some versions of Node, and only where a program has set it.
    statics.delete('prepareStackTrace');
    for (const name of statics) assert.ok(name in constructor, `${symbol.name}.${name}`);
    // Fields of errors are put on each object, names with an underline are the package's own.
    const fields = ['code', 'retryable', 'outcomeUnknown', 'fatal', 'message', 'name', 'stack',
      'cause', 'value'];
    const own = ['constructor', '_submit', '[nodejs.util.inspect.custom]'];
    const found = [...defined(constructor)].filter((name) => !fields.includes(name)
      && !own.includes(name)).sort();
    assert.deepEqual(found, [...members].filter((name) => !fields.includes(name)).sort(),
      symbol.name);
  }
  const errors = [new synap.SynapError('x', 'Y'), new synap.ReplyError('ERR x'),
    new synap.EncodingError(Buffer.of(255)), new synap.WatchError()];
  for (const error of errors) {
    const symbol = values.find((s) => s.name === error.constructor.name);
    for (const name of declared(checker, symbol).members) {
      assert.ok(name === 'cause' || name in error, `${symbol.name}.${name}`);
    }
  }
});

test('what only open() makes says so', () => {
  for (const Class of [synap.Store, synap.AsyncStore, synap.Multi]) {
    assert.throws(() => new Class(), { name: 'TypeError', message: /made by|property async/ });
  }
});
