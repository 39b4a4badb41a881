import { expect, it } from 'vitest';
import { hearRequest } from '../stage/exchange.js';
import { openPlay } from '../stage/play.js';
it('probe', async () => {
  const play = await openPlay({ cast: { acme: {}, crow: { spares: ['crow-2', 'crow-3'] } },
    settings: {
      ingress: { timeouts: { final: '4s' } },
      relay: { timeouts: { connect: '500ms', attempt: '500ms', backoffFirst: '10ms', backoffMost: '50ms' } },
    },
   });
  const acme = play.actor('acme');
  for (const idle of [0, 1000, 3000, 8000]) {
    await new Promise((r) => setTimeout(r, idle));
    const t0 = Date.now();
    const said = acme.say('MESSAGE', 'sip:carol@crow.example');
    await hearRequest(play.actor('crow'), said);
    const t1 = Date.now();
    const h = await hearRequest(play.actor('crow-2'), said);
    const t2 = Date.now();
    play.actor('crow-2').answer(h, 200);
    const f = await acme.hearFinal(said);
    console.log(idle, t1 - t0, t2 - t0, Date.now() - t0, f.status, play.unheard());
    play.forget();
  }
  await play.close();
}, 60000);
