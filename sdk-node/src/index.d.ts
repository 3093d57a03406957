import { AsyncCommands, Commands, Key, QueuedCommands, Value } from './commands';

export * from './commands';

/** How far a write must have come before it is answered; `default` follows the store. */
export type Durability = 'default' | 'memory' | 'os' | 'disk';

export interface CallSettings {
  durability?: Durability;
  /** Milliseconds to wait for that durability; Infinity waits for ever. Default 10,000. */
  timeout?: number;
  /** Give stored values as Buffers instead of strings. */
  buffers?: boolean;
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

/** A watched key was changed, so the transaction did nothing. */
export declare class WatchError extends SynapError {
  constructor();
}

/** Commands that are queued and run as one transaction; made by multi(). */
export declare class Multi<Results = unknown[]> extends QueuedCommands {
  private constructor();
  protected _submit(id: number, args: Value[], convert?: (reply: any) => any): this;
  /** Queues a command by its words; its reply is not converted. */
  command(name: string, ...args: Value[]): this;
  /** How many commands are queued. */
  readonly length: number;
  /** Runs them. One result for each; error replies stand among them as ReplyError objects. */
  exec(): Results;
}

/** The promise methods of a store. */
export declare class AsyncStore<V = string> extends AsyncCommands<V> {
  private constructor();
  protected _submit(id: number, args: Value[], convert?: (reply: any) => any): Promise<any>;
  execute(name: string, ...args: Value[]): Promise<any>;
  multi(): Multi<Promise<unknown[]>>;
}

/**
 * A store opened in this process; V is how it gives stored values. Integers are numbers where
 * they are exact, else bigints.
 */
export declare class Store<V = string> extends Commands<V> {
  private constructor();
  static open(path: string, options: OpenOptions & { buffers: true }): Store<Buffer>;
  static open(path: string, options?: OpenOptions & { buffers?: false }): Store<string>;
  protected _call(id: number, ...args: Value[]): any;
  /** Any command by its words; its reply as the engine gave it. */
  execute(name: string, ...args: Value[]): any;
  multi(): Multi;
  /** Makes the next transaction of this session depend on keys staying as they are. */
  watch(...keys: Key[]): void;
  unwatch(): void;
  /** The same store with other settings; closing either closes both. */
  using(settings: CallSettings & { buffers: true }): Store<Buffer>;
  using(settings: CallSettings & { buffers: false }): Store<string>;
  using(settings: CallSettings): Store<V>;
  /** The same store through a session of its own: database, watched keys, transaction. */
  session(): Store<V>;
  /** The same store, giving stored values as Buffers. */
  readonly buffers: Store<Buffer>;
  /** The same commands as promises; those that wait exist only here. */
  readonly async: AsyncStore<V>;
  /** Every key, page by page. */
  scanAll(options?: { match?: Key; count?: number; type?: Value }): Generator<V, void, undefined>;
  /** The value of an option now. */
  option(name: string): string;
  /** Changes an option that is mutable. */
  setOption(name: string, value: string | number | boolean): void;
  readonly state: 'loading' | 'ready' | 'failed' | 'closed';
  readonly usedMemory: number;
  readonly path: string;
  readonly closed: boolean;
  /** Makes what was written durable and ends all use of the store here. Idempotent. */
  close(): void;
}

/** Version and build flavour of libsynap. */
export declare const build: string;

/** Opens a data directory, created when absent, or ":memory:". */
export declare const open: typeof Store.open;

/** Every option of the engine. */
export declare function options(): Option[];
