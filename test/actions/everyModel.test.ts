import { actionOf } from '../../src/actions/index';
import { testEveryModel } from './everyModel';

testEveryModel('way of quantizing', (name) => actionOf(name).group === 'quantize');
