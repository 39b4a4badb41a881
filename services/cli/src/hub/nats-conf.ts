import { auditSubject, buckets, streams, subjects } from '@guildhall/proto/subjects';

/** The services that speak on the bus, each with a NATS user of its own. */
export const busServices = ['ingress', 'policy', 'relay', 'console'] as const;
/** A service that speaks on the bus. */
export type BusService = (typeof busServices)[number];

/** What one service may say and hear on the bus. */
export interface BusPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** May answer requests, once each, to the asker only. */
  readonly answers: boolean;
}

/** Answers to a service's requests come to subjects below this, where nobody else may listen. */
const inbox = (service: BusService) => `${subjects.inbox(service)}.>`;

/** A subject that ends in an instance's id, as the pattern of all instances. */
function every(subject: (id: string) => string): string {
  return subject('any').replace(/any$/, '*');
}

const arrived = (service: 'ingress' | 'relay') => every((id) => subjects.arrived(service, id));
const depart = (service: 'ingress' | 'relay') => every((id) => subjects.depart(service, id));
const hello = (service: BusService) => every((id) => subjects.hello(service, id));
const report = (service: BusService) => every((id) => subjects.report(service, id));

/**
 * JetStream's subjects for reading one stream, at once or as it grows; none of them changes what is stored. DIRECT.GET is not among them: it sends
 * a stored message as it is to whatever subject the asker names, so that who may fill a stream and get from it so may write anywhere.
 */
function reading(stream: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.*`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
    `$JS.ACK.${stream}.>`,
    `$JS.FC.${stream}.>`,
  ];
}

/**
 * The least each service needs (DESIGN 4).
 * JetStream's own subjects are for policy, which makes every bucket and stream, and those that read a stream for console. Whoever adds to a
 * stream says it on that stream's subject and hears in its inbox that it is stored.
 */
const busPermissions: Readonly<Record<BusService, BusPermissions>> = {
  ingress: {
    publish: [
      subjects.ask,
      subjects.trust,
      subjects.tokenKeys,
      subjects.revocations,
      subjects.turnedAway,
      subjects.sighted,
      subjects.watched,
      subjects.present,
      every(subjects.relay),
      arrived('relay'),
      depart('relay'),
      hello('ingress'),
      subjects.privacyKey,
      every(subjects.records),
      every(subjects.kept),
      report('ingress'),
    ],
    subscribe: [
      subjects.changed,
      subjects.marked,
      every(subjects.ingress),
      arrived('ingress'),
      depart('ingress'),
      subjects.everyHello,
      inbox('ingress'),
    ],
    answers: false,
  },
  relay: {
    publish: [
      subjects.door,
      subjects.revocations,
      subjects.turnedAway,
      every(subjects.ingress),
      arrived('ingress'),
      depart('ingress'),
      hello('relay'),
      report('relay'),
    ],
    subscribe: [
      subjects.changed,
      subjects.present,
      every(subjects.relay),
      arrived('relay'),
      depart('relay'),
      subjects.everyHello,
      inbox('relay'),
    ],
    answers: false,
  },
  policy: {
    publish: [
      subjects.changed,
      subjects.marked,
      hello('policy'),
      report('policy'),
      '$JS.API.>',
      '$JS.ACK.>',
      '$JS.FC.>',
      auditSubject,
      ...Object.values(buckets).map((bucket) => `$KV.${bucket}.>`),
    ],
    subscribe: [
      subjects.ask,
      subjects.door,
      subjects.trust,
      subjects.tokenKeys,
      subjects.revocations,
      subjects.turnedAway,
      subjects.sighted,
      subjects.watched,
      subjects.access,
      subjects.privacyKey,
      subjects.memberIds,
      subjects.changed,
      subjects.everyHello,
      inbox('policy'),
    ],
    answers: true,
  },
  console: {
    publish: [
      subjects.access,
      subjects.privacyKey,
      subjects.memberIds,
      subjects.traffic,
      subjects.trafficMinute,
      hello('console'),
      report('console'),
      // What a client asks first: whether there is JetStream.
      '$JS.API.INFO',
      ...[streams.records, streams.kept, streams.traffic].flatMap(reading),
    ],
    subscribe: [subjects.everyReport, subjects.everyHello, inbox('console')],
    answers: false,
  },
};

/** What goes into a nats.conf. */
export interface NatsConf {
  readonly host: string;
  /** -1: any free one. */
  readonly port: number;
  readonly storeFolder: string;
  readonly passwords: Readonly<Record<BusService, string>>;
  /** The cluster it is one of; default it stands alone. */
  readonly cluster?: NatsCluster;
}

/** One server's part in a cluster. Clients are not told of the other servers: they know those they were told of by their configuration. */
export interface NatsCluster {
  /** Of this server, different from the others'. */
  readonly serverName: string;
  readonly port: number;
  /** "host:port" of the servers, this one among them. */
  readonly routes: readonly string[];
  readonly password: string;
}

/** A text in a nats.conf. Throws on what could end it early. */
function quoted(text: string): string {
  if (/["\\\r\n\0]/.test(text))
    throw new TypeError(`a path or password with quotes, backslashes or line ends cannot be written into nats.conf`);
  return `"${text}"`;
}

function list(subjectsAllowed: readonly string[]): string {
  return `[${subjectsAllowed.map(quoted).join(', ')}]`;
}

/** The configuration of a nats-server (2.9 on) for one hub: JetStream on disk, a user a service, nobody else. */
export function natsConf({ host, port, storeFolder, passwords, cluster }: NatsConf): string {
  const users = busServices.map((service) => {
    const { publish, subscribe, answers } = busPermissions[service];
    return `    {
      user: ${service}, password: ${quoted(passwords[service])}
      permissions {
        publish { allow: ${list(publish)} }
        subscribe { allow: ${list(subscribe)} }
${answers ? '        allow_responses { max: 1, expires: "1m" }\n' : ''}      }
    }`;
  });
  return `# Written by guildhall at every start: changes are lost.
host: ${quoted(host)}
port: ${port}
server_name: ${quoted(cluster?.serverName ?? 'guildhall')}
jetstream { store_dir: ${quoted(storeFolder)} }
authorization {
  users: [
${users.join(',\n')}
  ]
}
${cluster === undefined ? '' : clusterBlock(host, cluster)}`;
}

function clusterBlock(host: string, { port, routes, password }: NatsCluster): string {
  const known = routes.map((route) => quoted(`nats://route:${password}@${route}`));
  return `cluster {
  name: guildhall
  host: ${quoted(host)}
  port: ${port}
  authorization { user: route, password: ${quoted(password)} }
  routes: [${known.join(', ')}]
  no_advertise: true
}
`;
}
