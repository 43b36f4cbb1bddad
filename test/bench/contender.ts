/** What every proxy of the benchmark is to it. */
import type { ChildProcess } from 'node:child_process';

export interface Contender {
  readonly name: string;
  /** Whether it judges each message by session and primitive; the others pass everything on. */
  readonly inspects: boolean;
  /** Whether its runtime compiles what runs often: then it gets the long warm-up. */
  readonly compilesHotCode: boolean;
  /** What is not installed; undefined when it can run. */
  missing(): string | undefined;
  /** Starts it, with one process or thread that serves, in front of the VASP at this port of the loopback. */
  start(vaspPort: number): Promise<RunningContender>;
}

export interface RunningContender {
  readonly port: number;
  /** What it costs is counted over this process and its children. */
  readonly child: ChildProcess;
}
