import { actionOf } from '../../src/actions/index';
import { testEveryModel } from './everyModel';

testEveryModel('study and preparation from data', (name) => {
  const { group, data } = actionOf(name);
  return group === 'study' || (group === 'prepare' && data !== 'none');
});
