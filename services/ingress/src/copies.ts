import { checkRequest } from '@guildhall/proto/sip/check';
import type { Message } from '@guildhall/proto/sip/message';
import { wayBack } from './members.js';
import { unanswered } from './server-transaction.js';
import { type ServerTransaction, type Transactions, transactionKey } from './transactions.js';
import type { Wire } from './wire.js';

/** Connections besides the first on which one request may come again. */
const mostOthers = 15;

/**
 * The same request came on this connection of its member: it is answered there too, for who sends again over another connection does not read
 * the first any more, or has it answered by whoever holds it. False: it came on too many.
 */
export function joinWire(transaction: ServerTransaction, wire: Wire): boolean {
  const { others } = transaction;
  if (transaction.wire === wire || others.includes(wire)) return true;
  if (others.length >= mostOthers) return false;
  transaction.others = [...others, wire];
  if (unanswered(transaction.state)) wire.inFlight += 1;
  return true;
}

/**
 * Whether this is a request that is under way, sent again. It gets the one final answer of the first, and no refusal of the hub's beside it, however
 * many came. Not for CANCEL, which has its INVITE's key.
 */
export function sentAgain(transactions: Pick<Transactions, 'find'>, request: Message, wire: Wire): boolean {
  if (request.method === 'CANCEL' || checkRequest(request) !== undefined) return false;
  const known = transactions.find(transactionKey(request, wire.member.id));
  return known !== undefined && joinWire(known, wire);
}

/** Says a response on each connection that its request came on and that can be written to; where there is none, on another one of its member's. False: nowhere. */
export function eachWayBack({ wire, others }: ServerTransaction, say: (wire: Wire) => void): boolean {
  const open = [wire, ...others].filter((one) => wayBack(one) === one);
  const another = open.length === 0 ? wayBack(wire) : undefined;
  const back = another === undefined ? open : [another];
  for (const one of back) say(one);
  return back.length > 0;
}
