import type { CommunityFile, CommunityMember } from '@guildhall/proto/community/schema';
import type { Hub } from '../hub/hub.js';
import type { StateFolder } from '../hub/state-folder.js';
import { styled } from '../world.js';
import { labelOf, reasonOf } from './ladder.js';
import { sampleIdentity } from './sample.js';
import { type SampleMember, startSampleMember } from './sample-member.js';

/** Two sample members that talk through the hub until they are closed. */
export interface Chat {
  /** Says nothing more, but still answers. */
  hush(): void;
  close(): Promise<void>;
}

const betweenLines = 4000;

/** What is said: each line is by the other one. */
const script = [
  'Good morning from the mill.',
  'Good morning! How is the furnace?',
  'Hot. Your rivets go out today.',
  'Splendid, we are down to the last crate.',
  'Same dock as last time?',
  'Same dock. Ask for Ida.',
];

/** Splits "host:port" at the last colon; an IPv6 address loses its brackets. Without a colon there is no host. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** The first two members that could talk: active, with a proxy of their own on this machine. */
export function chattingPair(community: CommunityFile): readonly [CommunityMember, CommunityMember] | undefined {
  const here = (member: CommunityMember) => /^(127\.|localhost$|::1$|\[::1\]$)/.test(member.proxies[0]?.host ?? '');
  const [left, right] = community.members.filter((member) => member.status === 'active' && here(member));
  return left === undefined || right === undefined ? undefined : [left, right];
}

/** Starts a sample member of the community, with the certificate of the state folder. Rejects when its proxy's port is taken. */
export function startCommunityMember(member: CommunityMember, hub: Hub, hubDomain: string, state: StateFolder): Promise<SampleMember> {
  const proxy = member.proxies[0];
  return startSampleMember({
    id: member.id,
    domain: member.domains[0] ?? '',
    ...sampleIdentity(state, member.id),
    ...(proxy === undefined ? {} : { listen: { host: proxy.host, port: proxy.port } }),
    hub: { ...splitAddress(hub.listeners[0]?.address ?? ''), name: hubDomain },
  });
}

/** Starts the pair and lets it talk; `show` takes one line a message with how it went. */
export async function startChat(
  pair: readonly [CommunityMember, CommunityMember],
  hub: Hub,
  hubDomain: string,
  state: StateFolder,
  { show, color }: { show: (line: string) => void; color: boolean },
): Promise<Chat> {
  const left = await startCommunityMember(pair[0], hub, hubDomain, state);
  let right: SampleMember;
  try {
    right = await startCommunityMember(pair[1], hub, hubDomain, state);
  } catch (thrown) {
    await left.close();
    throw thrown;
  }
  let turn = 0;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  async function sayNext(): Promise<void> {
    const [from, to] = turn % 2 === 0 ? [left, right] : [right, left];
    const text = script[turn % script.length] ?? '';
    turn += 1;
    const { final, failure, took } = await from.send({ method: 'MESSAGE', uri: `sip:${to.id}@${to.domain}`, body: text });
    if (closed) return;
    const good = final !== undefined && final.status < 300;
    const answer = final === undefined ? (failure ?? '') : `${labelOf(final)}${good ? '' : ` ${reasonOf(final)}`}`;
    const outcome = styled(answer, good ? 'green' : 'red', color);
    show(`${from.id} ──MESSAGE──▶ hub ──▶ ${to.id}  ${outcome}  ${took.toFixed(1)} ms  "${text}"`);
    timer = setTimeout(sayNext, betweenLines);
  }

  void sayNext();
  function hush(): void {
    closed = true;
    clearTimeout(timer);
  }

  return {
    hush,
    async close() {
      hush();
      await Promise.all([left.close(), right.close()]);
    },
  };
}
