// Compiled, never run: an ES module that uses the package.
import synap, { open, type SetOptions, Store } from '../src/index.js';
import * as all from '../src/index.js';

const options: SetOptions = { ex: 60 };
const store: Store = open(':memory:');
store.set('a', 1, options);
const text: string | null = synap.open(':memory:').get('a');
const later: Promise<string | null> = all.open(':memory:').async.get('a');
// @ts-expect-error the bases of the classes are types only
const base = all.Commands;
void [text, later, base];
