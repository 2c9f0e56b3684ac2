// What the operating system refuses becomes an error that says what to do; everything else stays what it is.
import { expect } from 'chai';
import { EngineError } from '../../engine/base/errors.ts';
import { systemError } from '../../engine/store/system-error.ts';

const refused = (code: string): Error =>
  Object.assign(new Error(`${code}: said by the system, write`), { code, syscall: 'write' });

describe('errors of the operating system', () => {
  it('tells a full disk, also a full quota, from a place that cannot be used', () => {
    for (const [code, expected] of [
      ['ENOSPC', 'store_full'],
      ['EDQUOT', 'store_full'],
      ['EROFS', 'store_failed'],
      ['EACCES', 'store_failed'],
    ] as const) {
      const error = systemError(refused(code), '/state') as EngineError;
      expect(error.code).to.equal(expected);
      expect(error.message).to.include('/state').and.include(code);
      expect(error.next).to.include('give the same command again');
    }
  });

  it('leaves a fault of the program alone, and what was judged before', () => {
    const fault = new TypeError('x is undefined');
    expect(systemError(fault, '/state')).to.equal(fault);
    const judged = new EngineError('store_locked', 'taken', 'wait');
    expect(systemError(judged, '/state')).to.equal(judged);
  });
});
