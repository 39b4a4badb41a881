import { describe, expect, it } from 'vitest';
import { request, wiresStage } from './wires.stage.js';

/** A stage whose link asked this, and was heard. */
async function asked(...texts: string[]) {
  const stage = wiresStage('ingress-2');
  stage.hear('ingress-2');
  for (const text of texts) stage.ask(text);
  await stage.settle();
  return stage;
}

const invite = request.replaceAll('MESSAGE', 'INVITE');
const cancel = request.replaceAll('MESSAGE', 'CANCEL');

describe('an answer that an ingress says twice', () => {
  it('is on the link once', async () => {
    const { answer, told, wires } = await asked(request);
    answer(200);
    answer(200);
    answer(486);
    expect([told(), wires.waiting()]).toEqual([['200'], 0]);
  });

  it('to an INVITE that it refuses is on the link once, before and after its provisional ones', async () => {
    const { answer, told } = await asked(invite);
    for (const status of [180, 486, 486, 180]) answer(status, invite);
    expect(told()).toEqual(['180', '486', '180']);
  });

  it('is on the link again where that is a further 2xx, or where the CANCEL was too much to be remembered', async () => {
    const { answer, told } = await asked(invite);
    for (const status of [200, 200]) answer(status, invite);
    answer(200, cancel);
    expect(told()).toEqual(['200', '200', '200']);
  });

  it('is one of the request that came again after it', async () => {
    const { answer, told, ask } = await asked(request);
    answer(200);
    ask();
    answer(202);
    answer(202);
    expect(told()).toEqual(['200', '202']);
  });

  it('is none where nobody asked, or it is no response at all', async () => {
    const { answer, told, wires } = await asked();
    answer(200);
    expect([told(), wires.waiting()]).toEqual([[], 0]);
  });
});

describe('requests of one branch on one link', () => {
  it('are two where two sent them, and spelling makes no other of one', async () => {
    const other = request.replace('sip.bolt.example;', 'sip2.bolt.example;');
    const port = request.replace('sip.bolt.example;', 'sip.bolt.example:5062;');
    const { answer, told, ask, wires, heard } = await asked(request, other, port);
    ask(request.replace('sip.bolt.example;', 'SIP.Bolt.example;'));
    expect([wires.waiting(), heard().length]).toEqual([3, 1]);
    answer(200, port);
    answer(202, other);
    answer(404);
    expect([told(), wires.waiting()]).toEqual([['200', '202', '404'], 0]);
  });
});
