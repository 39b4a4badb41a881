import type { InstanceReport } from '@guildhall/proto/gen/guildhall/bus/v1/report';
import { helloServices, subjects } from '@guildhall/proto/subjects';
import type { Bus } from './bus.js';
import { readReport } from './read-report.js';

/**
 * Hears every part of every instance's reports, each believed only of the service on whose subject it comes; `dropped` is called for one that
 * is not believed. Returns how to stop.
 */
export function followReports(bus: Pick<Bus, 'subscribe'>, heard: (report: InstanceReport) => void, dropped: () => void): () => void {
  const stops = helloServices.map((service) =>
    bus.subscribe(subjects.reports(service), (payload) => {
      const report = readReport(service, payload);
      if (report === undefined) dropped();
      else heard(report);
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
