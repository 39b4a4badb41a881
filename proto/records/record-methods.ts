/** Methods that records and figures tell by name; every other one is the last. */
export const recordMethods = [
  'MESSAGE',
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'SUBSCRIBE',
  'NOTIFY',
  'PUBLISH',
  'OPTIONS',
  'INFO',
  'REFER',
  'UPDATE',
  'PRACK',
  'REGISTER',
  'other',
] as const;
