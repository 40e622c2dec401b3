/* eslint-disable @typescript-eslint/no-require-imports -- Data is opened in one go, and each of these takes milliseconds to load that most
   calls of the engine never need: the bundler runs what is required inside a function when the function is called. */
import type * as Tokenizers from '@huggingface/tokenizers';
import type * as Csv from 'csv-parse/sync';
import type * as Png from 'fast-png';
import type * as Jpeg from 'jpeg-js';

/** Hugging Face's tokenizers. */
export const loadTokenizers = () => require('@huggingface/tokenizers') as typeof Tokenizers;

/** The decoder of PNG. */
export const loadPng = () => require('fast-png') as typeof Png;

/** The decoder of JPEG. */
export const loadJpeg = () => require('jpeg-js') as typeof Jpeg;

/** The parser of CSV. */
export const loadCsv = () => require('csv-parse/sync') as typeof Csv;
