import type { StompctlError } from '../base/errors.js';
import { Outstanding } from '../base/outstanding.js';
import type { Message } from '../message/message.js';
import { asStompctlError } from '../transfer/supervisor.js';
import type { SpreadMember } from './spread-member.js';

/** Which member a message goes to, and what a failure of it means. */
export interface SendRules {
  /** all that may still have something to send, those that are leaving too */
  readonly everyone: () => readonly SpreadMember[];
  /** those that can be sent to */
  readonly up: () => readonly SpreadMember[];
  /** The one that this message goes to; undefined when none is up. */
  readonly choose: (message: Message) => SpreadMember | undefined;
  /** Why nothing can be sent just now. */
  readonly unavailable: () => StompctlError;
  /**
   * A send has failed: may the message go to another member? `isOver`: it may not, whatever is answered, since it was given back or all
   * is closed.
   */
  readonly failed: (message: Message, member: SpreadMember, error: StompctlError, isOver: boolean) => boolean;
}

interface Sending {
  readonly message: Message;
  readonly id: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: StompctlError) => void;
  /** it was unsettled at a member that was lost */
  moved: boolean;
  /** `#recalls` when it was sent */
  readonly recalls: number;
}

/**
 * What is on its way to the members of a sink: each message to one of them. What was unsettled at one that is lost goes to another, once;
 * after that whoever supervises the sink is told, as of a sink that is alone.
 */
export class MemberSends {
  readonly #rules: SendRules;
  readonly #outstanding = new Outstanding();
  #lost: ((error: StompctlError) => void) | undefined;
  /** grows when what is under way is given back */
  #recalls = 0;
  #closed = false;

  constructor(rules: SendRules) {
    this.#rules = rules;
  }

  /** Who is told, once, that nobody is up any more; nobody is, without it. */
  listener(lost?: (error: StompctlError) => void): void {
    this.#lost = lost;
  }

  /** At most once an opening. */
  tellLost(error: StompctlError): void {
    const lost = this.#lost;
    this.#lost = undefined;
    lost?.(error);
  }

  /** Resolves when the message is safe with one of the members; rejects as `Sink.send` does. */
  send(message: Message, id?: string): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      this.#dispatch({ message, id, resolve, reject, moved: false, recalls: this.#recalls });
    });
    return this.#outstanding.add(sent);
  }

  async flush(): Promise<void> {
    if (this.#outstanding.count === 0) return;
    for (const member of this.#rules.everyone()) void member.flush();
    await this.#outstanding.none();
  }

  /** What was sent may still become safe; what did not is not moved to another member. */
  async recall(): Promise<void> {
    this.#recalls += 1;
    await Promise.all(this.#rules.everyone().map((member) => member.recall()));
  }

  /** Nobody is told of a loss any more, and nothing is moved. */
  close(): void {
    this.#closed = true;
    this.#lost = undefined;
  }

  #dispatch(sending: Sending): void {
    const member = this.#rules.choose(sending.message);
    if (member === undefined) {
      sending.reject(this.#rules.unavailable());
      return;
    }
    member.send(sending.message, sending.id).then(
      () => {
        member.parts.supervisor.succeeded();
        sending.resolve();
      },
      (error: unknown) => this.#notSafe(sending, member, asStompctlError(error, member.name)),
    );
  }

  #notSafe(sending: Sending, member: SpreadMember, error: StompctlError): void {
    const isOver = this.#closed || sending.recalls !== this.#recalls;
    if (!isOver && member.gaveBack(error)) {
      // whatever it has been through, it waited there: it starts anew
      sending.moved = false;
      this.#dispatch(sending);
      return;
    }
    const mayMove = this.#rules.failed(sending.message, member, error, isOver) && !isOver && !sending.moved;
    if (!mayMove || this.#rules.up().length === 0) {
      sending.reject(error);
      return;
    }
    sending.moved = true;
    this.#dispatch(sending);
  }
}
