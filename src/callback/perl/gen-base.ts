import { RegexError, translateRegex } from '../sandbox/perl-regex.js';
import { syntaxError, unsupported } from './perl-error.js';
import type { Block, Expr, Pattern, Sigil, Variable } from './tree.js';

/** What `return` gives: what the caller wants (`dynamic`, by the argument `want`), or always the same. */
export type Mode = 'scalar' | 'list' | 'dynamic';

/** How JavaScript reaches a variable. */
export interface Binding {
  /** assignable for a scalar, the array or object itself for the others */
  readonly js: string;
  /** a Box whose `v` the scalar is */
  readonly box?: string;
}

export interface GenOptions {
  /** as `die` and `warn` name it */
  readonly file: string;
  readonly lineOf: (at: number) => number;
}

/** The function being generated. */
interface Frame {
  readonly mode: Mode;
  /** false in the blocks of map, grep, sort and do: return would leave more than the function */
  readonly canReturn: boolean;
  readonly hasArgs: boolean;
  loops: number;
  /** labels of the loops around */
  readonly labels: string[];
}

class Scope {
  readonly vars = new Map<string, Binding>();
  readonly parent: Scope | undefined;
  constructor(parent?: Scope) {
    this.parent = parent;
  }
  lookup(name: string): Binding | undefined {
    return this.vars.get(name) ?? this.parent?.lookup(name);
  }
}

const HOST_VARIABLES: Record<string, string> = {
  '%ENV': 'the environment is out of reach: pass what is needed with callback-data',
  '@ARGV': 'there is no command line: pass what is needed with callback-data',
  '%SIG': 'signals belong to the program',
  '@INC': 'modules cannot be loaded',
  '%INC': 'modules cannot be loaded',
};
const SPECIAL_SCALARS = new Set([',', '\\', '|', '0', '/', '"', '@']);
const PREFIX: Record<Sigil, string> = { $: '$', '@': 'a$', '%': 'h$', '&': 'f$' };

/** Names, scopes, places and constants: what every part of the generator stands on. */
export abstract class GenBase {
  protected readonly options: GenOptions;
  /** declared before everything else: patterns, package variables */
  protected readonly constants: string[] = [];
  /** declarations that must stand before the statement in progress */
  protected pre: string[] = [];
  protected scope = new Scope();
  protected frame: Frame = { mode: 'scalar', canReturn: false, hasArgs: false, loops: 0, labels: [] };
  readonly subs = new Set<string>();
  readonly #used = new Map<string, number>();
  readonly #globs = new Map<string, string>();
  readonly #patterns = new Map<string, string>();

  constructor(options: GenOptions) {
    this.options = options;
  }

  abstract scalar(expr: Expr): string;
  abstract list(expr: Expr): string;
  abstract cond(expr: Expr): string;
  abstract boxOf(expr: Expr): string;
  abstract items(exprs: readonly Expr[]): string;
  /** The lines of a function body that ends by giving the value of its last statement. */
  abstract bodyLines(block: Block): string[];

  /** A mark that tells where in the Perl code a line comes from; taken out at the end. */
  protected mark(at: number): string {
    return `\u0001${at}\u0002`;
  }

  protected place(at: number): string {
    return JSON.stringify(` at ${this.options.file} line ${this.options.lineOf(at)}.\n`);
  }

  protected fresh(name: string): string {
    const count = this.#used.get(name) ?? 0;
    this.#used.set(name, count + 1);
    return count === 0 ? name : `${name}$${count}`;
  }

  protected declare(variable: Variable): Binding {
    const name = variable.sigil + variable.name;
    if (this.scope.vars.has(name))
      throw syntaxError(variable.at, `"my" variable ${name} masks an earlier one in the same scope`);
    const binding = { js: this.fresh(PREFIX[variable.sigil] + variable.name) };
    this.scope.vars.set(name, binding);
    return binding;
  }

  /** A package variable: `our`, or a name with a package. */
  protected declareGlobal(variable: Variable): Binding {
    const name = variable.name.replace(/^(?:main|callback)?::/, '');
    const glob = this.globOf(name);
    const member = { $: '.s.v', '@': '.a', '%': '.h', '&': '.c' }[variable.sigil];
    const binding = variable.sigil === '$' ? { js: glob + member, box: `${glob}.s` } : { js: glob + member };
    this.scope.vars.set(variable.sigil + variable.name, binding);
    return binding;
  }

  protected globOf(name: string): string {
    let glob = this.#globs.get(name);
    if (glob === undefined) {
      glob = this.fresh(`g$${name}`);
      this.#globs.set(name, glob);
      this.constants.push(`const ${glob} = P.glob();`);
    }
    return glob;
  }

