/**
 * What the parser understands and the program cannot do yet. Each is refused at start with exit code 78 and its
 * sentence; none is ignored. Deleting a line here, and what stands behind it, makes the feature usable.
 */
export const LATER = {
  metricsListen: 'metrics are not supported yet: leave it out',
  metricsTextfile: 'metrics are not supported yet: leave it out',
} as const;
