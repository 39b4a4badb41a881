/** Where a program is and what must be added to the environment to run it (library paths of a private copy). */
export interface Tool {
  readonly binary: string;
  /** Extra variables only: merge them over process.env. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Kamailio also needs the folder of its modules, given to it with `-L`. */
export interface KamailioTool extends Tool {
  readonly modules: string;
}

/** What shifts the clock of a program that loads its library (LD_PRELOAD). */
export interface FaketimeTool extends Tool {
  readonly library: string;
}

export type ToolName = 'nats-server' | 'kamailio' | 'sipp' | 'faketime';

/** What came of making a tool available: where it is, or why not and what to do about it. */
export type Provision =
  | { readonly kind: 'found'; readonly tool: Tool }
  | { readonly kind: 'missing'; readonly cause: string; readonly cure: string };

/** $GUILDHALL_NATS_SERVER, then PATH, the sbin folders, the private copy. Looks only, never fetches. */
export function findNatsServer(environment?: NodeJS.ProcessEnv): Tool | undefined;
/** $GUILDHALL_KAMAILIO (and $GUILDHALL_KAMAILIO_MODULES), then as above; only with its TLS module. Never fetches. */
export function findKamailio(environment?: NodeJS.ProcessEnv): KamailioTool | undefined;
/** $GUILDHALL_SIPP, then as above. Never fetches. */
export function findSipp(environment?: NodeJS.ProcessEnv): Tool | undefined;
/** $GUILDHALL_FAKETIME, then as above; only with its library. Never fetches. */
export function findFaketime(environment?: NodeJS.ProcessEnv): FaketimeTool | undefined;
/** $GUILDHALL_PROMTOOL, then as above. It is never fetched. */
export function findPromtool(environment?: NodeJS.ProcessEnv): Tool | undefined;
/** Finds a tool, or fetches it from Debian into the private copy, without root; says what it does through `say`. */
export function provide(name: ToolName, say: (line: string) => void, environment?: NodeJS.ProcessEnv): Provision;
