import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { InputSpec } from '../../../src/runtime/inputs';
import { dataFolder, float32, int64, numbersIn as numbers, openFor } from '../../support/datasets';
import { refuses as refusesAs } from '../../support/refuses';

const { path, save, open } = dataFolder();

const features = (shape: InputSpec['shape'], name = 'x'): InputSpec => ({
  ...{ name, dtype: 'float32', shape },
});
const four = [features(['batch', 4])];

const refuses = (work: () => unknown, message: RegExp) => refusesAs(work, 'badInput', message);

test('a table without a header goes to the one input in its order', () => {
  save('plain.csv', '1,2,3,4\n5,6,7,8\n9,10,11,12');
  const data = open('plain.csv', four);
  assert.deepEqual([data.kind, data.count, data.labels([0])], ['table', 3, undefined]);
  assert.deepEqual(data.select([2, 0]).feeds['x'], float32([2, 4], [9, 10, 11, 12, 1, 2, 3, 4]));
});

test('a header names the labels wherever they stand, quotes, spaces and empty lines are no matter', () => {
  save('named.csv', '\ufeff"sepal, cm",b,Label,c,d\r\n"1", 2 ,0,3e0,4\r\n\r\n-5,6,2,7,8\r\n');
  const { feeds, labels } = open('named.csv', four).batch(0, 2);
  assert.deepEqual(numbers(feeds, 'x'), [1, 2, 3, 4, -5, 6, 7, 8]);
  assert.deepEqual(labels, [0, 2]);
});

test('NaN is for models that know what to do with it', () => {
  save('missing.csv', '1,2,3,4\n5,6,7,nan\n');
  refuses(
    () => open('missing.csv', four).batch(0, 2),
    /x in missing\.csv holds NaN; the model takes numbers/,
  );
  const { feeds } = openFor(join(path, 'missing.csv'), four, {
    folder: path,
    takesNan: true,
  }).batch(0, 2);
  assert.deepEqual(numbers(feeds, 'x'), [1, 2, 3, 4, 5, 6, 7, NaN]);
});

test('semicolons and tabs part fields as well', () => {
  save('semi.csv', 'a;b;c;d;y\n1;2;3;4;1\n');
  assert.deepEqual(open('semi.csv', four).batch(0, 1).labels, [1]);
  save('tab.csv', '1\t2\t3\t4\n');
  assert.deepEqual(numbers(open('tab.csv', four).batch(0, 1).feeds, 'x'), [1, 2, 3, 4]);
});

test('the column of labels can be told by name or place, and names are numbered', () => {
  save('iris.csv', '5.1,3.5,1.4,0.2,setosa\n7,3.2,4.7,1.4,versicolor\n5,3,1,0,setosa\n');
  const data = open('iris.csv', four, '5');
  assert.deepEqual(data.labels([0, 1, 2]), [0, 1, 0]);
  assert.match(data.assumed.join(), /alphabetical order: setosa = 0, versicolor = 1/);
  save('species.csv', 'species,a,b,c,d\n2,1,2,3,4\n');
  assert.deepEqual(open('species.csv', four, 'species').labels([0]), [2]);
  refuses(
    () => open('species.csv', four, 'kind'),
    /species\.csv has no column 'kind': it has species, a, b, c, d/,
  );
  refuses(
    () => open('iris.csv', four),
    /iris\.csv has 5 columns for x; the model takes float32 \[batch, 4\]/,
  );
});

