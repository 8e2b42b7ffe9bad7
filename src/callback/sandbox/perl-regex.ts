/**
 * Translates Perl's regular expressions to JavaScript's (always with the `u` flag). Uses nothing of the sandbox, so the
 * translator outside uses it too, to refuse a pattern before anything runs.
 */
export class RegexError extends Error {}

const POSIX: Record<string, string> = {
  alpha: '\\p{L}\\p{M}',
  digit: '\\p{Nd}',
  alnum: '\\p{L}\\p{M}\\p{N}',
  upper: '\\p{Lu}',
  lower: '\\p{Ll}',
  space: '\\s\\x85',
  blank: ' \\t',
  cntrl: '\\p{Cc}',
  punct: '!-\\/:-@\\[-`\\{-~\\p{P}',
  print: ' \\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}',
  graph: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}',
  word: '\\p{L}\\p{M}\\p{N}\\p{Pc}',
  xdigit: '0-9A-Fa-f',
  ascii: '\\x00-\\x7f',
};
const CLASSES: Record<string, string> = {
  d: POSIX.digit as string,
  w: POSIX.word as string,
  s: POSIX.space as string,
  h: ' \\t\\xa0',
  v: '\\n\\x0b\\f\\r\\x85\\u2028\\u2029',
};
const BEFORE_WORD = `(?<![${POSIX.word}])(?=[${POSIX.word}])`;
const AFTER_WORD = `(?<=[${POSIX.word}])(?![${POSIX.word}])`;
const IN_WORD = `(?<=[${POSIX.word}])(?=[${POSIX.word}])|(?<![${POSIX.word}])(?![${POSIX.word}])`;

export interface Translated {
  readonly source: string;
  /** `u`, and `i` when asked for; without `g` and `y` */
  readonly flags: string;
}

/** `flags` are Perl's: `i m s x n`; others are ignored. Throws RegexError. */
export function translateRegex(pattern: string, flags: string): Translated {
  const on = (flag: string): boolean => flags.includes(flag);
  const modes = { i: on('i'), m: on('m'), s: on('s'), x: on('x') };
  return { source: new Translator(pattern, modes).run(), flags: modes.i ? 'iu' : 'u' };
}

interface Modes {
  i: boolean;
  m: boolean;
  s: boolean;
  x: boolean;
}

class Translator {
  readonly #pattern: string;
  readonly #wholeI: boolean;
  #modes: Modes;
  readonly #stack: Modes[] = [];
  #at = 0;
  #out = '';

  constructor(pattern: string, modes: Modes) {
    this.#pattern = pattern;
    this.#modes = modes;
    this.#wholeI = modes.i;
  }

  run(): string {
    while (this.#at < this.#pattern.length) this.#next();
    if (this.#stack.length > 0) throw new RegexError('a ( is not closed');
    return this.#out;
  }

  #next(): void {
    const char = String.fromCodePoint(this.#pattern.codePointAt(this.#at) as number);
    this.#at += char.length;
    if (this.#modes.x && /\s/.test(char)) return;
    switch (char) {
      case '#':
        if (this.#modes.x) this.#at = this.#lineEnd();
        else this.#out += '#';
        return;
      case '\\':
        this.#out += this.#escape(false);
        return;
      case '.':
        this.#out += this.#modes.s ? '[^]' : '[^\\n]';
        return;
      case '^':
        this.#out += this.#modes.m ? '(?<![^\\n])' : '(?<![^])';
        return;
      case '$':
        this.#out += this.#modes.m ? '(?![^\\n])' : '(?=\\n?(?![^]))';
        return;
      case '[':
        this.#class();
        return;
      case '(':
        this.#open();
        return;
      case ')':
        this.#close();
        return;
      case '{':
        this.#brace();
        return;
      case '*':
      case '+':
      case '?':
        this.#quantifier(char);
        return;
      default:
        this.#out += this.#literal(char);
    }
  }

  #quantifier(char: string): void {
    this.#out += char;
    const after = this.#pattern[this.#at];
    if (after === '+') throw new RegexError(`the possessive quantifier ${char}+ is not supported; use ${char}`);
    if (after === '?') {
      this.#out += '?';
      this.#at += 1;
    }
  }

  #brace(): void {
    const quantifier = /^(\d*)(?:(,)(\d*))?\}/.exec(this.#pattern.slice(this.#at));
    if (quantifier === null || quantifier[0] === '}' || (quantifier[1] === '' && !quantifier[3])) {
      this.#out += '\\{';
      return;
    }
    this.#at += quantifier[0].length;
    this.#quantifier(`{${quantifier[1] || '0'}${quantifier[2] ?? ''}${quantifier[3] ?? ''}}`);
  }

  #open(): void {
    const rest = this.#pattern.slice(this.#at);
    this.#stack.push({ ...this.#modes });
    if (!rest.startsWith('?')) {
      if (rest.startsWith('*')) throw new RegexError('control verbs like (*SKIP) are not supported');
      this.#out += '(';
      return;
    }
    const plain = /^\?(?:[:=!]|<[=!])/.exec(rest);
    const named = /^\?P?<([A-Za-z_]\w*)>|^\?'([A-Za-z_]\w*)'/.exec(rest);
    const modes = /^\?\^?([a-z]*)(?:-([a-z]*))?([:)])/.exec(rest);
    const comment = /^\?#[^)]*\)/.exec(rest);
    if (plain !== null) {
      this.#out += `(${plain[0]}`;
      this.#at += plain[0].length;
    } else if (named !== null) {
      this.#out += `(?<${named[1] ?? named[2]}>`;
      this.#at += named[0].length;
    } else if (comment !== null) {
      this.#at += comment[0].length;
      this.#stack.pop();
    } else if (modes !== null) {
      this.#at += modes[0].length;
      this.#setModes(rest.startsWith('?^'), modes[1] ?? '', modes[2] ?? '', modes[3] === ')');
    } else throw new RegexError(`(${rest.slice(0, 2)} is not supported in patterns`);
  }

