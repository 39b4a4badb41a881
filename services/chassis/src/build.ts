import { createRequire } from 'node:module';

/** The version of this hub's packages, all of which carry the same; "unknown" in a bundle that left package.json behind. */
export function buildVersion(): string {
  try {
    const manifest: unknown = createRequire(import.meta.url)('../package.json');
    if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  } catch {
    // Falls through: a missing manifest is no reason not to serve.
  }
  return 'unknown';
}
