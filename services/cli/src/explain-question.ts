import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { Fault } from '@guildhall/chassis/fault';
import { AdminServiceClient, type ExplainRequest, type ExplainResponse } from '@guildhall/proto/gen/guildhall/admin/v1/admin';

const patience = 5000;

/** What to do about a question that policy did not take, by which part of it the sentence is about. */
function cureOf(sentence: string): string {
  if (/^method /.test(sentence)) return 'write a SIP method, such as MESSAGE, SUBSCRIBE or INVITE';
  if (/^event /.test(sentence)) return 'write an event package, such as presence';
  return 'name both by member id, domain or SIP URI; the community file lists the members';
}

function faultOf(error: ServiceError, address: string): Fault {
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return new Fault('policy-unreachable', `policy at ${address} does not answer`, {
        cure: 'check that the hub runs (guildhall up) and that the address is that of its gRPC',
        cause: error,
      });
    case status.INVALID_ARGUMENT:
    case status.NOT_FOUND:
      return new Fault('not-explained', error.details, { cure: cureOf(error.details), exitCode: 2, cause: error });
    default:
      return new Fault('policy-failed', `policy at ${address} answered: ${error.details}`, {
        cure: 'look at the log of policy',
        cause: error,
      });
  }
}

/** Asks a policy's admin API at "host:port" (plain, loopback). Throws a Fault. */
export function askExplain(address: string, request: ExplainRequest): Promise<ExplainResponse> {
  const client = new AdminServiceClient(address, credentials.createInsecure());
  return new Promise<ExplainResponse>((resolve, reject) => {
    const deadline = new Date(Date.now() + patience);
    client.waitForReady(deadline, (notReady) => {
      if (notReady !== undefined) {
        reject(
          new Fault('policy-unreachable', `policy at ${address} cannot be reached`, {
            cure: 'check that the hub runs (guildhall up) and that the address is that of its gRPC',
            cause: notReady,
          }),
        );
        return;
      }
      client.explain(request, (error, answer) => (error === null ? resolve(answer) : reject(faultOf(error, address))));
    });
  }).finally(() => client.close());
}
