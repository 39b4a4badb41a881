/** The DER of each PEM block with one of these labels (RFC 7468), in order. What is outside of blocks, or in blocks of other labels, is not looked at. */
export function pemBlocks(text: string, ...labels: readonly string[]): Buffer[] {
  const found: Buffer[] = [];
  for (const [, label = '', body = ''] of text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g)) {
    if (labels.includes(label)) found.push(Buffer.from(body, 'base64'));
  }
  return found;
}

/** DER as a PEM block in lines of 64 characters, with a final line end, so that blocks can be put one after the other. */
export function pemOf(label: string, der: ArrayBuffer | Uint8Array): string {
  const bytes = der instanceof Uint8Array ? Buffer.from(der.buffer, der.byteOffset, der.byteLength) : Buffer.from(der);
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