test('several inputs take the columns of their names, or one each in their order', () => {
  const specs: InputSpec[] = [
    features(['batch', 2], 'size'),
    { name: 'count', dtype: 'int64', shape: ['batch', 1] },
    { name: 'kind', dtype: 'string', shape: ['batch', 1] },
  ];
  save(
    'inputs.csv',
    'kind,size.w,other,count,size.h,target\nbox,1.5,9,3,2.5,1\n"a ""b""",3,9,4,5,0\n',
  );
  const { feeds, labels } = open('inputs.csv', specs).batch(0, 2);
  assert.deepEqual(feeds['size'], float32([2, 2], [1.5, 2.5, 3, 5]));
  assert.deepEqual(feeds['count'], int64([2, 1], [3, 4]));
  assert.deepEqual(feeds['kind']!.data, ['box', 'a "b"']);
  assert.deepEqual(labels, [1, 0]);
  save('order.csv', '1,2\n3,4\n');
  const placed = open('order.csv', [features(['n', 1], 'a'), features(['n'], 'b')]).batch(0, 2);
  assert.deepEqual(
    [numbers(placed.feeds, 'a'), numbers(placed.feeds, 'b')],
    [
      [1, 3],
      [2, 4],
    ],
  );
  refuses(
    () => open('plain2.csv', specs),
    /plain2\.csv has no column for the input 'size' \(float32 \[batch, 2\]\); it has a, count, kind/,
  );
});
save('plain2.csv', 'a,count,kind\n1,2,b\n');

test('rows become the shape that the model takes', () => {
  save('six.csv', '1,2,3,4,5,6\n7,8,9,10,11,12\n');
  const shapeOf = (shape: InputSpec['shape']) =>
    open('six.csv', [features(shape)]).batch(0, 2).feeds['x']!.shape;
  assert.deepEqual(shapeOf(['n', 2, 3]), [2, 2, 3]);
  assert.deepEqual(shapeOf(['n', 'time', 3]), [2, 2, 3]);
  assert.deepEqual(shapeOf([2, 6]), [2, 6]);
  assert.deepEqual(shapeOf([6]), [6], 'an input without an axis for samples');
  refuses(() => open('six.csv', [features(['n', 4])]), /has 6 columns for x/);
  refuses(() => open('six.csv', [features([3, 6])]), /has 2 samples; the model takes 3 at once/);
});

test('what is wrong is told with its line and column', () => {
  save('text.csv', 'a,b,c,d\n1,2,3,4\n5,6,abc,8\n');
  const second = (name: string, specs = four) => open(name, specs).select([1]);
  refuses(
    () => second('text.csv'),
    /Line 3 of text\.csv: column 'c' holds 'abc'; a number is expected/,
  );
  save('gap.csv', '1,2,3,4\n1,,3,4\n');
  refuses(() => second('gap.csv'), /Line 2 of gap\.csv: column 2 is empty; a number is expected/);
  save('ragged.csv', 'a,b,c,d\n1,2,3,4\n"5\n6",7\n');
  refuses(() => second('ragged.csv'), /Line 3 of ragged\.csv has 2 fields; the first line has 4/);
  save('half.csv', '1,2,3,4\n1,2,3.5,4\n');
  refuses(
    () => second('half.csv', [{ ...features(['n', 4]), dtype: 'int64' }]),
    /Line 2 of half\.csv: column 3 holds '3\.5'; a whole number is expected/,
  );
  save('open.csv', '1,2,3,4\n1,"2,3,4\n1,2,3,4\n');
  refuses(() => open('open.csv', four), /Line 2 of open\.csv has a quote that is not closed/);
  save('inside.csv', '1,2,3,4\n1,2"x",3,4\n');
  refuses(() => second('inside.csv'), /Line 2 of inside\.csv has a quote inside a field/);
  save('twice.csv', 'a,b,a,d\n1,2,3,4\n');
  refuses(() => open('twice.csv', four), /two columns of the name 'a'/);
  save('empty.csv', '\n\n');
  refuses(() => open('empty.csv', four), /empty\.csv has no lines/);
  save('header.csv', 'a,b,c,d\n');
  refuses(() => open('header.csv', four), /no lines below its header/);
  save('utf16.csv', Buffer.from('\ufeff1,2,3,4', 'utf16le'));
  refuses(() => open('utf16.csv', four), /utf16\.csv is UTF-16; save it as UTF-8/);
});

test('labels that are missing for some are told with their line', () => {
  save('some.csv', 'a,b,c,d,label\n1,2,3,4,0\n1,2,3,4,\n');
  refuses(() => open('some.csv', four).batch(0, 2), /Line 3 of some\.csv has no label/);
});
