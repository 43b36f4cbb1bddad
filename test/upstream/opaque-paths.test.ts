import { describe, expect, test } from '@jest/globals';
import { opaqueRouteOf } from '../../gateway/upstream/opaque-paths.ts';

describe('what is opaque', () => {
  const routes = [{ paths: ['/content/*', '/exact'] }, { paths: ['/other/*'], hosts: ['b.example'] }];
  test.each([
    ['/content/1?x=/../', 'a.example', '', true],
    ['/exact', 'a.example', 'image/png', true],
    ['/other/1', 'B.example:80', '', true],
    ['/other/1', 'a.example', '', false],
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
