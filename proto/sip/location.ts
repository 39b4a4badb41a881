/**
 * How a domain's SIP servers over TLS are found by DNS (RFC 3263 4.1): the service of NAPTR records, the prefixes of SRV records, the preferred
 * first, and the port where there are neither. `_sipfederationtls._tcp` is what Microsoft's servers publish for federation.
 */
export const sipOverTls = {
  pointer: 'SIPS+D2T',
  services: ['_sips._tcp', '_sipfederationtls._tcp'],
  port: 5061,
} as const;
