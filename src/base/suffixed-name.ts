/** a name up to here may become longer by a suffix: every file system takes so many bytes */
const ALWAYS_FITS = 100;
/** what readers choose files by; what is longer is no extension */
const EXTENSION = /(?<=.)(?:\.tar)?\.[^.]{1,16}$/su;

/**
 * Another name for a file whose own is taken: `order.xml` and `7` make `order.7.xml`, so that its extension stays. It has no more bytes
 * than the name, or than 100: of a long name a part is cut off.
 */
export function suffixedName(name: string, suffix: string): string {
  return joined(name, `.${suffix}`, Math.max(ALWAYS_FITS, Buffer.byteLength(name)));
}

/** A name of at most so many bytes, with the extension that it has. */
export function cutName(name: string, most: number): string {
  return joined(name, '', most);
}

function joined(name: string, suffix: string, most: number): string {
  const extension = EXTENSION.exec(name)?.[0] ?? '';
  const end = `${suffix}${extension}`;
  let room = most - Buffer.byteLength(end);
  let stem = '';
  // whole characters
  for (const character of name.slice(0, name.length - extension.length)) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    stem += character;
  }
  return `${stem}${end}`;
}
