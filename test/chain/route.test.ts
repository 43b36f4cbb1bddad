/** Which VASP a message belongs to: hosts before none, exact names before wildcards, long paths before short ones [X1]. */
import { expect, test } from '@jest/globals';
import { routeOf } from '../../gateway/chain/route.ts';

const ROUTES = [
  { name: 'all', paths: ['/'], hosts: [] },
  { name: 'imps', paths: ['/imps', '/im/v1/'], hosts: [] },
  { name: 'wide', paths: ['/'], hosts: ['*.example'] },
  { name: 'below', paths: ['/'], hosts: ['*.im.example'] },
  { name: 'exact', paths: ['/imps'], hosts: ['a.im.example'] },
  { name: 'v6', paths: ['/'], hosts: ['[::1]'] },
];

test.each([
  ['/imps', 'other.net', 'imps'],
  ['/imps/', 'other.net', 'imps'],
  ['/imps?x=/y', 'other.net', 'imps'],
  ['/imps/deeper', 'other.net:8080', 'imps'],
  ['/impsy', 'other.net', 'all'],
  ['/IMPS', 'other.net', 'all'],
  ['/im/v1/x', 'other.net', 'imps'],
  ['/imps', 'b.im.example', 'below'],
  ['/x', 'B.IM.Example:81', 'below'],
  ['/imps', 'a.im.example', 'exact'],
  ['/imps', 'A.im.example.', 'exact'],
  ['/x', 'a.im.example', 'below'],
  ['/x', 'im.example', 'wide'],
  ['/x', 'example', 'all'],
  ['/x', 'evilim.example', 'wide'],
  ['/x', '[::1]:8080', 'v6'],
  ['/x', '', 'all'],
  // What could name another path to the VASP than it names here goes by what it says here, byte for byte.
  ['/x/../imps', 'other.net', 'all'],
  ['/imps/../x', 'other.net', 'imps'],
  ['/%69mps', 'other.net', 'all'],
  ['/imps%2fx', 'other.net', 'all'],
  ['//imps', 'other.net', 'all'],
])('%s at %s belongs to %s', (target, host, name) => {
  expect(routeOf(ROUTES, target, host)?.name).toBe(name);
  expect(routeOf(ROUTES.toReversed(), target, host)?.name).toBe(name);
});

test('nothing fits: no route', () => {
  expect(routeOf([{ paths: ['/imps'], hosts: ['a.example'] }], '/imps', 'b.example')).toBeUndefined();
});