  #setModes(reset: boolean, on: string, off: string, toTheEnd: boolean): void {
    const modes = reset ? { i: false, m: false, s: false, x: false } : { ...this.#modes };
    for (const flag of on) if (flag in modes) modes[flag as keyof Modes] = true;
    for (const flag of off) if (flag in modes) modes[flag as keyof Modes] = false;
    if (this.#wholeI && !modes.i && !reset) throw new RegexError('(?-i) inside a pattern with i is not supported');
    // (?^:…) inside a pattern with i: JavaScript has no way to say it
    if (this.#wholeI && !modes.i) throw new RegexError('a qr// without i inside a pattern with i is not supported');
    if (toTheEnd) this.#stack.pop();
    else this.#out += '(?:';
    this.#modes = modes;
  }

  #close(): void {
    const modes = this.#stack.pop();
    if (modes === undefined) throw new RegexError('a ) has no (');
    this.#modes = modes;
    this.#out += ')';
  }

  /** A backslash and what follows, already past the backslash. */
  #escape(inClass: boolean): string {
    const rest = this.#pattern.slice(this.#at);
    const char = rest[0];
    if (char === undefined) throw new RegexError('a backslash ends the pattern');
    const numeric = this.#numeric(rest, inClass);
    if (numeric !== undefined) return numeric;
    const property = /^[pP](?:\{\^?(\w[\w\s:=]*)\}|([A-Z]))/.exec(rest);
    if (property !== null) {
      this.#at += property[0].length;
      return propertyClass(char, property[1] ?? (property[2] as string));
    }
    this.#at += 1;
    const lower = char.toLowerCase();
    const named = CLASSES[lower];
    if (named !== undefined && 'dwshvDWSHV'.includes(char)) {
      if (char === lower) return inClass ? named : `[${named}]`;
      if (inClass) return negatedInClass(char);
      return `[^${named}]`;
    }
    if (inClass) return char === 'b' ? '\\x08' : this.#char(char, true);
    return this.#assertion(char, rest) ?? this.#char(char, false);
  }

  #assertion(char: string, rest: string): string | undefined {
    switch (char) {
      case 'b':
        return `(?:${BEFORE_WORD}|${AFTER_WORD})`;
      case 'B':
        return `(?:${IN_WORD})`;
      case 'A':
        return '(?<![^])';
      case 'z':
        return '(?![^])';
      case 'Z':
        return '(?=\\n?(?![^]))';
      case 'R':
        return '(?:\\r\\n|[\\n\\x0b\\f\\r\\x85\\u2028\\u2029])';
      case 'N':
        return '[^\\n]';
      case 'K':
        throw new RegexError('\\K is not supported; use a capture and put it back');
      case 'G':
        if (this.#out !== '') throw new RegexError('\\G is supported at the start of a pattern only');
        return '';
      case 'k':
      case 'g': {
        const reference = /^.(?:\{(-?\w+)\}|<(\w+)>|'(\w+)'|(-?\d+))/.exec(rest);
        if (reference === null) throw new RegexError(`\\${char} refers to nothing`);
        this.#at += reference[0].length - 1;
        return this.#backReference(reference[1] ?? reference[2] ?? reference[3] ?? (reference[4] as string));
      }
      default:
        return undefined;
    }
  }

