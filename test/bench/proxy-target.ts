/** What a proxy under measurement tells the benchmark: its port once, and its processor time whenever it is asked. */

export interface TargetReady {
  readonly port: number;
}

/** Processor time used so far, user and system together. */
export interface TargetUsage {
  readonly cpuSeconds: number;
}

export function serveMeasurements(port: number): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const usage: TargetUsage = { cpuSeconds: (user + system) / 1_000_000 };
    process.send?.(usage);
  });
  process.on('disconnect', () => process.exit(0));
  const ready: TargetReady = { port };
  process.send?.(ready);
}
