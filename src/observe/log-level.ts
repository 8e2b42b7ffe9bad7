/** From the most talkative to the most quiet. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
