/** What object identifiers of extended key usages are called (RFC 5280 4.2.1.12, RFC 5924, RFC 6960). */
const names: ReadonlyMap<string, string> = new Map([
  ['1.3.6.1.5.5.7.3.1', 'serverAuth'],
  ['1.3.6.1.5.5.7.3.2', 'clientAuth'],
  ['1.3.6.1.5.5.7.3.3', 'codeSigning'],
  ['1.3.6.1.5.5.7.3.4', 'emailProtection'],
  ['1.3.6.1.5.5.7.3.8', 'timeStamping'],
  ['1.3.6.1.5.5.7.3.9', 'OCSPSigning'],
  ['1.3.6.1.5.5.7.3.17', 'ipsecIKE'],
  ['1.3.6.1.5.5.7.3.20', 'sipDomain'],
  ['1.3.6.1.4.1.311.10.3.3', 'msSGC'],
  ['1.3.6.1.4.1.311.20.2.2', 'msSmartcardLogin'],
  ['2.16.840.1.113730.4.1', 'nsSGC'],
  ['2.5.29.37.0', 'any'],
]);

/** Extended key usages by name, those nobody named as their object identifier. */
export function usageNames(identifiers: readonly string[]): readonly string[] {
  return identifiers.map((identifier) => names.get(identifier) ?? identifier);
}
