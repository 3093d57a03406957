// Compiled, never run: what the declarations must accept, and what they must refuse.
import { AsyncStore, Multi, open, options, ReplyError, Store, SynapError } from '..';

async function accepted(): Promise<void> {
  const store: Store = open('data', { durability: 'disk', max_memory: '1gb', slots: 1024 });
  const text: string | null = store.get('a');
  const done: boolean = store.set('a', 1, { ex: 10, nx: true });
  const old: string | null = store.set('a', 1, { get: true });
  const raw: Buffer | null = store.buffers.get(Buffer.from('a'));
  const buffers: Store<Buffer> = open(':memory:', { buffers: true });
  const values: (Buffer | null)[] = buffers.mget('a', 'b');
  const n: number = store.incrby('n', 5);
  const [cursor, keys]: [number, string[]] = store.scan(0, { match: 'a*' });
  const promise: Promise<string | null> = store.async.get('a');
  const found: AsyncStore<string> = store.async;
  const results: unknown[] = store.multi().set('a', 1).incr('b').command('ECHO', 'x').exec();
  const later: unknown[] = await store.async.multi().get('a').exec();
  const queue: Multi = store.session().multi();
  for (const key of store.scanAll()) key.toUpperCase();
  store.using({ durability: 'memory' }).mset(new Map([['a', 1n]]));
  const range: string = options()[0].range;
  try {
    store.execute('GET', 'a');
  } catch (error) {
    if (error instanceof ReplyError) error.code.toLowerCase();
    if (error instanceof SynapError && error.retryable) store.close();
  }
  void [text, done, old, raw, values, n, cursor, keys, promise];
  void [found, results, later, queue, range];
}

function refused(store: Store): void {
  // @ts-expect-error a key is no number
  store.get(1);
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
  void [raw, value];
}

void [accepted, refused];
