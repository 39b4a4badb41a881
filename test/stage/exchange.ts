import type { Member } from './member.js';
import type { Received } from './received.js';
import { type AnswerWords, acknowledge, type Request, type Words } from './speech.js';

/** One request of a user, taken by `receiver`, answered 200, and the answer heard. */
export async function exchange(
  sender: Member,
  receiver: Member,
  words: Partial<Words> = {},
  answer: AnswerWords = {},
): Promise<{ readonly said: Request; readonly request: Received; readonly final: Received }> {
  const said = sender.say(words.method ?? 'MESSAGE', `sip:bob@${receiver.domain}`, words);
  const request = await hearRequest(receiver, said);
  receiver.answer(request, 200, answer);
  return { said, request, final: await sender.hearAnswer(said, 200) };
}

/** Says MESSAGEs until one reaches `receiver`, and answers that: a member that was away is found again within its backoff. */
export async function reach(sender: Member, receiver: Member): Promise<void> {
  for (;;) {
    const said = sender.say('MESSAGE', `sip:bob@${receiver.domain}`);
    const final = sender.hearFinal(said);
    const heard = await receiver.hearUnless(said, final);
    if (heard === undefined) continue;
    receiver.answer(heard, 200);
    await final;
    return;
  }
}

/** Dials the hub until it lets the member stay. */
export async function settle(member: Member, port: number): Promise<void> {
  for (;;) {
    const line = await member.dial(port);
    const ping = member.request('OPTIONS', 'sip:hub.example');
    line.say(ping.text);
    if ((await member.hearFinalUnless(ping, line.over)) !== undefined) return;
  }
}

/** What becomes of a MESSAGE: the hub's answer as `outcome` has it, or "passed on" when it reached the receiver, which answers it. */
export async function fate(sender: Member, receiver: Member): Promise<string> {
  const said = sender.say('MESSAGE', `sip:bob@${receiver.domain}`);
  const final = sender.hearFinal(said);
  const heard = await receiver.hearUnless(said, final);
  if (heard === undefined) return outcome(await final);
  receiver.answer(heard, 200);
  await final;
  return 'passed on';
}

/** Says MESSAGEs until this becomes of one; what stands in the way of that ends the test by its own time. */
export async function becomes(sender: Member, receiver: Member, expected: string): Promise<void> {
  while ((await fate(sender, receiver)) !== expected);
}

/** The request that was said, as it arrives at `receiver`. */
export function hearRequest(receiver: Member, said: Request, patience?: number): Promise<Received> {
  return receiver.hear(said.method, (message) => message.header('call-id') === said.callId, patience);
}

/** Says a request which is not to succeed and gives its final answer as "<status> <reason code>", acknowledged where it is an INVITE. */
export async function refusal(sender: Member, said: Request, line = sender.line()): Promise<string> {
  line.say(said.text);
  const final = await sender.hearFinal(said);
  if (said.method === 'INVITE') line.say(acknowledge(said, final).text);
  return outcome(final);
}

/** The status of a response and the code in its Reason, as "<status> <reason code>". */
export function outcome(final: Received): string {
  return `${final.status} ${/text="([a-z-]+): /.exec(final.header('reason'))?.[1] ?? ''}`.trim();
}
