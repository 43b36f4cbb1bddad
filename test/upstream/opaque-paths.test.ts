import { describe, expect, test } from '@jest/globals';
import { opaqueRouteOf } from '../../gateway/upstream/opaque-paths.ts';

describe('what is opaque', () => {
  const routes = [
    { paths: ['/content/*', '/exact'] },
    { paths: ['/other/*', '/*/img/*.gif'], hosts: ['b.example', '*.c.example'] },
  ];
  test.each([
    ['/content/1?x=/../', 'a.example', '', true],
    ['/exact', 'a.example', 'image/png', true],
    ['/other/1', 'B.example:80', '', true],
    ['/other/1', 'a.example', '', false],
    ['/other/1', 'x.c.example', '', true],
    ['/other/1', 'c.example', '', false],
    ['/a/img/b.gif', 'b.example', '', true],
    ['/img/b.gif', 'b.example', '', false],
    ['/a/img/b.png', 'b.example', '', false],
    ['/exact/', 'a.example', '', false],
    ['/imps', 'a.example', '', false],
    ['/content/../imps', 'a.example', '', false],
    ['/content/x/%2e%2E/imps', 'a.example', '', false],
    ['/content/.', 'a.example', '', false],
    ['/content/..%2fimps', 'a.example', '', false],
    ['/content/..\\imps', 'a.example', '', false],
    ['/content//imps', 'a.example', '', false],
    ['/content/1', 'a.example', 'application/vnd.wv.csp.xml', false],
    ['/content/1', 'a.example', ' Application/VND.wv.csp+wbxml; charset=x', false],
    ['/content/1', 'a.example', 'application/vnd.wv.csp.wbxml', false],
  ])('%s at %s with %j: %j', (target, host, contentType, isOpaque) => {
    expect(opaqueRouteOf(routes, target, host, contentType) !== undefined).toBe(isOpaque);
  });
});
