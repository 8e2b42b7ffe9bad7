/** The syntax tree of the Perl dialect. `at` is the offset of the node in the code. */
export type Expr =
  | { readonly type: 'number'; readonly at: number; readonly value: number }
  | { readonly type: 'string'; readonly at: number; readonly value: string }
  /** a string with things in it: parts are joined */
  | { readonly type: 'interpolated'; readonly at: number; readonly parts: readonly Expr[] }
  | Variable
  | {
      readonly type: 'my';
      readonly at: number;
      readonly vars: readonly (Variable | undefined)[];
      readonly list: boolean;
    }
  | { readonly type: 'local'; readonly at: number; readonly target: Expr }
  | { readonly type: 'glob'; readonly at: number; readonly name: string }
  | Element
  | Slice
  | { readonly type: 'list-slice'; readonly at: number; readonly list: Expr; readonly index: Expr }
  | { readonly type: 'last-index'; readonly at: number; readonly array: Expr }
  /** `@$x`, `%{…}`, `$$x`, `&$x` */
  | { readonly type: 'deref'; readonly at: number; readonly sigil: Sigil; readonly of: Expr }
  | { readonly type: 'call'; readonly at: number; readonly name: string; readonly args: readonly Expr[] | undefined }
  | {
      readonly type: 'call-value';
      readonly at: number;
      readonly code: Expr;
      readonly args: readonly Expr[] | undefined;
    }
  | {
      readonly type: 'method';
      readonly at: number;
      readonly on: Expr;
      readonly name: string;
      readonly args: readonly Expr[];
    }
  | { readonly type: 'builtin'; readonly at: number; readonly name: string; readonly args: readonly Expr[] }
  /** map, grep, sort; without `code`, sort's default order */
  | {
      readonly type: 'list-builtin';
      readonly at: number;
      readonly name: string;
      readonly code: Block | Expr | undefined;
      readonly args: readonly Expr[];
    }
  | {
      readonly type: 'print';
      readonly at: number;
      readonly name: 'print' | 'printf' | 'say';
      readonly to: string;
      readonly args: readonly Expr[];
    }
  | { readonly type: 'unary'; readonly at: number; readonly op: string; readonly of: Expr }
  | {
      readonly type: 'step';
      readonly at: number;
      readonly op: '++' | '--';
      readonly prefix: boolean;
      readonly of: Expr;
    }
  | { readonly type: 'binary'; readonly at: number; readonly op: string; readonly left: Expr; readonly right: Expr }
  | {
      readonly type: 'logical';
      readonly at: number;
      readonly op: '&&' | '||' | '//';
      readonly left: Expr;
      readonly right: Expr;
    }
  | { readonly type: 'ternary'; readonly at: number; readonly test: Expr; readonly yes: Expr; readonly no: Expr }
  /** `op` is what stands before `=`: empty for a plain assignment */
  | { readonly type: 'assign'; readonly at: number; readonly op: string; readonly left: Expr; readonly right: Expr }
  | { readonly type: 'range'; readonly at: number; readonly from: Expr; readonly to: Expr }
  | { readonly type: 'list'; readonly at: number; readonly items: readonly Expr[] }
  | { readonly type: 'anon-array'; readonly at: number; readonly items: readonly Expr[] }
  | { readonly type: 'anon-hash'; readonly at: number; readonly items: readonly Expr[] }
  | { readonly type: 'anon-sub'; readonly at: number; readonly body: Block }
  | { readonly type: 'reference'; readonly at: number; readonly of: Expr }
  | {
      readonly type: 'match';
      readonly at: number;
      readonly target: Expr | undefined;
      readonly pattern: Pattern;
      readonly negated: boolean;
    }
  | {
      readonly type: 'substitute';
      readonly at: number;
      readonly target: Expr | undefined;
      readonly pattern: Pattern;
      readonly replacement: Expr;
    }
  | {
      readonly type: 'transliterate';
      readonly at: number;
      readonly target: Expr | undefined;
      readonly from: string;
      readonly to: string;
      readonly flags: string;
    }
  | { readonly type: 'qr'; readonly at: number; readonly pattern: Pattern }
  | { readonly type: 'do'; readonly at: number; readonly body: Block }
  | { readonly type: 'eval'; readonly at: number; readonly body: Block }
  | { readonly type: 'return'; readonly at: number; readonly value: Expr | undefined }
  | { readonly type: 'jump'; readonly at: number; readonly how: 'next' | 'last'; readonly label: string | undefined };

export type Sigil = '$' | '@' | '%' | '&';

export interface Variable {
  readonly type: 'variable';
  readonly at: number;
  readonly sigil: Sigil;
  readonly name: string;
}

/** `$a[0]`, `$h{k}`, `$r->[0]`: `of` is the array or hash, a variable or a deref. */
export interface Element {
  readonly type: 'element';
  readonly at: number;
  readonly of: Expr;
  readonly in: 'array' | 'hash';
  readonly key: Expr;
}

/** `@a[…]`, `@h{…}`. */
export interface Slice {
  readonly type: 'slice';
  readonly at: number;
  readonly of: Expr;
  readonly in: 'array' | 'hash';
  readonly keys: Expr;
}

/** A regular expression: text as written and interpolated expressions, in order. */
export interface Pattern {
  readonly at: number;
  readonly parts: readonly (string | Expr)[];
  readonly flags: string;
}

export interface Block {
  readonly type: 'block';
  readonly at: number;
  readonly body: readonly Statement[];
}

export type Statement =
  | { readonly type: 'expression'; readonly at: number; readonly expr: Expr }
  | { readonly type: 'our'; readonly at: number; readonly vars: readonly Variable[]; readonly value: Expr | undefined }
  | { readonly type: 'sub'; readonly at: number; readonly name: string; readonly body: Block }
  | {
      readonly type: 'if';
      readonly at: number;
      readonly branches: readonly { test: Expr; body: Block }[];
      readonly otherwise: Block | undefined;
    }
  | {
      readonly type: 'while';
      readonly at: number;
      readonly label: string | undefined;
      readonly test: Expr | undefined;
      readonly body: Block;
      readonly after: Block | undefined;
      readonly late: boolean;
    }
  | {
      readonly type: 'for';
      readonly at: number;
      readonly label: string | undefined;
      readonly init: Expr | undefined;
      readonly test: Expr | undefined;
      readonly step: Expr | undefined;
      readonly body: Block;
    }
  | {
      readonly type: 'foreach';
      readonly at: number;
      readonly label: string | undefined;
      readonly variable: Variable | undefined;
      readonly mine: boolean;
      readonly list: Expr;
      readonly body: Block;
    }
  | { readonly type: 'bare'; readonly at: number; readonly label: string | undefined; readonly body: Block };

/** Calls `visit` for `node` and everything below it; a visit that returns false is not followed further down. */
export function walk(node: unknown, visit: (node: Expr | Statement | Block) => boolean): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && !visit(node as Expr)) return;
  for (const value of Object.values(node)) if (typeof value === 'object') walk(value, visit);
}
