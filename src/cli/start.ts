import { main } from './main';

// The exit code is set and the process left to end by itself: what is still on its way to a pipe arrives.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
