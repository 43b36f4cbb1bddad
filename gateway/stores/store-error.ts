/** What a store fails with, under the name that stores know it by. */
export { StoreWriteError } from '../errors.ts';
