import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Scene, upTo } from '../support/scene.js';

/** The tapping example of stompclt's manual. */
const CODE = `
  my($queue);
  sub start ($) {
      my($data) = @_;
      $queue = Messaging::Message::Queue->new($data);
  }
  sub check ($) {
      my($msg) = @_;
      $queue->add_message($msg);
      return($msg);
  }`;

it('the tapping example of the manual copies every message, with no option but callback-data', async (test) => {
  const scene = await Scene.set(test);
  scene.fill('in', 20);
  const data = ['--callback-data', `path=${scene.path('tap')} type=DQS`];
  const ended = await scene.run(scene.mover('--callback-code', CODE, ...data));
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(scene.stored('out'), upTo(20));
  assert.deepEqual(scene.stored('tap'), upTo(20));
});
