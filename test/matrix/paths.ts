/** How several outputs share the messages: docs/outputs.md. */
export type Deliver = 'first' | 'every';

export type EndKind = 'queue' | 'folder' | 'command' | 'broker';

/** Where messages come from, and where they go: one end, or several outputs. */
export interface Route {
  readonly from: EndKind;
  readonly to: readonly EndKind[];
  /** of several outputs */
  readonly deliver?: Deliver;
}

const ROUTES = {
  'queue → broker': { from: 'queue', to: ['broker'] },
  'broker → queue': { from: 'broker', to: ['queue'] },
  'broker → broker': { from: 'broker', to: ['broker'] },
  'queue → queue': { from: 'queue', to: ['queue'] },
  'folder → queue': { from: 'folder', to: ['queue'] },
  'queue → folder': { from: 'queue', to: ['folder'] },
  'queue → command': { from: 'queue', to: ['command'] },
  'queue → first of broker, queue': { from: 'queue', to: ['broker', 'queue'], deliver: 'first' },
  'queue → first of two queues': { from: 'queue', to: ['queue', 'queue'], deliver: 'first' },
  'queue → every of broker, queue': { from: 'queue', to: ['broker', 'queue'], deliver: 'every' },
  'queue → every of two queues': { from: 'queue', to: ['queue', 'queue'], deliver: 'every' },
} as const satisfies Readonly<Record<string, Route>>;

export type PathName = keyof typeof ROUTES;

export const PATHS = Object.keys(ROUTES) as PathName[];

export function routeOf(path: PathName): Route {
  return ROUTES[path];
}

export const fromQueue = (path: PathName): boolean => routeOf(path).from === 'queue';
export const toQueue = (path: PathName): boolean => usual(path).includes('queue');
export const toBroker = (path: PathName): boolean => usual(path).includes('broker');
export const withBroker = (path: PathName): boolean => ends(path).includes('broker');
export const withQueue = (path: PathName): boolean => ends(path).includes('queue');
export const toSeveral = (path: PathName): boolean => routeOf(path).deliver !== undefined;
/** a folder whose disk and mode say what stompctl can do there */
export const fromDisk = (path: PathName): boolean => isDisk(routeOf(path).from);
export const toDisk = (path: PathName): boolean => usual(path).some(isDisk);

function ends(path: PathName): readonly EndKind[] {
  const { from, to } = routeOf(path);
  return [from, ...to];
}

/** The outputs that every message is sent to while nothing is wrong. */
function usual(path: PathName): readonly EndKind[] {
  const { to, deliver } = routeOf(path);
  return deliver === 'first' ? to.slice(0, 1) : to;
}

function isDisk(kind: EndKind): boolean {
  return kind === 'queue' || kind === 'folder';
}
