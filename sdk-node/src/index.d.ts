/// <reference types="node" />
import type { AsyncCommands, Commands, Key, QueuedCommands, ScanOptions, Value } from './commands';

export * from './commands';

/** How far a write must have come before it is answered; `default` follows the store. */
export type Durability = 'default' | 'memory' | 'os' | 'disk';

/**
 * How stored values are given: `utf8` as strings, and bytes that are no UTF-8 are an EncodingError;
 * `buffer` as Buffers; `auto` as strings, and as Buffers where they are no UTF-8.
 */
export type Encoding = 'utf8' | 'auto' | 'buffer';

export interface CallSettings {
  /** Default `default`. */
  durability?: Durability | undefined;
  /** Default `utf8`. */
  encoding?: Encoding | undefined;
  /** Milliseconds to wait for that durability; Infinity waits for ever. Default 10,000. */
  timeout?: number | undefined;
}

/** Options of the engine stand beside these by their own names; options() lists them. */
export interface OpenOptions extends CallSettings {
  [engineOption: string]: string | number | boolean | undefined;
}

export interface Option {
  name: string;
  type: string;
  default: string;
  range: string;
  help: string;
  mutable: boolean;
}

/** A call that failed. */
export declare class SynapError extends Error {
  constructor(message: string, code: string,
    traits?: { retryable?: boolean; outcomeUnknown?: boolean; fatal?: boolean });
  /** A stable word: LOCKED, CLOSED, TIMEOUT ..., of a ReplyError the first one of the reply. */
  code: string;
  /** The same call may succeed later. */
  retryable: boolean;
  /** A write may have taken effect. */
  outcomeUnknown: boolean;
  /** The store refuses everything from now on. */
  fatal: boolean;
}

/** The command answered with an error. */
export declare class ReplyError extends SynapError {
  constructor(message: string);
}

/**
 * A stored value is no UTF-8 text and was asked for as such. What the command did, it has done:
 * `value` holds the bytes.
 */
export declare class EncodingError extends SynapError {
  constructor(value: Buffer);
  value: Buffer;
}

/** A watched key was changed, so the transaction did nothing. */
export declare class WatchError extends SynapError {
  constructor();
}

/** Commands that are queued and run as one transaction; made by multi(). */
export declare class Multi<Results = unknown[]> {
  private constructor();
  /** Queues a command by its words; its reply is not converted. */
  command(name: string, ...args: Value[]): this;
  /** How many commands are queued. */
  readonly length: number;
  /**
   * Runs them. One result for each; ReplyErrors and EncodingErrors stand among them. Throws a
   * WatchError when a watched key was changed.
   */
  exec(): Results;
}
export interface Multi<Results = unknown[]> extends QueuedCommands {}

/** The promise methods of a store; what cannot be done rejects. */
export declare class AsyncStore<V = string> {
  private constructor();
  /** Any command by its words; its reply as the engine gave it. */
  execute(name: string, ...args: Value[]): Promise<any>;
  /** Commands that run as one transaction when exec() is called. */
  multi(): Multi<Promise<unknown[]>>;
  /** Every key, page by page. One that is written meanwhile may come twice. */
  scanIterator(options?: ScanOptions): AsyncGenerator<V, void, undefined>;
  /** Every key with its value, page by page. */
  entries(options?: ScanOptions): AsyncGenerator<[V, V], void, undefined>;
  [Symbol.asyncIterator](): AsyncGenerator<[V, V], void, undefined>;
}
export interface AsyncStore<V = string> extends AsyncCommands<V> {}

/**
 * A store opened in this process; V is how it gives stored values. Integers are numbers where
 * they are exact, else bigints.
 */
export declare class Store<V = string> {
  private constructor();
  static open(path: string, options: OpenOptions & { encoding: 'buffer' }): Store<Buffer>;
  static open(path: string, options: OpenOptions & { encoding: 'auto' }): Store<string | Buffer>;
  static open(path: string, options?: OpenOptions & { encoding?: 'utf8' }): Store<string>;
  /** Any command by its words; its reply as the engine gave it. */
  execute(name: string, ...args: Value[]): any;
  /** Commands that run as one transaction when exec() is called. */
  multi(): Multi;
  /** Makes the next transaction of this session depend on keys staying as they are. */
  watch(keys: readonly Key[]): void;
  watch(...keys: Key[]): void;
  /** Forgets what watch() was told. */
  unwatch(): void;
  /** The same store with other settings; closing either closes both. */
  using(settings: CallSettings & { encoding: 'buffer' }): Store<Buffer>;
  using(settings: CallSettings & { encoding: 'auto' }): Store<string | Buffer>;
  using(settings: CallSettings & { encoding: 'utf8' }): Store<string>;
  using(settings: CallSettings & { encoding?: undefined }): Store<V>;
  /** The same store through a session of its own: database, watched keys, transaction. */
  session(): Store<V>;
  /** The same store, giving stored values as Buffers. */
  readonly buffers: Store<Buffer>;
  /** The same commands as promises; those that wait exist only here. */
  readonly async: AsyncStore<V>;
  /** Every key, page by page. One that is written meanwhile may come twice. */
  scanIterator(options?: ScanOptions): Generator<V, void, undefined>;
  /** Every key with its value, page by page. */
  entries(options?: ScanOptions): Generator<[V, V], void, undefined>;
  [Symbol.iterator](): Generator<[V, V], void, undefined>;
  /** The value of an option now. */
  option(name: string): string;
  /** Changes an option that is mutable. */
  setOption(name: string, value: string | number | boolean): void;
  /** 'blocked': serves reads, refuses writes until there is room. One that failed throws. */
  readonly state: 'loading' | 'ready' | 'blocked' | 'closed';
  /** Bytes charged to the store. */
  readonly usedMemory: number;
  /** As given to open(). */
  readonly path: string;
  readonly closed: boolean;
  /**
   * Makes what was written durable and frees all that the store holds here. Promises that are
   * pending are settled. Idempotent.
   */
  close(): void;
  /** Closes it: `using store = open(...)`. From Node 18.18 on. */
  [Symbol.dispose](): void;
  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void>;
}
export interface Store<V = string> extends Commands<V> {}

/** Version and build flavour of libsynap. */
export declare const build: string;

/** Opens a data directory, created when absent, or ":memory:". */
export declare const open: typeof Store.open;

/** Every option of the engine. */
export declare function options(): Option[];
