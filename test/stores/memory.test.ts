/** The memory store keeps the contract of stores. */
import { openMemoryStore } from '../../gateway/stores/memory.ts';
import { describeStore } from './contract.ts';

describeStore('memory', async () => openMemoryStore());
