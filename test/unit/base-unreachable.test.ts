import assert from 'node:assert/strict';
import { it } from 'node:test';
import { unreachable } from '../../src/base/errors.js';

type Kind = { readonly kind: 'one' } | { readonly kind: 'two' };

function of(value: Kind): string {
  switch (value.kind) {
    case 'one':
      return 'the first';
    default:
      // @ts-expect-error: `two` has no answer here, and this does not compile
      return unreachable(value);
  }
}

it('a switch that lacks a kind does not compile, and says at run time which it was and nothing of what it holds', () => {
  assert.equal(of({ kind: 'one' }), 'the first');
  const value = { kind: 'two', body: 'secret' } as const;
  assert.throws(() => of(value), { code: 'INTERNAL', message: 'switch(two): no such kind is known' });
});
