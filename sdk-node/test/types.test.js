// The declarations say what the package holds: compiled against programs, compared with exports.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');

const synap = require('..');
const commands = require('../src/commands');

const root = path.resolve(__dirname, '..');
const OPTIONS = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  types: ['node'],
  typeRoots: [path.join(root, 'node_modules', '@types')],
};

const program = ts.createProgram([path.join(root, 'test/types.ts')], OPTIONS);

function problems(file) {
  const source = program.getSourceFile(path.join(root, file));
  const found = [...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source)];
  return found.map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    const { line } = source.getLineAndCharacterOfPosition(diagnostic.start);
    return `${file}:${line + 1}: ${text}`;
  });
}

/** Names of what a value is declared with, without inherited ones of Object and Error. */
function declared(checker, type) {
  return new Set(checker.getPropertiesOfType(type).map((symbol) => symbol.name));
}

/** Names of methods and accessors on the prototypes of a class of this package. */
function defined(constructor) {
  const names = new Set();
  for (let at = constructor.prototype; at !== Object.prototype && at !== Error.prototype;
    at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  names.delete('constructor');
  return names;
}

test('programs are checked against the declarations', () => {
  for (const file of ['test/types.ts', 'src/index.d.ts', 'src/commands.d.ts']) {
    assert.deepEqual(problems(file), []);
  }
});

test('every value that is exported is declared, and nothing else', () => {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path.join(root, 'src/index.d.ts'));
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(source))
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias
      ? checker.getAliasedSymbol(symbol) : symbol));
  const values = symbols.filter((symbol) => symbol.flags & ts.SymbolFlags.Value);
  // Bases of the classes, of use to type checkers only.
  const hidden = new Set(Object.keys(commands));
  assert.deepEqual(values.map((s) => s.name).filter((name) => !hidden.has(name)).sort(),
    Object.keys(synap).sort());
  for (const symbol of values.filter((s) => s.flags & ts.SymbolFlags.Class)) {
    const constructor = synap[symbol.name] ?? commands[symbol.name];
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const wanted = declared(checker, type);
    // Fields and functions of the addon are put on each object.
    const own = ['_call', '_submit', 'code', 'retryable', 'outcomeUnknown', 'fatal', 'message',
      'name', 'stack', 'cause'];
    for (const name of own) wanted.delete(name);
    const found = defined(constructor);
    for (const name of own) found.delete(name);
    assert.deepEqual([...found].sort(), [...wanted].sort(), symbol.name);
  }
});
