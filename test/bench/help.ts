/** What `npm run bench -- --help` prints. */
export const help = `npm run bench -- [options]

Sends MESSAGEs (or calls, or presence) of member a.example over mutual TLS through the hub to member b.example, whose proxy answers,
and prints transactions a second, processor time a transaction (all processes of the hub and nats-server), latency, failures and memory.
Kamailio does the same work in turn with the hub, so that the ratio holds on any machine. Everything runs on loopback. The hub does
all it can do besides passing messages on, unless --features says otherwise: records, metrics, and traces of 1 %.

What is measured
  --rounds N        rounds of hub, peer, hub, peer ...; the figures are medians over them   (default 3; of two hubs 12)
  --count N         transactions a run                                      (default 40000; of two hubs 20000)
  --patterns LIST   CONNECTIONSxWINDOW as fast as answers come, CONNECTIONS@RATE a second, fan-out:MEMBERSxRUN, calls, presence;
                    the last three with :CONNECTIONSxWINDOW behind them, if need be; or all (default 4x50,100x1)
  --peer LIST       Kamailio, with transactions and -stateless; or none                    (default kamailio)
                    kamailio, kamailio-stateless: the fastest that was found (allocator for production, no DNS cache)
                    kamailio-packaged, kamailio-packaged-stateless: as Debian's package has it, whose allocator checks itself; one TCP
                    worker instead of two for more than 8 connections, of which it may die otherwise (issue 3791 of Kamailio)
  --only LIST       hub, single (the hub as one process, beside it), peer, codec, generator (the load's two ends without a hub)
                                                                            (default hub,peer,codec)
  --features LIST   what the hub does besides: records,metrics,traces, or off               (default all)
  --single          all services of the hub in one process
  --short           one small round of the main patterns, about half a minute: the hub is hardly warm yet

What it is compared with
  --record          everything is measured beside all four peers, and its ratios to them are written to test/bench/history
  --check           measures what was recorded last, on the same machine, and fails when a ratio (rate or CPU) fell by more than 15 %;
                    --patterns LIST checks only these
  --with LIST       instead of a peer: our hub with these features on, and beside it, in turn under load, ...
  --against LIST    ... the same with these on, or off; the difference of each round is what they cost (default off)

What else
  --profile         where the hub's time goes: one round without peer, top functions of every service; --with LIST is --features here
  --instances N     instead of a peer: N ingresses and relays beside one, each pair on a core of its own, N times the load on them
  --members-rate N  instead of a peer: the rate in a community of N members beside one of ten
  --members N       instead of all that: what a membership of N members costs policy (start, verdict, memory)
  --floor           instead of all that: what this machine asks for a system call, a wakeup, a TLS record, a handshake and a message
                    on NATS, with nothing of ours around it
  --json            one JSON object on stdout instead of tables
  --help            this

Examples
  npm run bench
  npm run bench -- --patterns all --peer kamailio,kamailio-packaged
  npm run bench -- --patterns 4x50,8@4000 --peer kamailio,kamailio-stateless --json > bench.json
  npm run bench -- --check --patterns 4x50
  npm run bench -- --rounds 1 --count 10000 --peer none --features off
  npm run bench -- --profile --with traces --patterns 4x50 --count 100000
  npm run bench -- --with records,metrics,traces --against off --rounds 5
  npm run bench -- --instances 2
  npm run bench -- --members-rate 10000
  npm run bench -- --patterns 8@25000               (memory at 25,000 transactions a second)
  npm run bench -- --only hub,single,peer --patterns 4x50,100x1,8@4000
  npm run bench -- --only codec

Goals are set against the fastest Kamailio; the ratio to the packaged one stands behind, and is what is judged where the fastest was not
measured, which the line then says. A peer that dies stands in the table as "died", without figures, and changes nothing of the exit code.

Progress goes to stderr, figures to stdout. Exit: 0 all transactions answered as they should be, 1 some were not, 2 wrong usage or
nothing to compare with, 3 a recorded ratio fell, 4 the bench itself failed.
`;
