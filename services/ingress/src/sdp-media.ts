/** More different kinds than this are no session of anybody's. */
const mostKinds = 16;
const kindShape = /^[a-z0-9-]{1,32}$/;
/** What some take for the end of a line, or for a line of media, and others not. */
const ambiguous = /\r(?!\n|$(?![\s\S]))|\0|^(?:M|[ \t]+[mM])[ \t]*=/m;

/**
 * Kinds of media that a session description offers (RFC 4566 5.14), lower case: "audio", "video", "message". A stream with port 0 is switched off
 * (RFC 3264 5.1) unless it is bundled with another (RFC 8843 6). Undefined where that cannot be told. Linear in the text.
 */
export function offeredMedia(sdp: string): readonly string[] | undefined {
  // In an encoding that nobody told of it does not begin like one.
  if (!sdp.startsWith('v=0') || ambiguous.test(sdp)) return undefined;
  const kinds = new Set<string>();
  let off = '';
  for (const line of sdp.split('\n')) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text.startsWith('m=')) {
      const [kind = '', port = ''] = text.slice(2).toLowerCase().split(' ', 2);
      if (!kindShape.test(kind)) return undefined;
      off = /^0+(?:\/|$)/.test(port) ? kind : '';
      if (off === '') kinds.add(kind);
    } else if (off !== '' && text.trimEnd() === 'a=bundle-only') {
      kinds.add(off);
    }
    if (kinds.size > mostKinds) return undefined;
  }
  return [...kinds];
}
