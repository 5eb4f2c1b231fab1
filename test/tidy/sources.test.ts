import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareCode, withoutComments } from './sources.ts';

const cases: readonly [title: string, code: string, expected: string][] = [
  ['a line comment goes', 'a; // b\nc', 'a; \nc'],
  ['a block comment goes, its lines stay', 'a /* b\n c */ d', 'a \n d'],
  ['a comment mark in a string stays', "a('http://b') // c", "a('http://b') "],
  ['a quote in a comment opens no string', "// it's\nb('c')", "\nb('c')"],
  ['a comment mark in a pattern stays', 'x = /a\\/\\/b/; // c', 'x = /a\\/\\/b/; '],
  ['a quote in a pattern opens no string', "x(/['\"]/) // it's", 'x(/[\'"]/) '],
  ['a slash in a class of a pattern does not end it', 'x(/[/]/) // c', 'x(/[/]/) '],
  ['a division is no pattern', 'a / b // c / d', 'a / b '],
  ['a template stays', 'a(`b // c`) // d', 'a(`b // c`) '],
];
for (const [title, code, expected] of cases) {
  test(title, () => assert.equal(withoutComments(code), expected));
}

test('bare code has no comments and no text', () => {
  assert.equal(bareCode('a(\'503\', `502`, "504") // 500'), "a('', '', '') ");
});