  protected bind(name: string, binding: Binding): void {
    this.scope.vars.set(name, binding);
  }

  protected inScope<T>(work: () => T): T {
    const outer = this.scope;
    this.scope = new Scope(outer);
    try {
      return work();
    } finally {
      this.scope = outer;
    }
  }

  protected inFrame<T>(frame: Omit<Frame, 'loops' | 'labels'>, work: () => T): T {
    const outer = this.frame;
    const pre = this.pre;
    this.frame = { ...frame, loops: 0, labels: [] };
    this.pre = [];
    try {
      return this.inScope(work);
    } finally {
      this.frame = outer;
      this.pre = pre;
    }
  }

  /** A variable for an intermediate value, declared before the statement. */
  protected temporary(): string {
    const name = this.fresh('t');
    this.pre.push(`let ${name};`);
    return name;
  }

  protected resolve(variable: Variable): Binding {
    const name = variable.sigil + variable.name;
    const known = this.scope.lookup(name) ?? this.special(variable);
    if (known !== undefined) return known;
    const host = HOST_VARIABLES[name];
    if (host !== undefined) throw unsupported(variable.at, name, host);
    if (/^(?:main|callback)?::\w+$/.test(variable.name)) return this.declareGlobal(variable);
    if (variable.name.includes('::')) throw unsupported(variable.at, `${name}, of another package`, 'leave it out');
    const hint =
      name === '%hdr' || name === '$bdy' || name === '$msg'
        ? '; code that defines check gets the message as its argument: my($msg) = @_; and uses $msg->header() and $msg->body()'
        : '';
    throw syntaxError(variable.at, `${name} is not declared: write my ${name}${hint}`);
  }

  protected special(variable: Variable): Binding | undefined {
    const { sigil, name } = variable;
    if (sigil === '$') {
      if (name === '_') return { js: 'P.topic.box.v', box: 'P.topic.box' };
      if (name === 'a' || name === 'b') return { js: `P.topic.${name}` };
      if (/^\d+$/.test(name) && name !== '0') return { js: `P.cap(${name})` };
      if (name === '&') return { js: 'P.cap(0)' };
      if (SPECIAL_SCALARS.has(name)) return { js: `P.special[${JSON.stringify(name)}]` };
      if (name === '$' || name === '!') throw unsupported(variable.at, `$${name}`, 'callbacks cannot reach the system');
      if (/^\W/.test(name)) throw unsupported(variable.at, `$${name}`, 'use a variable of your own');
    }
    if (sigil === '@' && name === '_') {
      if (this.frame.hasArgs) return { js: 'args' };
      throw syntaxError(variable.at, '@_ stands outside of a sub');
    }
    return undefined;
  }

  /** JavaScript for a pattern: a constant when it is all text, else worked out as the code runs. `extra`: `g` and `y`. */
  protected regex(pattern: Pattern, extra = ''): string {
    const flags = pattern.flags.replace(/[^imsxn]/g, '');
    const unknown = /[^imsxngceorapdul]/.exec(pattern.flags);
    if (unknown !== null) throw syntaxError(pattern.at, `unknown pattern flag ${unknown[0]}`);
    if (!pattern.parts.every((part) => typeof part === 'string')) {
      return `P.re(${this.patternParts(pattern)}, ${JSON.stringify(flags + extra)})`;
    }
    const literal = this.literalRegex(pattern, flags, extra);
    let name = this.#patterns.get(literal);
    if (name === undefined) {
      name = this.fresh('re');
      this.#patterns.set(literal, name);
      this.constants.push(`const ${name} = ${literal};`);
    }
    return name;
  }

  protected patternParts(pattern: Pattern): string {
    return `[${pattern.parts.map((part) => (typeof part === 'string' ? JSON.stringify(part) : this.scalar(part))).join(', ')}]`;
  }

  protected literalRegex(pattern: Pattern, flags: string, extra: string): string {
    const source = pattern.parts.join('');
    const sticky = /^\\G/.test(source) ? 'y' : '';
    try {
      const translated = translateRegex(source, flags);
      new RegExp(translated.source, translated.flags);
      return `/${translated.source === '' ? '(?:)' : translated.source}/${translated.flags}${sticky === '' ? extra : sticky}`;
    } catch (error) {
      if (error instanceof RegexError || error instanceof SyntaxError) {
        throw unsupported(pattern.at, `this pattern (${error.message})`, 'write it another way');
      }
      throw error;
    }
  }
}
