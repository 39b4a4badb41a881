import { describe, expect, it } from 'vitest';
import { request, wiresStage } from './wires.stage.js';

describe('a request that came in on a link', () => {
  it('goes to another ingress when nobody hears it where its link belongs', async () => {
    const { came, hear, settle, ask, link } = wiresStage('ingress-1', 'ingress-2');
    hear('ingress-1');
    ask();
    await settle();
    expect(came).toEqual([`ingress-1 ${link.id} bolt sip.bolt.example:5061: ${request}`]);
    expect(link.written).toEqual([]);
  });

  it('is refused when nobody hears it anywhere, unless it has no answer', async () => {
    const { settle, ask, link } = wiresStage('ingress-1', 'ingress-2');
    ask();
    ask(request.replaceAll('MESSAGE', 'ACK'));
    await settle();
    expect(link.written.map((text) => text.slice(0, 11))).toEqual(['SIP/2.0 503']);
  });

  it('is refused when there is but one ingress, and that does not hear', async () => {
    const { settle, ask, link } = wiresStage('ingress-2');
    ask();
    await settle();
    expect(link.written.map((text) => text.slice(0, 11))).toEqual(['SIP/2.0 503']);
  });

  it('stays with the ingress that heard it', async () => {
    const { came, hear, settle, ask, link } = wiresStage('ingress-1', 'ingress-2');
    hear('ingress-1');
    hear('ingress-2');
    ask();
    await settle();
    ask(request.replace('K1', 'K2'));
    await settle();
    expect(came.map((text) => text.slice(0, 9))).toEqual(['ingress-2', 'ingress-2']);
    expect(link.written).toEqual([]);
  });
});
