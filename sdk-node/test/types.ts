// Compiled, never run: what the declarations must accept, and what they must refuse.
import {
  AsyncStore, EncodingError, Multi, open, options, ReplyError, Store, SynapError,
} from '../src/index.js';

async function accepted(): Promise<void> {
  const store: Store = open('data', { durability: 'disk', max_memory: '1gb', slots: 1024 });
  const text: string | null = store.get('a');
  const done: boolean = store.set('a', 1, { ex: 10, nx: true });
  const old: string | null = store.set('a', 1, { get: true });
  const raw: Buffer | null = store.buffers.get(Buffer.from('a'));
  const buffers: Store<Buffer> = open(':memory:', { encoding: 'buffer' });
  const values: (Buffer | null)[] = buffers.mget('a', 'b');
  const mixed: Store<string | Buffer> = open(':memory:', { encoding: 'auto' });
  const sum: number | bigint = store.incrby('n', 5n);
  const found2: number = store.exists(['a', 1, Buffer.from('c')]);
  store.set('at', 1, { exat: new Date(), ex: undefined });
  const [cursor, keys]: [number, string[]] = store.scan(0, { match: 'a*' });
  const promise: Promise<string | null> = store.async.get('a');
  const found: AsyncStore<string> = store.async;
  const results: unknown[] = store.multi().set('a', 1).incr('b').command('ECHO', 'x').exec();
  const later: unknown[] = await store.async.multi().get('a').exec();
  const queue: Multi = store.session().multi();
  for (const key of store.scanIterator({ match: 'a*' })) key.toUpperCase();
  for (const [key, value] of store) key.concat(value);
  for await (const [key, value] of store.buffers.async) key.compare(value);
  const dated: Record<string, unknown> = { store };
  store.using({ durability: 'memory' }).mset(new Map([['a', 1n]]));
  const range: string = options()[0].range;
  try {
    store.execute('GET', 'a');
  } catch (error) {
    if (error instanceof ReplyError) error.code.toLowerCase();
    if (error instanceof EncodingError) error.value.toString('hex');
    if (error instanceof SynapError && error.retryable) store.close();
  }
  void [text, done, old, raw, values, mixed, sum, found2, dated, cursor, keys, promise];
  void [found, results, later, queue, range];
}

function refused(store: Store): void {
  // @ts-expect-error a key is given
  store.get();
  // @ts-expect-error a transaction is no value
  store.get(store.multi());
  // @ts-expect-error only promises wait
  store.wait(1, 0);
  // @ts-expect-error a sum may be a bigint
  const n: number = store.incr('n');
  // @ts-expect-error there is no such option
  store.set('a', 1, { ez: 10 });
  // @ts-expect-error a level has another name
  open('data', { durability: 'sync' });
  // @ts-expect-error values of this store are strings
  const raw: Buffer | null = store.get('a');
  // @ts-expect-error stores are made by open()
  new Store();
  // @ts-expect-error a promise is no value
  const value: string = store.async.get('a');
  void [raw, value, n];
}

void [accepted, refused];
