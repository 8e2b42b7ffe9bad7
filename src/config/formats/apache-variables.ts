const VARIABLE = /(?<!\\)\$(?:\{([a-zA-Z0-9][\w\-.:+]*)\}|([a-zA-Z0-9][\w\-.:+]*))/g;

/**
 * `value` with each `$name` and `${name}` replaced by what `lookUp` gives for it, as Config::General's interpolation:
 * a backslash before the `$` and single quotes around the text keep it as it is. The result is not looked at again.
 */
export function interpolate(value: string, lookUp: (name: string) => string): string {
  return value
    .split(/('[^']+')/)
    .map((part, index) =>
      index % 2 === 1 ? part : part.replace(VARIABLE, (_match, braced, bare) => lookUp(braced ?? bare)),
    )
    .join('');
}
