import { type Dialog, dialogOfCallee, dialogOfCaller, within } from './dialog.js';
import { exchange, hearRequest } from './exchange.js';
import type { Member } from './member.js';
import type { Received } from './received.js';
import type { Request } from './speech.js';

/** A call that stands, as its two sides see it. */
export interface Call {
  readonly caller: Dialog;
  readonly callee: Dialog;
  readonly invite: Request;
  /** The INVITE and its ACK as the callee heard them, the 200 as the caller did. */
  readonly heardInvite: Received;
  readonly heardOk: Received;
  readonly heardAck: Received;
}

/** INVITE, with `more` headers, 200 and ACK between two members whose users have private addresses. */
export async function openCall(caller: Member, callee: Member, more: readonly string[] = []): Promise<Call> {
  const contact = (user: string, address: string) => [`Contact: <sip:${user}@${address}:5060>`];
  const words = { method: 'INVITE', headers: [...contact('alice', '10.1.1.1'), ...more] };
  const { said, request, final } = await exchange(caller, callee, words, { headers: contact('bob', '10.2.2.2') });
  await caller.hearAnswer(said, 100);
  const dialog = dialogOfCaller(said, final);
  const ack = within(dialog, 'ACK', { cseq: said.cseq });
  caller.line().say(ack.text);
  const heardAck = await hearRequest(callee, ack);
  return { caller: dialog, callee: dialogOfCallee(request), invite: said, heardInvite: request, heardOk: final, heardAck };
}

/** A request within a dialog, taken by the other side, answered 200, and the answer heard. */
export async function exchangeWithin(sender: Member, dialog: Dialog, receiver: Member, method: string): Promise<Received> {
  const said = within(dialog, method);
  sender.line().say(said.text);
  const request = await hearRequest(receiver, said);
  receiver.answer(request, 200);
  await sender.hearAnswer(said, 200);
  return request;
}
