/*
 * A line at the end of the terminal of standard error that is drawn again and again, as a progress bar. There is one terminal, so
 * this is one for the process.
 */

const CLEAR = '\r\u001b[K';
let shown = false;

/** Says whether there is such a line from now on. */
export function setLiveLine(on: boolean): void {
  shown = on;
}

/** What whoever writes whole lines there writes first, so that they do not begin behind it; it is drawn anew after them. */
export function clearLiveLine(): string {
  return shown ? CLEAR : '';
}