  #backReference(name: string): string {
    if (/^\d+$/.test(name)) return `\\${name}(?:)`;
    if (!/^-\d+$/.test(name)) return `\\k<${name}>`;
    const before = this.#out.replace(/\\./g, '').match(/\((?!\?)|\(\?<(?![=!])/g)?.length ?? 0;
    return `\\${before + 1 + Number(name)}(?:)`;
  }

  #numeric(rest: string, inClass: boolean): string | undefined {
    const hex = /^x(?:\{\s*([\da-fA-F]+)\s*\}|([\da-fA-F]{0,2}))/.exec(rest) ?? /^N\{U\+([\da-fA-F]+)\}/.exec(rest);
    const octal = /^(?:o\{([0-7]+)\}|(0[0-7]{0,2}|[1-7][0-7]{2}))/.exec(rest);
    const control = /^c([@-_a-z?])/.exec(rest);
    const found = hex ?? octal ?? control;
    if (found !== null) {
      this.#at += found[0].length;
      if (found === control) return codePoint((control[1] as string).toUpperCase().charCodeAt(0) ^ 64);
      return codePoint(Number.parseInt((found[1] ?? found[2]) || '0', found === octal ? 8 : 16));
    }
    const back = /^[1-9]\d*/.exec(rest);
    if (back === null || inClass) return undefined;
    this.#at += back[0].length;
    return `\\${back[0]}(?:)`;
  }

  #char(char: string, inClass: boolean): string {
    const control = { n: '\\n', t: '\\t', r: '\\r', f: '\\f', a: '\\x07', e: '\\x1b' }[char];
    if (control !== undefined) return control;
    if (inClass && char === '-') return '\\-';
    if (/[\^$\\.*+?()[\]{}|/]/.test(char)) return `\\${char}`;
    return this.#literal(char);
  }

  /** Under a local (?i), a letter becomes a class of both its cases. */
  #literal(char: string): string {
    if (char === '/') return '\\/';
    if (char === ']' || char === '}') return `\\${char}`;
    if (char === '\n') return '\\n';
    if (!this.#modes.i || this.#wholeI || !/\p{L}/u.test(char)) return char;
    const both = new Set([char, char.toLowerCase(), char.toUpperCase()].filter((other) => [...other].length === 1));
    return both.size > 1 ? `[${[...both].join('')}]` : char;
  }

  #class(): void {
    let text = '[';
    if (this.#pattern[this.#at] === '^') {
      text += '^';
      this.#at += 1;
    }
    let first = true;
    let afterSet = false;
    for (;;) {
      const char = this.#pattern[this.#at];
      if (char === undefined) throw new RegexError('a [ is not closed');
      if (char === ']' && !first) break;
      const item = this.#classItem(first || afterSet);
      afterSet = item.includes('\\p{') || item.length > 9;
      text += item;
      first = false;
    }
    this.#at += 1;
    if (this.#modes.i && !this.#wholeI) text = bothCases(text);
    this.#out += `${text}]`;
  }

  #classItem(first: boolean): string {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.#pattern.slice(this.#at));
    if (posix !== null) {
      const body = POSIX[posix[2] as string];
      if (body === undefined || posix[1] === '^') throw new RegexError(`${posix[0]} is not supported`);
      this.#at += posix[0].length;
      return body;
    }
    const char = String.fromCodePoint(this.#pattern.codePointAt(this.#at) as number);
    this.#at += char.length;
    if (char === '\\') return this.#escape(true);
    if (char === '-') {
      // at either end, or beside a set, it is no range
      const literal = first || /^(?:\]|\\[dwshpDWSHPvV])/.test(this.#pattern.slice(this.#at));
      return literal ? '\\-' : '-';
    }
    return /[[\]/^(){}|]/.test(char) ? `\\${char}` : char === '\n' ? '\\n' : char;
  }

  #lineEnd(): number {
    const end = this.#pattern.indexOf('\n', this.#at);
    return end < 0 ? this.#pattern.length : end;
  }
}

function negatedInClass(char: string): string {
  const simple = { D: '\\P{Nd}', S: '\\S' }[char];
  if (simple === undefined) throw new RegexError(`\\${char} inside [ ] is not supported`);
  return simple;
}

function codePoint(point: number): string {
  return `\\u{${point.toString(16)}}`;
}

function propertyClass(kind: string, name: string): string {
  const property = name.replace(/^Is(?=[A-Z])/, '').replace(/^Posix(Alpha|Digit|Upper|Lower|Alnum)$/, '$1');
  const alias = {
    Word: 'Alphabetic',
    Upper: 'Lu',
    Lower: 'Ll',
    Digit: 'Nd',
    Alpha: 'Alphabetic',
    Space: 'White_Space',
  }[property];
  const text = `\\${kind}{${alias ?? property}}`;
  try {
    new RegExp(text, 'u');
  } catch {
    try {
      new RegExp(`\\${kind}{Script=${property}}`, 'u');
      return `\\${kind}{Script=${property}}`;
    } catch {
      throw new RegexError(`the property ${name} is not known`);
    }
  }
  return text;
}

function bothCases(text: string): string {
  const ranges = text
    .replace(/([a-z])-([a-z])/g, (all) => all + all.toUpperCase())
    .replace(/([A-Z])-([A-Z])/g, (all) => all + all.toLowerCase());
  return ranges.replace(
    /(\\.|[a-zA-Z]-[a-zA-Z])|([a-zA-Z])/g,
    (all, kept: string | undefined, letter: string | undefined) =>
      kept === undefined && letter !== undefined ? letter.toLowerCase() + letter.toUpperCase() : all,
  );
}
