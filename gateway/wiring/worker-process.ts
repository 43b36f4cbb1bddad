/** The program of a worker process: see `worker.ts`. */
import { runWorker } from './worker.ts';

runWorker();
